"""A key-value server whose puts name the version that they replace."""

from .system import system

__all__ = ["system"]
