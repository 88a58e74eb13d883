"""Databases that people run: one module each, on the protocol of systems/database.py."""
