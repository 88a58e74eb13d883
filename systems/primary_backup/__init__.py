"""A primary-backup key-value store under a view service."""

from .system import system

__all__ = ["system"]
