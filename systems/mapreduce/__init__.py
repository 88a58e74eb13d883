"""MapReduce: jobs on texts, divided among workers that may crash, stall or be slow."""

from .system import system

__all__ = ["system"]
