"""A simulated store on a replicated log that a test steps through."""

from collections.abc import Callable, Iterable
from typing import Any

from cluster import MS, SECOND, Cluster

from splitbrain.histories.operation import Value
from splitbrain.systems.system import System

__all__ = ["MS", "SECOND", "ReplicatedCluster"]


class ReplicatedCluster(Cluster):
    """Servers s1, s2, … and their clients, after a second in which a leader is found."""

    def __init__(self, system: System, seed: int = 1, servers: int = 5, clients: int = 2, **options: Any) -> None:
        super().__init__(system, seed, servers, clients, **{"settle": 1000, **options})
        self.names = [f"s{number}" for number in range(1, servers + 1)]

    def part(self, *sides: Iterable[str]) -> list[int]:
        """Cut the servers into sides that do not hear each other; the faults. Clients reach everybody."""
        smaller = sorted((sorted(side) for side in sides), key=len)[:-1]
        return [self.inject("partition", ",".join(side), shape="isolate") for side in smaller]

    def mend(self, units: Iterable[int]) -> None:
        for unit in units:
            self.undo(unit)

    def answered(self, operations: Iterable[int]) -> list[bool]:
        return [operation in self.answers for operation in operations]

    def outputs(self, operations: Iterable[int]) -> list[Value]:
        return [self.answers[operation].output for operation in operations]

    def keep_asking(
        self, ms: float, threads: int, every: float = 10, disturb: Callable[[int], None] | None = None
    ) -> float:
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
