"""Invariants."""

from ..system import Monitor

MONITORS: tuple[Monitor, ...] = ()
