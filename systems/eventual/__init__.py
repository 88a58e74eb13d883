"""Highly available stores: last writer wins, siblings, causal consistency, and read-committed transactions."""

from .systems import causal, lww, read_committed, siblings

__all__ = ["causal", "lww", "read_committed", "siblings"]
