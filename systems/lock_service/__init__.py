"""Locks with leases and fencing tokens on the versioned store, and a resource that they guard."""

from .system import system

__all__ = ["system"]
