"""Servers that keep notes, and both worlds to run them in, driven alike."""

from collections.abc import Callable
from itertools import count

from splitbrain.bench.actions import Arm, Completed, Discard, Heal, Healed, Inject, Injected, Invoke, Report
from splitbrain.bench.test import MILLISECOND, SECOND, Test
from splitbrain.bench.worlds.world import World
from splitbrain.histories.event import Invocation
from splitbrain.nemesis.fault import Fault, Trigger, Unit
from splitbrain.systems.node import ClientNode, Context, Message, Node
from splitbrain.systems.system import Deployment, FaultModel, System, Tolerance

PATIENCE = 20 * SECOND
"""How long an answer may take that must come. It takes milliseconds."""

NAME = "notebooks:system"


class Note(Message, frozen=True):
    text: str
    synced: bool


class Look(Message, frozen=True):
    pass


class Pass(Message, frozen=True):
    to: str


class Passed(Message, frozen=True):
    client: str


class Late(Message, frozen=True):
    delay: int


class Reply(Message, frozen=True):
    text: str


class Notebook(Node):
    """Appends notes to what is stored, and shows that, with its epoch. May pass a request on to another server."""

    def __init__(self) -> None:
        self.passed = 0

    def role(self) -> str:
        return "leader" if self.passed else ""

    def on_Note(self, ctx: Context, src: str, msg: Note) -> None:
        ctx.storage.put("notes", str(ctx.storage.get("notes", "")) + msg.text)
        if msg.synced:
            ctx.storage.sync()
        ctx.send(src, Reply("noted"))

    def on_Look(self, ctx: Context, src: str, msg: Look) -> None:
        ctx.send(src, Reply(f"{ctx.epoch}:{ctx.storage.get('notes', '')}"))

    def on_Pass(self, ctx: Context, src: str, msg: Pass) -> None:
        self.passed += 1
        ctx.send(msg.to, Passed(src))

    def on_Passed(self, ctx: Context, src: str, msg: Passed) -> None:
        ctx.send(msg.client, Reply(f"passed by {src}"))

    def on_Late(self, ctx: Context, src: str, msg: Late) -> None:
        ctx.set_timer("late", msg.delay, src)

    def on_timer_late(self, ctx: Context, dst: str) -> None:
        ctx.send(dst, Reply("late"))


class Reader(ClientNode):
    """Asks the server that is the operation's key."""

    def __init__(self) -> None:
        self.op: Invocation | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        requests = {
            "note": Note(str(op.input), False),
            "note-synced": Note(str(op.input), True),
            "look": Look(),
            "pass": Pass(str(op.input)),
            "late": Late(op.input if isinstance(op.input, int) else 0),
        }
        ctx.send(str(op.key), requests[op.f])

    def on_Reply(self, ctx: Context, src: str, msg: Reply) -> None:
        if self.op is not None:
            ctx.complete(self.op, "ok", msg.text)


def deploy(servers: int, bug: str | None) -> Deployment:
    names = [f"s{number}" for number in range(1, servers + 1)]
    return Deployment(dict.fromkeys(names, Notebook), dict.fromkeys(names, "server"), Reader)


system = System(
    name="notebooks",
    summary="",
    deploy=deploy,
    fault_model=FaultModel(
        {"server": Tolerance(kill=2, pause=2, lose=2, reorder=True, torn=True, drift=0.5, jump=SECOND)},
        liveness=None,
        note="",
    ),
    workloads=(),
)


def example(**changes: object) -> Test:
    """A test of two servers and two clients."""
    given = {"system": NAME, "workload": "", "seed": 1, "servers": 2, "clients": 2, **changes}
    return Test(**given)  # type: ignore[arg-type]


class Driver:
    """Drives a world as a run does, one operation after the other."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reports: list[Report] = []
        self._operations = count()
        self._units = count()

    def fault(self, family: str, on: str, **more: object) -> Fault:
        """A fault with a number of its own, that lasts until it is undone."""
        given = {"unit": next(self._units), "family": family, "at": 0, "lasts": 100 * SECOND, "on": on, **more}
        return Fault(**given)  # type: ignore[arg-type]

    def begin(self, family: str, on: str, **more: object) -> Unit:
        """Inject a fault; returns what it hit."""
        self.world.perform(Inject(self.fault(family, on, **more)))
        return self.injected()

    def arm(self, family: str, trigger: Trigger) -> None:
        """Have a fault wait for its trigger."""
        self.world.perform(Arm(self.fault(family, "trigger", at=trigger)))

    def ask(self, f: str, server: str, given: object = None, thread: int = 0) -> int:
        """Have a client ask a server; returns the number of the operation."""
        number = next(self._operations)
        op = Invocation(
            operation=number,
            process=thread,
            f=f,
            key=server,
            input=given,  # type: ignore[arg-type]
            time=self.world.now,
            node=f"c{thread}",
        )
        self.world.perform(Invoke(thread, op))
        return number

    def told(self, f: str, server: str, given: object = None) -> object:
        """Have a fresh client ask a server; returns what it is told, for which there is plenty of time."""
        self.world.perform(Discard(1))
        number = self.ask(f, server, given, thread=1)
        answer = self.answered(number)
        assert isinstance(answer, Completed)
        return answer.output

    def injected(self) -> Unit:
        """What the next fault that begins hits."""
        report = self.until(lambda report: isinstance(report, Injected))
        self.reports.remove(report)
        assert isinstance(report, Injected)
        return report.unit

    def heal(self) -> None:
        """End all faults."""
        self.world.perform(Heal())
        self.reports.remove(self.until(lambda report: isinstance(report, Healed)))

    def count(self, unit: Unit) -> int:
        """How often a unit had an effect."""
        return next(effect.count for effect in self.world.effects if effect.unit == unit.fault.unit)

    def notes(self, server: str) -> tuple[int, str]:
        """A server's epoch, and what it has noted."""
        epoch, _, notes = str(self.told("look", server)).partition(":")
        return int(epoch), notes

    def answered(self, number: int) -> Report:
        """Wait for the answer to an operation."""
        return self.until(lambda report: isinstance(report, Completed) and report.operation == number)

    def until(self, wanted: Callable[[Report], bool]) -> Report:
        """Let time pass until there is a report that is wanted."""
        limit = self.world.now + PATIENCE
        seen = 0
        while True:
            for report in self.reports[seen:]:
                if wanted(report):
                    return report
            seen = len(self.reports)
            assert self.world.now < limit, f"no such report, only {self.reports}"
            self.reports += self.world.advance(limit)

    def silence(self, time: int = 50 * MILLISECOND) -> bool:
        """Let time pass, and say whether nothing was reported."""
        end = self.world.now + time
        before = len(self.reports)
        while self.world.now < end:
            self.reports += self.world.advance(end)
        return len(self.reports) == before
