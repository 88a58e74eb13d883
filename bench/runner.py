"""A run as a state machine without I/O: it decides what happens next and records what came of it.

    faults ──▶ heal ──▶ probes ──▶ final ──▶ done

The fault phase lasts until the workload is exhausted or its time is over, and no operation is open. Then everything
is healed, each client proves that it is served again, and the workload's final operations follow. A driver hands the
actions to a world, and the world's reports back:

    while not runner.done:
        for action in runner.next(world.now):
            world.perform(action)
        for report in world.advance(runner.wake):
            runner.handle(report, world.now)
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import ContractError, HistoryError
from ..histories.event import Completion, Invocation, NemesisEvent
from ..histories.journal import Journal
from ..histories.operation import Outcome, Value
from ..histories.value import to_value
from ..nemesis.effects import begin
from ..nemesis.fault import Fault, Unit
from ..reports.record import Finding, Liveness
from ..systems.streams import stream
from ..systems.system import System
from .actions import (
    Action,
    Arm,
    Completed,
    Discard,
    Heal,
    Healed,
    Inject,
    Injected,
    InvariantBroken,
    Invoke,
    Lost,
    Report,
    Undo,
    Undone,
)
from .generators import After, Context, Each, Generator, Limit, Request, Stagger, TimeLimit, Update, Wait
from .liveness import Probes
from .test import SECOND, Test
from .workloads.workload import Calls, Workload


@dataclass(frozen=True, slots=True)
class Phase:
    """A generator, and until when an operation has time that a thread invokes now."""

    name: str
    generator: Generator
    deadline: Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Open:
    """An operation without completion yet. `asker` is the generator that is told of its end."""

    thread: int
    op: Invocation
    deadline: int
    asker: Generator


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did, apart from its history."""

    operations: int
    healed_at: int | None
    ended_at: int
    units: tuple[Unit, ...]
    findings: tuple[Finding, ...]
    liveness: Liveness
    lost: tuple[str, ...] = ()


class Runner:
    """See the module's text. Everything that happens is written to `journal`, invocations before they are performed."""

    def __init__(self, test: Test, system: System, workload: Workload, plan: Sequence[Fault], journal: Journal) -> None:
        promised = None if test.beyond_tolerance else system.fault_model.liveness
        self._promised = promised is not None
        self._bound = test.timeout if promised is None else promised
        self._clients = test.clients
        self._journal = journal
        calls = workload.calls(test, stream(test.seed, "workload", "calls"))
        self._probes = Probes(calls.probes, self._bound, test.clients)
        self._phases = self._plan_phases(test, calls, workload.pace(test))
        self._process = list(range(test.clients))
        self._free = list(range(test.clients))
        self._open: dict[int, Open] = {}
        self._count = 0
        self._due = [(begins(fault), fault.unit, fault) for fault in plan]
        heapq.heapify(self._due)
        self._undo: list[tuple[int, int]] = []
        self._outbox: list[Action] = []
        self._healing = False
        self._healed_at: int | None = None
        self._wait: int | None = None
        self._now = 0
        self._units: dict[int, Unit] = {}
        self._findings: list[Finding] = []
        self._lost: list[str] = []

    @property
    def done(self) -> bool:
        return not self._phases

    @property
    def phase(self) -> str:
        """`faults`, `probes`, `final`, or `done`."""
        return self._phases[0].name if self._phases else "done"

    @property
    def operations(self) -> int:
        """How many operations were invoked so far."""
        return self._count

    @property
    def wake(self) -> int | None:
        """When to call `next` again at the latest, if nothing is reported before (nanoseconds)."""
        if self.done:
            return self._now
        times = [one.deadline for one in self._open.values()]
        if self._wait is not None:
            times.append(self._wait)
        if self._due:
            times.append(self._due[0][0])
        if self._undo:
            times.append(self._undo[0][0])
        return min(times) if times else None

    @property
    def summary(self) -> Summary:
        """What came of the run so far."""
        return Summary(
            operations=self._count,
            healed_at=self._healed_at,
            ended_at=self._now,
            units=tuple(self._units.values()),
            findings=tuple(self._findings),
            liveness=self._liveness(),
            lost=tuple(self._lost),
        )

    def next(self, now: int) -> list[Action]:
        """What the world has to do at this time, in order."""
        self._now = now
        self._expire(now)
        if not self._healing and self._healed_at is None:
            self._schedule_faults(now)
        if not self._healing:
            self._invoke(now)
        actions, self._outbox = self._outbox, []
        return actions

    def handle(self, report: Report, now: int) -> None:
        """Take in what happened in the world, at this time."""
        self._now = now
        match report:
            case Completed(operation, outcome, output, error):
                if operation in self._open:
                    self._complete(operation, outcome, self._value(operation, output), error, now)
            case Injected(unit):
                self._units[unit.fault.unit] = unit
                if self._healed_at is None:
                    heapq.heappush(self._undo, (now + unit.fault.lasts, unit.fault.unit))
                else:
                    self._outbox.append(Undo(unit.fault.unit))
                effect = begin(unit, now)
                self._journal.write(
                    NemesisEvent(
                        what="start",
                        time=now,
                        unit=effect.unit,
                        fault=effect.family,
                        targets=effect.targets,
                        detail="; ".join(filter(None, (effect.detail, effect.downgraded))),
                    )
                )
            case Undone(unit):
                family = self._units[unit].fault.family
                self._journal.write(NemesisEvent(what="stop", time=now, unit=unit, fault=family))
            case Healed():
                self._healing = False
                self._healed_at = now
                self._undo.clear()
                self._journal.write(NemesisEvent(what="heal", time=now))
            case Lost(server, reason):
                self._lost.append(f"{server} was lost: {reason}")
                self._journal.write(NemesisEvent(what="lost", time=now, targets=(server,), detail=reason))
            case InvariantBroken(monitor, sentence, node):
                self._findings.append(Finding(monitor=monitor, sentence=sentence, node=node, time=now))

    def _plan_phases(self, test: Test, calls: Calls, interval: int) -> list[Phase]:
        paced = Stagger(interval, stream(test.seed, "workload", "pace"), Limit(test.operations, calls.faults))
        patience = max(test.timeout, self._bound)
        return [
            Phase("faults", TimeLimit(test.time, paced), lambda thread, now: now + test.timeout),
            Phase("probes", self._probes, self._probes.deadline),
            Phase("final", After(calls.settle, Each(calls.final)), lambda thread, now: now + patience),
        ]

    def _expire(self, now: int) -> None:
        for operation, one in list(self._open.items()):
            if one.deadline <= now:
                waited = (now - one.op.time) / SECOND
                self._complete(operation, "info", None, f"no answer within {waited:g} s", now)

    def _schedule_faults(self, now: int) -> None:
        while self._undo and self._undo[0][0] <= now:
            self._outbox.append(Undo(heapq.heappop(self._undo)[1]))
        while self._due and self._due[0][0] <= now:
            fault = heapq.heappop(self._due)[2]
            self._outbox.append(Inject(fault) if isinstance(fault.at, int) else Arm(fault))

    def _invoke(self, now: int) -> None:
        self._wait = None
        while self._phases and self._free:
            phase = self._phases[0]
            step = phase.generator.next(Context(now, tuple(self._free), tuple(range(self._clients))))
            if isinstance(step, Request):
                self._begin(step, phase, now)
            elif isinstance(step, Wait):
                self._wait = step.until
                return
            elif self._open:
                return
            else:
                self._end_phase()
                if self._healing:
                    return

    def _end_phase(self) -> None:
        if self._phases.pop(0).name == "faults":
            self._healing = True
            self._due.clear()
            self._undo.clear()
            self._outbox.append(Heal())

    def _begin(self, request: Request, phase: Phase, now: int) -> None:
        thread = self._free[0] if request.thread is None else request.thread
        self._free.remove(thread)
        op = Invocation(
            operation=self._count,
            process=self._process[thread],
            f=request.f,
            key=request.key,
            input=request.input,
            time=now,
            node=f"c{thread}",
        )
        self._count += 1
        self._open[op.operation] = Open(thread, op, phase.deadline(thread, now), phase.generator)
        self._journal.write(op)
        self._outbox.append(Invoke(thread, op))
        phase.generator.update(Update(thread, op))

    def _complete(self, operation: int, outcome: Outcome, output: Value, error: str | None, now: int) -> None:
        one = self._open.pop(operation)
        completion = Completion(
            operation=operation, process=one.op.process, outcome=outcome, output=output, time=now, error=error
        )
        try:
            self._journal.write(completion)
        except HistoryError as problem:
            raise _answered(one.op, problem) from None
        if outcome == "info":
            # The operation may still take effect: neither its process nor its client may be used again.
            self._process[one.thread] += self._clients
            self._outbox.append(Discard(one.thread))
        self._free.append(one.thread)
        one.asker.update(Update(one.thread, one.op, completion))

    def _value(self, operation: int, output: Value) -> Value:
        """The output as it will be read back from the journal. A client that answers anything else is at fault."""
        try:
            return to_value(output)
        except HistoryError as error:
            raise _answered(self._open[operation].op, error) from None

    def _liveness(self) -> Liveness:
        bound = f"{self._bound / SECOND:g} s"
        if self._lost:
            return Liveness(promised=False, met=False, sentence="servers were lost, so that liveness was not judged")
        if not self._promised:
            return Liveness(promised=False, met=False, sentence="liveness after heal is not promised")
        if self._probes.missed:
            return Liveness(promised=True, met=False, sentence="; ".join(self._probes.missed))
        if self._phases and self.phase != "final":
            return Liveness(promised=False, met=False, sentence="the run ended before liveness was tried")
        return Liveness(promised=True, met=True, sentence=f"every client was served again within {bound} of heal")


def _answered(op: Invocation, problem: HistoryError) -> ContractError:
    return ContractError(f"client {op.node} answered {op.f} of operation {op.operation}: {problem}")


def begins(fault: Fault) -> int:
    """When the fault is injected, or its trigger begins to count."""
    return fault.at if isinstance(fault.at, int) else fault.at.after
