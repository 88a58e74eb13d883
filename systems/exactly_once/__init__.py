"""A server that carries out every request exactly once, over a network that loses, repeats and reorders."""

from .system import system

__all__ = ["system"]
