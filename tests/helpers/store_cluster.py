"""A simulated primary-backup store that a test steps through."""

from typing import Any

from cluster import MS, SECOND, Cluster

from splitbrain.systems.primary_backup import system

__all__ = ["MS", "SECOND", "StoreCluster"]


class StoreCluster(Cluster):
    """Servers s1, s2, … and their clients, with a primary and a backup in place."""

    def __init__(self, seed: int = 1, servers: int = 3, clients: int = 2, **options: Any) -> None:
        super().__init__(system, seed, servers, clients, **options)
