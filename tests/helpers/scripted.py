"""A system whose nodes do what they are told, so that a test can say exactly what a handler does."""

from collections.abc import Iterable
from typing import Any

from splitbrain.bench.actions import Inject, Invoke, Report
from splitbrain.bench.worlds.simulated import NetworkProfile, Simulation
from splitbrain.histories.event import Invocation
from splitbrain.nemesis.fault import Fault, Trigger
from splitbrain.systems.node import ClientNode, Context, Message, Node
from splitbrain.systems.system import Deployment, FaultModel, Tolerance

MS = 1_000_000
STEADY = NetworkProfile(fastest=MS, slowest=MS, fastest_sync=10 * MS, slowest_sync=10 * MS)
"""Every message takes one millisecond (and up to a microsecond), every sync ten."""

MODEL = FaultModel(groups={"server": Tolerance(kill=2, pause=2)}, liveness=None, note="")


class Do(Message, frozen=True):
    steps: tuple[str, ...]


class Said(Message, frozen=True):
    word: str


class Scripted(Node):
    """Carries out steps: `put K V`, `sync`, `say WORD`, `tell NODE WORD`, `timer WORD MS`, `cancel`, `role R`,
    and `clock`, which says what time it is, in milliseconds.
    """

    def __init__(self) -> None:
        self.boss = ""
        self.title = ""
        self.heard: list[str] = []

    def start(self, ctx: Context) -> None:
        keys = ctx.storage.keys()
        ctx.log(f"epoch {ctx.epoch}:" + "".join(f" {key}={ctx.storage.get(key)}" for key in keys))

    def role(self) -> str:
        return self.title

    def on_Do(self, ctx: Context, src: str, msg: Do) -> None:
        self.boss = src
        for step in msg.steps:
            match step.split():
                case "put", key, value:
                    ctx.storage.put(key, value)
                case ["sync"]:
                    ctx.storage.sync()
                case "say", word:
                    ctx.send(src, Said(word))
                case "tell", node, word:
                    ctx.send(node, Said(word))
                case "timer", word, delay:
                    ctx.set_timer("say", int(delay) * MS, word)
                case ["cancel"]:
                    ctx.cancel_timer("say")
                case ["clock"]:
                    ctx.send(src, Said(f"{ctx.now / MS:.0f}"))
                case "role", title:
                    self.title = title
                case _:
                    raise ValueError(f"no such step: {step}")

    def on_Said(self, ctx: Context, src: str, msg: Said) -> None:
        self.heard.append(msg.word)

    def on_timer_say(self, ctx: Context, word: str) -> None:
        ctx.send(self.boss, Said(word))


class Teller(ClientNode):
    """Sends `input[1:]` as steps to the server `input[0]`; the first answer completes the operation."""

    def __init__(self) -> None:
        self.op: Invocation | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        assert isinstance(op.input, tuple)
        node, *steps = map(str, op.input)
        ctx.send(node, Do(tuple(steps)))

    def on_Said(self, ctx: Context, src: str, msg: Said) -> None:
        ctx.log(msg.word)
        if self.op is not None:
            ctx.complete(self.op, "ok", msg.word)


class World:
    """A simulation of two scripted servers, s1 and s2, and the shorthands that tests need."""

    def __init__(self, seed: int = 1, *, network: NetworkProfile = STEADY, clients: int = 2, **options: Any) -> None:
        servers = {"s1": Scripted, "s2": Scripted}
        admin = Teller if options.get("model", MODEL).admin else None
        deployment = Deployment(servers, dict.fromkeys(servers, "server"), Teller, admin)
        self.sim = Simulation(deployment, clients, seed, network=network, **{"model": MODEL, **options})
        self._operations = 0

    def tell(self, node: str, *steps: str, thread: int = 0) -> int:
        """Have a client send steps to a node; the operation's number."""
        op = Invocation(operation=self._operations, process=thread, f="do", input=(node, *steps), time=self.sim.now)
        self._operations += 1
        self.sim.perform(Invoke(thread, op))
        return op.operation

    def inject(self, unit: int, family: str, on: str = "s1", **fields: Any) -> None:
        self.sim.perform(Inject(fault(unit, family, on=on, **fields)))

    def run(self, ms: float) -> list[Report]:
        """Let that much time pass; everything that is reported meanwhile."""
        reports: list[Report] = []
        until = self.sim.now + round(ms * MS)
        while self.sim.now < until:
            reports += self.sim.advance(until)
        return reports

    def said(self, kind: str = "deliver") -> list[tuple[str, float]]:
        """The words that were delivered (or dropped), with the time at which each was sent, in milliseconds."""
        return [
            (record["fields"]["word"], round(record["sent"] / MS, 2))
            for record in self.sim.trace
            if record["kind"] == kind and record["type"] == "Said"
        ]

    def log(self, node: str) -> list[str]:
        """What the node logged, without times."""
        return [line.split(" ", 1)[1] for line in self.sim.logs[node]]


def fault(unit: int, family: str, **fields: Any) -> Fault:
    return Fault(unit=unit, family=family, **{"at": 0, "lasts": 0, **fields})  # type: ignore[arg-type]


def trigger(moment: str, type_: str = "", **fields: Any) -> Trigger:
    return Trigger(moment=moment, type=type_, **fields)  # type: ignore[arg-type]


def words(pairs: Iterable[tuple[str, float]]) -> list[str]:
    return [word for word, _ in pairs]
