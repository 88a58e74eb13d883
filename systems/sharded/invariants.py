"""Monitors."""

MONITORS = ()
