"""Raft: a log that servers agree on by following a leader, and a key-value store on it."""

from .system import system

__all__ = ["system"]
