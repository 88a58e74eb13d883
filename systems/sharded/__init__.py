"""A sharded key-value store: a shard master, and replica groups among which shards move."""

from .system import on_raft, system

__all__ = ["on_raft", "system"]
