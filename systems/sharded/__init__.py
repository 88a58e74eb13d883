"""A sharded key-value store: a shard master, and replica groups among which shards move."""

from .system import system

__all__ = ["system"]
