"""Highly available stores: last writer wins, siblings, and causal consistency."""

from .systems import causal, lww, siblings

__all__ = ["causal", "lww", "siblings"]
