"""Nested nodes: own storage prefix, own timers, own messages, one memory and one kill with the node around them."""

from scripted import MODEL, MS

from splitbrain.bench.actions import Inject, Undo
from splitbrain.bench.worlds.simulated import Simulation
from splitbrain.nemesis.fault import Fault
from splitbrain.systems.node import ClientNode, Context, Message, Node
from splitbrain.systems.system import Deployment


class Count(Message, frozen=True):
    to: int


class Counter(Node):
    """Counts messages, durably; every start is counted too."""

    def __init__(self) -> None:
        self.total = 0
        self.started = False

    def start(self, ctx: Context) -> None:
        stored = ctx.storage.get("total", 0)
        assert isinstance(stored, int)
        self.total = stored
        self.started = True
        ctx.set_timer("tick", 20 * MS)

    def on_Count(self, ctx: Context, src: str, msg: Count) -> None:
        self.total += msg.to
        ctx.storage.put("total", self.total)
        ctx.storage.sync()

    def on_timer_tick(self, ctx: Context) -> None:
        self.total += 1000


class Server(Node):
    """Holds two counters and is one itself; counts to 1 in all of them at its peer."""

    def __init__(self) -> None:
        self.total = 0
        self.subnodes = {"left": Counter(), "right": Counter()}

    def start(self, ctx: Context) -> None:
        assert all(counter.started for counter in self.subnodes.values() if isinstance(counter, Counter))
        ctx.set_timer("tick", 5 * MS)

    def on_timer_tick(self, ctx: Context) -> None:
        peer = "s2" if ctx.id == "s1" else "s1"
        ctx.send(peer, Count(1))
        ctx.sub("left").send(peer, Count(10))
        ctx.sub("right").send(peer, Count(100))

    def on_Count(self, ctx: Context, src: str, msg: Count) -> None:
        self.total += msg.to
        ctx.storage.put("total", self.total)
        left = ctx.sub("left").storage.get("total", 0)
        ctx.log(f"{self.total} {left} {ctx.storage.keys()} {ctx.sub('right').storage.keys()}")


class Idle(ClientNode):
    pass


def totals(sim: Simulation) -> list[int]:
    """What the server s1 and its counters have counted."""
    server = sim.nodes["s1"]
    assert isinstance(server, Server)
    return [server.total, *(counter.total for counter in server.subnodes.values() if isinstance(counter, Counter))]


def world(**options: bool) -> Simulation:
    names = dict.fromkeys(("s1", "s2"), "server")
    return Simulation(
        Deployment(dict.fromkeys(names, Server), names, Idle),
        0,
        1,
        model=MODEL,
        codec=options.get("codec", False),
        pickle_nodes=options.get("pickle_nodes", False),
    )


def test_messages_timers_and_storage_of_nested_nodes_are_their_own() -> None:
    sim = world()
    sim.advance(15 * MS)
    assert totals(sim) == [1, 10, 100]
    sim.advance(30 * MS)
    assert totals(sim) == [1, 1010, 1100]


def test_a_kill_takes_nested_memory_too_and_synced_writes_survive() -> None:
    sim = world()
    sim.advance(15 * MS)
    sim.perform(Inject(Fault(unit=0, family="kill", on="s1", at=0, lasts=0)))
    sim.perform(Undo(0))
    sim.advance(16 * MS)
    assert totals(sim) == [0, 10, 100]


def test_nested_nodes_survive_pickling_and_the_codec() -> None:
    hashes = set()
    for options in ({}, {"codec": True}, {"pickle_nodes": True}):
        sim = world(**options)
        sim.advance(60 * MS)
        assert totals(sim)[1:] == [1010, 1100]
        hashes.add(sim.event_log_hash())
    assert len(hashes) == 1
