"""Splitbrain: a linearizability checker and fault-injection test bench for distributed systems."""

__version__ = "0.1.0"
