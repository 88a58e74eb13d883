"""Linearizability: whether every operation can be given one moment between its invocation and its completion."""

from .checker import linearizable

__all__ = ["linearizable"]
