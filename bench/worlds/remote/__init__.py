"""Servers as processes of other machines, which are reached over SSH."""
