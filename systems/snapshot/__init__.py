"""Distributed snapshots of nodes that pass tokens to each other."""

from .system import system

__all__ = ["system"]
