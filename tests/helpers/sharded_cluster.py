"""A simulated sharded store that a test steps through."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from cluster import MS, SECOND, Cluster

from splitbrain.histories.operation import Value
from splitbrain.systems.sharded import system
from splitbrain.systems.sharded.configuration import Configuration, shard_of
from splitbrain.systems.sharded.logs import executed
from splitbrain.systems.sharded.master import MasterServer, ShardMaster
from splitbrain.systems.sharded.messages import NEWEST
from splitbrain.systems.sharded.server import GroupServer
from splitbrain.systems.sharded.store import ShardStore
from splitbrain.systems.system import System

__all__ = ["GROUPS", "KEYS", "MS", "SECOND", "ShardedCluster"]

GROUPS = {group: [f"{group}s{number}" for number in (1, 2, 3)] for group in ("g1", "g2", "g3")}
KEYS = [f"key{number}" for number in range(30)]


class ShardedCluster(Cluster):
    """A master of three and three groups of three, of which g1 and g2 have joined, and their clients."""

    def __init__(self, seed: int = 1, clients: int = 2, system: System = system, **options: Any) -> None:
        super().__init__(system, seed, 3, clients, **{"settle": 1500, **options})

    @property
    def master(self) -> ShardMaster:
        """The state of the server of the master that has decided most."""
        nodes = [node.master for node in self.sim.nodes.values() if isinstance(node, MasterServer)]
        return max(nodes, key=lambda master: len(master.history))

    def store(self, group: str) -> ShardStore:
        """The state of the server of the group that has executed most."""
        nodes = [node for name, node in self.sim.nodes.items() if name in GROUPS[group]]
        servers = [node for node in nodes if isinstance(node, GroupServer)]
        return max(servers, key=lambda server: executed(server.replica)).store

    def leader(self, members: Iterable[str]) -> str:
        """Who leads among these servers."""
        [name] = [name for name, role in self.sim.roles().items() if role == "leader" and name in members]
        return name

    def order(self, f: str, argument: Value, thread: int = 0) -> Value:
        """The output of an order to the master."""
        return self.ask(f, argument, "configuration", thread)

    def configuration(self) -> Configuration:
        """The newest configuration, by a query."""
        found = self.order("query", NEWEST)
        assert isinstance(found, tuple)
        return Configuration(*found)  # type: ignore[arg-type]

    def owned(self, group: str) -> list[str]:
        """The keys that the group owns."""
        owners = self.master.history[-1].owners
        return [key for key in KEYS if owners[shard_of(key)] == group]

    def put_all(self) -> None:
        for key in KEYS:
            self.ask("put", f"{key}!", key)

    def get_all(self, keys: Iterable[str] = KEYS) -> None:
        """Every key still has what `put_all` gave it."""
        for key in keys:
            assert self.ask("get", key=key) == f"{key}!"

    def down(self, names: Iterable[str]) -> list[int]:
        """Kill servers; the faults, whose ends start them again."""
        return [self.inject("kill", name) for name in names]

    def up(self, units: Iterable[int]) -> None:
        for unit in units:
            self.undo(unit)

    def lose_disk(self, name: str) -> int:
        """Kill a server and take its disk; the fault, whose end starts it again with nothing."""
        return self.inject("disk.loss", name)

    def settled(self, groups: Iterable[str] = GROUPS) -> bool:
        """Whether the groups have come to the newest configuration, with nothing left to move."""
        newest = len(self.master.history) - 1
        stores = [self.store(group) for group in groups]
        return all(store.configuration.number == newest and not store.awaited and not store.leaving for store in stores)

    def keep_asking(self, ms: float, threads: int, disturb: Callable[[int], None], every: float = 20) -> float:
        """Have each client append to a key of its own again and again; the longest that one waited (milliseconds).

        `disturb(step)` is called every `every` milliseconds. In the end every string is what its client has appended.
        """
        pieces = count()
        written = [""] * threads
        pending: dict[int, tuple[int, int]] = {}
        longest = 0
        for step in range(int(ms / every)):
            disturb(step)
            for thread in range(threads):
                operation, begun = pending.get(thread, (-1, 0))
                if operation in self.answers or operation < 0:
                    piece = f"{next(pieces)} "
                    written[thread] += piece
                    pending[thread] = (self.invoke("append", piece, KEYS[thread], thread), self.sim.now)
                else:
                    longest = max(longest, self.sim.now - begun)
            self.run(every)
        for thread, (operation, _) in pending.items():
            self.run(10_000, until=operation)
            assert self.answers[operation].output == written[thread]
        return longest / MS
