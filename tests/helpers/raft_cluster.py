"""A simulated Raft store that a test steps through."""

from collections.abc import Iterable
from typing import Any

from replicated_cluster import MS, SECOND, ReplicatedCluster

from splitbrain.systems.raft import system
from splitbrain.systems.raft.replica import RaftReplica
from splitbrain.systems.raft.server import Server

__all__ = ["MS", "SECOND", "RaftCluster"]


class RaftCluster(ReplicatedCluster):
    """Servers s1, s2, … with a leader, and their clients."""

    def __init__(self, seed: int = 1, servers: int = 5, clients: int = 2, **options: Any) -> None:
        super().__init__(system, seed, servers, clients, **options)

    def replica(self, name: str) -> RaftReplica:
        """The replica in a server that is up."""
        node = self.sim.nodes[name]
        assert isinstance(node, Server)
        return node.replica

    @property
    def leader(self) -> str:
        """Who leads, in the latest term if an older leader does not know better."""
        leaders = [name for name, role in self.sim.roles().items() if role == "leader"]
        return max(leaders, key=lambda name: self.replica(name).term)

    @property
    def others(self) -> list[str]:
        """The servers that do not lead."""
        return [name for name in self.names if name != self.leader]

    def kill(self, names: Iterable[str]) -> list[int]:
        """Kill servers; the faults, whose end starts them again."""
        return [self.inject("kill", name) for name in names]

    def logs(self) -> set[tuple[int, int, int]]:
        """Last index, its term, and what is committed, of all servers that are up."""
        replicas = [self.replica(name) for name in self.sim.roles()]
        return {(replica.log.last, replica.log.last_term, replica.commit) for replica in replicas}

    def settle(self) -> None:
        """Have all servers agree on everything."""
        self.ask("put", "settled", key="settled")
        self.run(500)
        assert len(self.logs()) == 1
