"""Transactions on the sharded store: two-phase commit among its replica groups."""

from .system import on_raft, system

__all__ = ["on_raft", "system"]
