"""A simulated Paxos store that a test steps through, and what its logs must be like."""

from typing import Any

from replicated_cluster import MS, SECOND, ReplicatedCluster

from splitbrain.systems.paxos import system
from splitbrain.systems.paxos.replica import PaxosReplica, Status
from splitbrain.systems.paxos.server import Server

__all__ = ["MS", "SECOND", "PaxosCluster"]


class PaxosCluster(ReplicatedCluster):
    """Servers s1, s2, … with a leader, and their clients."""

    def __init__(self, seed: int = 1, servers: int = 5, clients: int = 2, **options: Any) -> None:
        super().__init__(system, seed, servers, clients, **options)

    def replica(self, name: str) -> PaxosReplica:
        """The replica in a server that is up."""
        node = self.sim.nodes[name]
        assert isinstance(node, Server)
        return node.replica

    @property
    def leader(self) -> str:
        """Who leads, in the highest ballot if an older leader does not know better."""
        leaders = [name for name, role in self.sim.roles().items() if role == "leader"]
        return max(leaders, key=lambda name: self.replica(name).ballot)

    def lose_disk(self, name: str) -> int:
        """Kill a server and take its disk; the fault, whose end starts it again with nothing."""
        return self.inject("disk.loss", name)

    def check_logs(self) -> None:
        """Slot by slot: one value, and what is chosen or cleared anywhere a majority knows of (dslabs' invariants)."""
        replicas = [self.replica(name) for name in self.sim.roles()]
        most = len(self.names) // 2 + 1
        for slot in range(1, max(replica.executed for replica in replicas) + 1):
            known = [replica.status(slot) for replica in replicas]
            values = {replica.chosen[slot] for replica in replicas if slot in replica.chosen}
            assert len(values) <= 1, f"slot {slot}: {values}"
            if Status.CHOSEN in known or Status.CLEARED in known:
                assert sum(status is not Status.EMPTY for status in known) >= most, f"slot {slot}: {known}"
