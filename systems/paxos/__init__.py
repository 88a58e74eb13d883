"""Paxos: single-decree, a replicated log of many decrees, and a key-value store on it."""

from .system import system

__all__ = ["system"]
