"""Databases: programs that people run, as servers on this machine."""
