"""Gossip: broadcast, sets and counters that merge, unique ids, and a log like Kafka's."""

from .systems import broadcast, counters, kafka, unique_ids

__all__ = ["broadcast", "counters", "kafka", "unique_ids"]
