"""A simulated Paxos store that a test steps through, and what its logs must be like."""

from collections.abc import Iterable
from typing import Any

from cluster import MS, SECOND, Cluster

from splitbrain.histories.operation import Value
from splitbrain.systems.paxos import system
from splitbrain.systems.paxos.replica import PaxosReplica, Status
from splitbrain.systems.paxos.server import Server
from splitbrain.systems.storage import Disk

__all__ = ["MS", "SECOND", "PaxosCluster"]


class PaxosCluster(Cluster):
    """Servers s1, s2, … with a leader, and their clients."""

    def __init__(self, seed: int = 1, servers: int = 5, clients: int = 2, **options: Any) -> None:
        super().__init__(system, seed, servers, clients, **{"settle": 1000, **options})
        self.names = [f"s{number}" for number in range(1, servers + 1)]

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

    def part(self, *sides: Iterable[str]) -> list[int]:
        """Cut the servers into sides that do not hear each other; the faults. Clients reach everybody."""
        smaller = sorted((sorted(side) for side in sides), key=len)[:-1]
        return [self.inject("partition", ",".join(side), shape="isolate") for side in smaller]

    def mend(self, units: Iterable[int]) -> None:
        for unit in units:
            self.undo(unit)

    def lose_disk(self, name: str) -> int:
        """Kill a server and take its disk; the fault, whose end starts it again with nothing."""
        unit = self.inject("kill", name)
        self.sim._hosts[name].disk = Disk()
        return unit

    def answered(self, operations: Iterable[int]) -> list[bool]:
        return [operation in self.answers for operation in operations]

    def outputs(self, operations: Iterable[int]) -> list[Value]:
        return [self.answers[operation].output for operation in operations]

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

    def keep_asking(self, ms: float, threads: int, every: float = 10, disturb: Any = None) -> float:
        """Have each client append to a key of its own again and again; the longest that one waited (milliseconds).

        `disturb(step)` is called every `every` milliseconds.
        """
        pending: dict[int, tuple[int, int]] = {}
        counters = dict.fromkeys(range(threads), 0)
        longest = 0
        for step in range(int(ms / every)):
            if disturb is not None:
                disturb(step)
            for thread in range(threads):
                operation, begun = pending.get(thread, (-1, 0))
                if operation < 0 or operation in self.answers:
                    piece = f"{counters[thread]} "
                    pending[thread] = (self.invoke("append", piece, f"k{thread}", thread), self.sim.now)
                    counters[thread] += 1
                else:
                    longest = max(longest, self.sim.now - begun)
            self.run(every)
        for thread, (operation, _) in pending.items():
            self.run(10_000, until=operation)
            assert self.answers[operation].output == "".join(f"{number} " for number in range(counters[thread]))
        return longest / MS
