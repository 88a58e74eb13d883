"""Two-phase commit: a bank whose accounts are on several servers, and whose transfers happen on all of them or none."""

from .system import system

__all__ = ["system"]
