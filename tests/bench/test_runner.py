"""The runner, driven by a scripted world."""

import heapq
from collections.abc import Callable, Sequence
from itertools import count

import pytest

from splitbrain.bench.actions import (
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
    Report,
    Undo,
    Undone,
)
from splitbrain.bench.generators import Repeat, Request
from splitbrain.bench.runner import Runner
from splitbrain.bench.test import MILLISECOND, SECOND, Test
from splitbrain.bench.workloads.workload import Calls, Workload
from splitbrain.errors import ContractError
from splitbrain.histories.event import Completion, Event, Invocation, NemesisEvent
from splitbrain.histories.history import History
from splitbrain.histories.journal import MemoryJournal
from splitbrain.nemesis.fault import Fault, Trigger, Unit
from splitbrain.systems.node import ClientNode, Node
from splitbrain.systems.system import Deployment, FaultModel, System, Tolerance

Answer = Callable[[Invocation], tuple[int, Completed] | None]
"""What becomes of an operation: its answer after so many nanoseconds, or None for silence."""


def ok(op: Invocation) -> tuple[int, Completed]:
    return MILLISECOND, Completed(op.operation, "ok", 7)


def silence(op: Invocation) -> None:
    return None


class ScriptedWorld:
    """Does what it is told and nothing else."""

    def __init__(self, answer: Answer = ok, fires: Sequence[tuple[int, Report]] = ()) -> None:
        self.now = 0
        self.actions: list[tuple[int, Action]] = []
        self._answer = answer
        self._order = count()
        self._heap: list[tuple[int, int, Report]] = []
        for time, report in fires:
            self._later(time, report)

    def perform(self, action: Action) -> None:
        self.actions.append((self.now, action))
        match action:
            case Invoke(_, op):
                answer = self._answer(op)
                if answer is not None:
                    self._later(self.now + answer[0], answer[1])
            case Inject(fault):
                self._later(self.now, Injected(Unit(fault=fault, nodes=("s0",))))
            case Undo(unit):
                self._later(self.now, Undone(unit))
            case Heal():
                self._later(self.now, Healed())
            case Arm() | Discard():
                pass

    def advance(self, until: int | None) -> list[Report]:
        if self._heap and (until is None or self._heap[0][0] <= until):
            self.now, _, report = heapq.heappop(self._heap)
            return [report]
        assert until is not None, "the runner waits for ever"
        self.now = until
        return []

    def _later(self, time: int, report: Report) -> None:
        heapq.heappush(self._heap, (time, next(self._order), report))


def deploy(servers: int, bug: str | None) -> Deployment:
    return Deployment({"s0": Node}, {"s0": "servers"}, ClientNode)


SYSTEM = System(
    name="scripted",
    summary="",
    deploy=deploy,
    fault_model=FaultModel({"servers": Tolerance(kill=1)}, liveness=3 * SECOND, note=""),
    workloads=("ones",),
)


def ones(f: str = "one", final: tuple[Request, ...] = ()) -> Workload:
    def request() -> Request:
        return Request(f)

    return Workload("ones", "", lambda test, random: Calls(Repeat(request), (request,), final), ())


def example(**changes: object) -> Test:
    defaults = {"system": "scripted", "workload": "ones", "seed": 1, "clients": 2, "operations": 10, **changes}
    return Test(**defaults)  # type: ignore[arg-type]


def drive(
    world: ScriptedWorld,
    test: Test | None = None,
    plan: Sequence[Fault] = (),
    workload: Workload | None = None,
    system: System = SYSTEM,
) -> tuple[Runner, list[Event]]:
    journal = MemoryJournal()
    runner = Runner(test or example(), system, workload or ones(), plan, journal)
    while not runner.done:
        for action in runner.next(world.now):
            world.perform(action)
        for report in world.advance(runner.wake):
            runner.handle(report, world.now)
    History.from_events(journal.events)
    return runner, journal.events


def performed(world: ScriptedWorld, kind: type[Action]) -> list[tuple[int, Action]]:
    return [(time, action) for time, action in world.actions if isinstance(action, kind)]


def test_a_quiet_run_invokes_what_was_asked_then_heals_and_probes_every_thread() -> None:
    world = ScriptedWorld()
    runner, events = drive(world)
    assert runner.phase == "done"
    assert runner.summary.operations == 10 + 2
    assert runner.summary.liveness.met
    heal = next(index for index, event in enumerate(events) if isinstance(event, NemesisEvent))
    probes = [event for event in events[heal:] if isinstance(event, Invocation)]
    assert sorted(probe.process for probe in probes) == [0, 1]
    assert runner.summary.healed_at == events[heal].time


def test_invocations_are_in_the_journal_before_they_are_performed() -> None:
    journal = MemoryJournal()
    runner = Runner(example(), SYSTEM, ones(), (), journal)
    runner.next(0)
    actions = runner.next(runner.wake or 0)
    assert [action.op for action in actions if isinstance(action, Invoke)] == journal.events != []


def test_without_an_answer_an_operation_is_info_at_its_deadline_and_its_process_ends() -> None:
    world = ScriptedWorld(silence)
    runner, events = drive(world, example(timeout=SECOND, operations=4))
    first = next(event for event in events if isinstance(event, Invocation))
    end = next(event for event in events if isinstance(event, Completion) and event.operation == first.operation)
    assert (end.outcome, end.time) == ("info", first.time + SECOND)
    used = [event.process for event in events if isinstance(event, Invocation)]
    assert len(used) == len(set(used))
    assert {process % 2 for process in used} == {0, 1}
    assert len(performed(world, Discard)) == len(used)
    assert not runner.summary.liveness.met


def test_a_late_answer_is_dropped() -> None:
    world = ScriptedWorld(lambda op: (2 * SECOND, Completed(op.operation, "ok", 7)))
    _, events = drive(world, example(operations=3))
    outcomes = {event.operation: event.outcome for event in events if isinstance(event, Completion)}
    assert [outcomes[operation] for operation in range(3)] == ["info"] * 3


def test_a_client_is_discarded_before_its_thread_is_used_again() -> None:
    world = ScriptedWorld(lambda op: (MILLISECOND, Completed(op.operation, "info")))
    drive(world, example(clients=1, operations=5))
    kinds = [type(action) for _, action in world.actions if not isinstance(action, Heal)]
    assert kinds[:10] == [Invoke, Discard] * 5


def test_a_refused_operation_leaves_its_process_alive() -> None:
    refuse_first = lambda op: (MILLISECOND, Completed(op.operation, "fail" if op.operation < 6 else "ok"))  # noqa: E731
    _, events = drive(ScriptedWorld(refuse_first), example(operations=6))
    assert {event.process for event in events if isinstance(event, Invocation)} == {0, 1}


def test_timed_faults_are_injected_and_undone_on_time() -> None:
    fault = Fault(unit=3, family="kill", at=50 * MILLISECOND, lasts=20 * MILLISECOND)
    world = ScriptedWorld()
    runner, events = drive(world, plan=[fault])
    assert [time for time, _ in performed(world, Inject)] == [50 * MILLISECOND]
    assert performed(world, Undo) == [(70 * MILLISECOND, Undo(3))]
    marks = [(event.what, event.unit) for event in events if isinstance(event, NemesisEvent)]
    assert marks == [("start", 3), ("stop", 3), ("heal", None)]
    assert [unit.fault for unit in runner.summary.units] == [fault]


def test_a_trigger_is_armed_once_it_counts_and_undone_after_it_fired() -> None:
    fault = Fault(unit=0, family="kill", at=Trigger(moment="deliver", after=7 * MILLISECOND), lasts=20 * MILLISECOND)
    world = ScriptedWorld(fires=[(33 * MILLISECOND, Injected(Unit(fault=fault, nodes=("s0",))))])
    drive(world, plan=[fault])
    assert performed(world, Arm) == [(7 * MILLISECOND, Arm(fault))]
    assert performed(world, Undo) == [(53 * MILLISECOND, Undo(0))]


def test_faults_planned_after_the_end_of_the_workload_are_not_injected() -> None:
    late = Fault(unit=0, family="kill", at=19 * SECOND, lasts=SECOND)
    long = Fault(unit=1, family="kill", at=0, lasts=19 * SECOND)
    world = ScriptedWorld()
    runner, _ = drive(world, plan=[late, long])
    assert [action.fault.unit for _, action in performed(world, Inject) if isinstance(action, Inject)] == [1]
    assert performed(world, Undo) == []
    assert runner.summary.ended_at < 2 * SECOND


def test_heal_waits_for_open_operations_and_the_time_limit_holds() -> None:
    world = ScriptedWorld(lambda op: (900 * MILLISECOND, Completed(op.operation, "ok", 7)))
    _, events = drive(world, example(operations=1000, time=2 * SECOND))
    heal = next(event.time for event in events if isinstance(event, NemesisEvent))
    before = [event for event in events if event.time < heal]
    assert max(event.time for event in before if isinstance(event, Invocation)) < 2 * SECOND
    started = [event for event in before if isinstance(event, Invocation)]
    ended = [event for event in events if isinstance(event, Completion) and event.time <= heal]
    assert len(started) == len(ended)


def test_a_probe_is_tried_again_until_it_is_ok() -> None:
    def served_two_seconds_after_heal(op: Invocation) -> tuple[int, Completed]:
        outcome = "ok" if op.operation < 10 or op.time > 3 * SECOND else "fail"
        return MILLISECOND, Completed(op.operation, outcome)  # type: ignore[arg-type]

    runner, _ = drive(ScriptedWorld(served_two_seconds_after_heal))
    assert runner.summary.liveness.met


@pytest.mark.parametrize("outcome", ["fail", "info"])
def test_liveness_is_missed_if_one_client_is_not_served_within_the_bound(outcome: str) -> None:
    def never_for_c1(op: Invocation) -> tuple[int, Completed]:
        bad = op.operation >= 10 and op.node == "c1"
        return MILLISECOND, Completed(op.operation, outcome if bad else "ok")  # type: ignore[arg-type]

    runner, _ = drive(ScriptedWorld(never_for_c1))
    liveness = runner.summary.liveness
    assert (liveness.promised, liveness.met) == (True, False)
    assert liveness.sentence == "client c1: no one was ok within 3 s"
    assert runner.summary.ended_at - (runner.summary.healed_at or 0) == 3 * SECOND


def test_liveness_is_not_judged_beyond_tolerance() -> None:
    runner, _ = drive(ScriptedWorld(silence), example(beyond_tolerance=True, operations=2))
    assert not runner.summary.liveness.promised


def test_liveness_is_not_judged_before_it_was_tried() -> None:
    runner = Runner(example(), SYSTEM, ones(), (), MemoryJournal())
    runner.next(0)
    liveness = runner.summary.liveness
    assert (liveness.promised, liveness.sentence) == (False, "the run ended before liveness was tried")


def test_final_operations_come_last() -> None:
    _, events = drive(ScriptedWorld(), workload=ones(final=(Request("last", "x"), Request("last", "y"))))
    assert [event.f for event in events if isinstance(event, Invocation)][-3:] == ["one", "last", "last"]


def test_a_broken_invariant_is_noted_with_its_time() -> None:
    world = ScriptedWorld(fires=[(5, InvariantBroken("views", "two primaries", "s0"))])
    runner, _ = drive(world)
    finding = runner.summary.findings[0]
    assert (finding.monitor, finding.sentence, finding.node, finding.time) == ("views", "two primaries", "s0", 5)


def test_an_answer_that_is_no_value_is_the_clients_fault() -> None:
    strange: Answer = lambda op: (1, Completed(op.operation, "ok", {"a": 1}))  # type: ignore[arg-type]  # noqa: E731
    with pytest.raises(ContractError, match=r"client c0 answered one of operation 0: a value is an object"):
        drive(ScriptedWorld(strange))


def test_equal_tests_give_equal_journals() -> None:
    fault = Fault(unit=0, family="kill", at=50 * MILLISECOND, lasts=20 * MILLISECOND)
    journals = [drive(ScriptedWorld(), example(seed=seed), plan=[fault])[1] for seed in (1, 1, 2)]
    assert journals[0] == journals[1] != journals[2]
