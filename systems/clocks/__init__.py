"""Clocks: logical ones with causal broadcast, and real ones that are kept together (Cristian, Berkeley)."""

from .systems import berkeley, causal_broadcast, cristian

__all__ = ["berkeley", "causal_broadcast", "cristian"]
