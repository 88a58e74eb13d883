"""Peers that agree on values, driven from a test: `begin`, `done`, and what each peer says was decided."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from splitbrain.bench.actions import Inject, Invoke, Undo
from splitbrain.bench.worlds.simulated import Simulation
from splitbrain.histories.event import Invocation
from splitbrain.nemesis.fault import Fault
from splitbrain.systems.node import ClientNode, Context, Message
from splitbrain.systems.paxos.agreement import Agreement
from splitbrain.systems.replicated import Data
from splitbrain.systems.system import Deployment, FaultModel, Tolerance

MS = 1_000_000
MODEL = FaultModel(groups={"peer": Tolerance(kill=9, pause=9)}, liveness=None, note="")


class Begin(Message, frozen=True):
    number: int
    instance: int
    value: Data


class Done(Message, frozen=True):
    number: int
    instance: int


class Heard(Message, frozen=True):
    number: int


class Peer(Agreement):
    """A peer whose application is the test."""

    def on_Begin(self, ctx: Context, src: str, msg: Begin) -> None:
        self.begin(ctx, msg.instance, msg.value)
        ctx.send(src, Heard(msg.number))

    def on_Done(self, ctx: Context, src: str, msg: Done) -> None:
        self.done(ctx, msg.instance)
        ctx.send(src, Heard(msg.number))


class Application(ClientNode):
    """Passes on what the test wants, `begin` or `done` at the peer `key`, until the peer has heard it."""

    def __init__(self) -> None:
        self.orders: dict[int, tuple[str, Message]] = {}

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        assert isinstance(op.key, str)
        assert isinstance(op.input, tuple)
        instance, value = op.input
        assert isinstance(instance, int)
        assert not isinstance(value, tuple)
        number = op.operation
        order = Begin(number, instance, value) if op.f == "begin" else Done(number, instance)
        self.orders[number] = (op.key, order)
        ctx.send(op.key, order)
        ctx.set_timer("again", 10 * MS)

    def on_Heard(self, ctx: Context, src: str, msg: Heard) -> None:
        self.orders.pop(msg.number, None)

    def on_timer_again(self, ctx: Context) -> None:
        for peer, order in self.orders.values():
            ctx.send(peer, order)
        if self.orders:
            ctx.set_timer("again", 10 * MS)


class Peers:
    """The peers p1, p2, …"""

    def __init__(self, peers: int = 3, seed: int = 1) -> None:
        self.names = [f"p{number}" for number in range(1, peers + 1)]
        servers = {name: lambda: Peer(self.names) for name in self.names}
        deployment = Deployment(servers, dict.fromkeys(self.names, "peer"), Application)
        self.sim = Simulation(deployment, 1, seed, model=MODEL, beyond_tolerance=True)
        self._operations, self._units = count(), count()
        self.seen: dict[int, Data] = {}

    def tell(self, f: str, peer: int, instance: int, value: Data = None) -> None:
        name, number = self.names[peer], next(self._operations)
        op = Invocation(operation=number, process=0, f=f, key=name, input=(instance, value), time=self.sim.now)
        self.sim.perform(Invoke(0, op))

    def begin(self, peer: int, instance: int, value: Data) -> None:
        self.tell("begin", peer, instance, value)

    def done(self, peer: int, instance: int) -> None:
        self.tell("done", peer, instance)

    def run(self, ms: float) -> None:
        """Let time pass; no two peers ever know of different values."""
        end = self.sim.now + round(ms * MS)
        while self.sim.now < end:
            self.sim.advance(min(end, self.sim.now + 50 * MS))
            for peer in self.up():
                for instance, value in peer.decided.items():
                    assert self.seen.setdefault(instance, value) == value, f"instance {instance}"

    def up(self) -> list[Peer]:
        return [node for name, node in self.sim.nodes.items() if name in self.names and isinstance(node, Peer)]

    def peer(self, number: int) -> Peer:
        node = self.sim.nodes[self.names[number]]
        assert isinstance(node, Peer)
        return node

    def know(self, instance: int) -> int:
        """How many peers know what was decided."""
        return sum(instance in peer.decided for peer in self.up())

    def wait(self, instances: Iterable[int], peers: int | None = None, ms: float = 10_000) -> None:
        """Until so many peers, all if not said, know of all instances."""
        wanted, instances = len(self.names) if peers is None else peers, list(instances)
        for _ in range(round(ms / 50)):
            if all(self.know(instance) >= wanted for instance in instances):
                return
            self.run(50)
        raise AssertionError({instance: self.know(instance) for instance in instances})

    def inject(self, family: str, on: str, **fields: Any) -> int:
        unit = next(self._units)
        self.sim.perform(Inject(Fault(unit=unit, family=family, at=0, lasts=0, on=on, **fields)))  # type: ignore[arg-type]
        return unit

    def part(self, *sides: Iterable[int]) -> list[int]:
        """Cut the peers into sides that do not hear each other; the faults."""
        return [
            self.inject("partition", ",".join(self.names[peer] for peer in side), shape="isolate")
            for side in map(list, sides)
            if side
        ]

    def mend(self, units: Iterable[int]) -> None:
        for unit in units:
            self.sim.perform(Undo(unit))

    def requests(self) -> int:
        """How many requests (not answers) were delivered between peers."""
        kinds = ("Prepare", "Accept", "Decided")
        return sum(record["kind"] == "deliver" and record["type"] in kinds for record in self.sim.trace)
