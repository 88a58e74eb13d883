"""porcupine-py's checks: pending operations, validation, budgets, partitions, and what a verbose check tells."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import (
    CheckResult,
    Event,
    EventKind,
    HistoryError,
    Model,
    NondeterministicModel,
    Operation,
    UnknownOutput,
    check_events,
    check_events_verbose,
    check_operations,
    check_operations_verbose,
)

OK, ILLEGAL, UNKNOWN = CheckResult.OK, CheckResult.ILLEGAL, CheckResult.UNKNOWN
CALL, RETURN = EventKind.CALL, EventKind.RETURN


def step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    """A register: an input of None reads it, any other is written."""
    if input is None:
        return output == state, state
    return True, input


REGISTER = Model(init=lambda: 0, step=step)


def read(client_id: int, call: int, return_: int | None, output: Any = None) -> Operation:
    return Operation(client_id, None, call, output, return_)


def write(client_id: int, call: int, return_: int | None, value: Any) -> Operation:
    return Operation(client_id, value, call, None, return_)


def hard_history(writers: int, first_client: int = 0, start: int = 0) -> list[Operation]:
    """Concurrent writes, then a read of a value that nobody wrote: every order of the writes has to be refuted."""
    writes = [write(first_client + number, start, start + 10, number + 1) for number in range(writers)]
    return [*writes, read(first_client + writers, start + 20, start + 21, -1)]


def test_the_surface() -> None:
    assert porcupine.__version__
    assert all(hasattr(porcupine, name) for name in porcupine.__all__)


@pytest.mark.parametrize("history", [[], [read(0, 0, None)], [write(0, 5, 5, 1)]])
def test_trivial_histories_are_ok(history: list[Operation]) -> None:
    assert check_operations(REGISTER, history) == OK
    assert check_operations_verbose(REGISTER, history)[0] == OK
    assert check_events(REGISTER, []) == OK


def test_stale_read_is_illegal() -> None:
    assert check_operations(REGISTER, [write(0, 0, 1, 1), read(1, 2, 3, 0)]) == ILLEGAL
    assert check_operations(REGISTER, [write(0, 0, 2, 1), read(1, 1, 3, 0)]) == OK


class TestTies:
    def test_of_different_clients_are_concurrent(self) -> None:
        assert check_operations(REGISTER, [write(0, 0, 5, 1), read(1, 5, 6, 0)]) == OK

    def test_of_one_client_are_in_order(self) -> None:
        assert check_operations(REGISTER, [write(0, 0, 5, 1), read(0, 5, 6, 0)]) == ILLEGAL
        assert check_operations(REGISTER, [write(0, 0, 5, 1), read(0, 5, 6, 1)]) == OK
        assert check_operations(REGISTER, [write(0, 5, 5, 1), write(0, 5, 5, 2), read(0, 5, 5, 1)]) == ILLEGAL

    def test_a_pending_operation_follows_its_client(self) -> None:
        history = [write(0, 0, 5, 1), write(0, 5, None, 2), read(1, 5, 6, 2), read(2, 7, 8, 1)]
        assert check_operations(REGISTER, history) == ILLEGAL


class TestPendingOperations:
    def test_may_take_effect_late_or_never(self) -> None:
        pending = write(0, 0, None, 7)
        assert check_operations(REGISTER, [pending, read(1, 1, 2, 0), read(1, 10, 11, 7)]) == OK
        assert check_operations(REGISTER, [pending, read(1, 1, 2, 0)]) == OK

    def test_take_effect_once_and_not_before_their_call(self) -> None:
        pending = write(0, 3, None, 7)
        assert check_operations(REGISTER, [read(1, 1, 2, 7), pending]) == ILLEGAL
        reads = [read(1, 4, 5, 7), write(1, 6, 7, 8), read(1, 8, 9, 7)]
        assert check_operations(REGISTER, [pending, *reads]) == ILLEGAL

    def test_in_events_are_calls_without_a_return(self) -> None:
        events = [
            Event(0, CALL, 7, 0),
            Event(1, CALL, None, 1),
            Event(1, RETURN, 0, 1),
            Event(1, CALL, None, 2),
            Event(1, RETURN, 7, 2),
        ]
        assert check_events(REGISTER, events) == OK
        assert check_events(REGISTER, events[1:]) == ILLEGAL

    def test_a_given_output_is_ignored(self) -> None:
        assert check_operations(REGISTER, [Operation(0, None, 0, 99, None)]) == OK

    def test_many_of_them_do_not_hurt_an_illegal_history(self) -> None:
        pending = [write(number, 0, None, 1) for number in range(40)]
        _, info = check_operations_verbose(REGISTER, [*pending, read(99, 1, 2, 5)], max_steps=10_000)
        assert info.partitions[0].result == ILLEGAL

    def test_memory_does_not_grow_with_the_distance_to_one(self) -> None:
        history = [write(0, 0, None, 1)] + [write(1, 2 * time, 2 * time + 1, 2) for time in range(1, 2_000)]
        _, info = check_operations_verbose(REGISTER, history)
        assert info.statistics.configurations == len(history) - 1


@pytest.mark.parametrize(
    "branching_step",
    [
        lambda state, input, output: (state != 0, state) if output == "fail" else (state == 0, input),
        lambda state, input, output: (state == 0, input) if output else (state != 0, state),
        lambda state, input, output: (state == 0, input) if output != "fail" else (state != 0, state),
        lambda state, input, output: (output == ("ok" if state == 0 else "fail"), input if state == 0 else state),
        lambda state, input, output: (output in ("ok", "fail") and (state == 0) == (output == "ok"), state or input),
    ],
)
def test_a_step_may_branch_on_an_unknown_output(branching_step: Callable[[Any, Any, Any], tuple[bool, Any]]) -> None:
    def with_reads(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        return (output == state, state) if input is None else branching_step(state, input, output)

    model = replace(REGISTER, step=with_reads)
    history = [write(0, 0, None, 1), write(1, 0, None, 2), read(2, 1, 2, 0), read(2, 3, 4, 2)]
    assert check_operations(model, history) == OK
    assert check_operations(model, [*history, read(2, 5, 6, 1)]) == ILLEGAL


def test_answers_about_an_unknown_output_are_consistent() -> None:
    def contradictory(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        if input is None:
            return output == state, state
        if output == "a":
            return output == "b" or output != "a" or not output, input
        return (output == "a" and bool(output)) or (not output and output == "c"), input

    model = replace(REGISTER, step=contradictory)
    assert check_operations(model, [write(0, 0, None, 1), read(1, 1, 2, 1)]) == ILLEGAL


def test_an_unknown_output_is_not_put_to_other_uses() -> None:
    for use in (lambda output: output.value, lambda output: output["value"], lambda output: output < 3, hash, len):

        def strict(state: Any, input: Any, output: Any, use: Callable[[Any], Any] = use) -> tuple[bool, Any]:
            return (True, input) if input and use(output) else (output == state, state)

        with pytest.raises((TypeError, AttributeError)):
            check_operations(replace(REGISTER, step=strict), [write(0, 0, None, 1), read(1, 1, 2, 1)])


def test_an_unknown_output_can_be_recognised() -> None:
    def by_attribute(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        if input is None:
            return isinstance(output, UnknownOutput) or output["value"] == state, state
        return True, input

    history = [write(0, 0, None, 1), read(1, 0, None), Operation(2, None, 1, {"value": 1}, 2)]
    assert check_operations(replace(REGISTER, step=by_attribute), history) == OK


class TestMalformedHistories:
    @pytest.mark.parametrize(
        ("history", "index", "reason"),
        [
            ([read(0, 5, 4)], 0, "before its call"),
            ([read(0, 0, 1), read(1, 0, 2), read(0, 0, 3)], 2, "before its operation 0"),
            ([read(0, 0, 5), read(0, 4, 6)], 1, "before its operation 0"),
            ([read(0, 0, None), read(0, 7, 8)], 1, "pending"),
            ([read(0, 0, None), read(0, 7, None)], 1, "pending"),
            ([Operation(0, None, 1.0, None, 2)], 0, "call is 1.0"),  # type: ignore[arg-type]
            ([Operation(0, None, 1, None, "2")], 0, "return_ is '2'"),  # type: ignore[arg-type]
            ([Operation(0, None, True, None, 2)], 0, "call is True"),
            ([Operation("n1", None, 1, None, 2)], 0, "client_id is 'n1'"),  # type: ignore[arg-type]
        ],
    )
    def test_of_operations(self, history: list[Operation], index: int, reason: str) -> None:
        with pytest.raises(HistoryError, match=reason) as caught:
            check_operations(REGISTER, history)
        assert caught.value.index == index
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("history", "index", "reason"),
        [
            ([Event(0, CALL, 1, 0), Event(1, CALL, 1, 0)], 1, "already"),
            ([Event(0, CALL, 1, 0), Event(0, RETURN, 1, 0), Event(0, CALL, 1, 0)], 2, "already"),
            ([Event(0, RETURN, 1, 0)], 0, "never called"),
            ([Event(0, CALL, 1, 0), Event(0, RETURN, 1, 0), Event(0, RETURN, 1, 0)], 2, "second return"),
            ([Event(0, CALL, 1, 0), Event(1, RETURN, 1, 0)], 1, "client 1 returns"),
            ([Event(0, CALL, 1, 0), Event(0, CALL, 1, 1)], 1, "has not returned"),
            ([Event(0, "call", 1, 0)], 0, "not an EventKind"),  # type: ignore[arg-type]
            ([Event(0, CALL, 1, "a")], 0, "must be integers"),  # type: ignore[arg-type]
        ],
    )
    def test_of_events(self, history: list[Event], index: int, reason: str) -> None:
        with pytest.raises(HistoryError, match=reason) as caught:
            check_events(REGISTER, history)
        assert caught.value.index == index

    def test_a_nondeterministic_model_is_not_taken_for_a_model(self) -> None:
        model = NondeterministicModel(init=lambda: [0, 1], step=lambda state, input, output: [True, state])
        with pytest.raises(TypeError, match="to_model"):
            check_operations(model, [read(0, 0, 1, 0)])  # type: ignore[arg-type]


class TestBudgets:
    def test_steps(self) -> None:
        result = check_operations(REGISTER, hard_history(8), max_steps=100)
        assert result == UNKNOWN
        assert result.reason == "max_steps reached in partition 0, after 100 steps"
        assert result.statistics
        assert result.statistics.steps == 100
        assert result.statistics.partition == 0
        assert 0 < result.statistics.deepest <= 8

    def test_configurations(self) -> None:
        result, info = check_operations_verbose(REGISTER, hard_history(8), max_configurations=50)
        assert result == UNKNOWN
        assert info.reason is not None
        assert "max_configurations" in info.reason
        assert info.statistics.configurations == 50
        assert info.partial_linearizations()[0]

    def test_timeout_is_looked_at_before_every_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 100.0
        monkeypatch.setattr("splitbrain.checkers.porcupine.check.monotonic", lambda: now)

        def slow_step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
            nonlocal now
            now += 0.25
            return step(state, input, output)

        result = check_operations(replace(REGISTER, step=slow_step), hard_history(8), timeout=1.0)
        assert result == UNKNOWN
        assert result.reason == "timeout reached in partition 0, after 4 steps"

    def test_pending_operations_count(self) -> None:
        history = [write(number, 0, None, number) for number in range(12)] + [read(99, 1, 2, -1)]
        assert check_operations(REGISTER, history, max_steps=500) == UNKNOWN

    def test_enough_is_enough(self) -> None:
        _, info = check_operations_verbose(REGISTER, hard_history(5))
        assert check_operations(REGISTER, hard_history(5), max_steps=info.statistics.steps) == ILLEGAL
        assert check_operations(REGISTER, hard_history(5), max_steps=info.statistics.steps - 1) == UNKNOWN

    def test_nothing_is_undecided_without_steps(self) -> None:
        assert check_operations(REGISTER, [], timeout=0, max_steps=0, max_configurations=0) == OK
        assert check_operations(REGISTER, [read(0, 0, 1, 0)], timeout=0) == UNKNOWN
        with pytest.raises(ValueError, match="timeout"):
            check_operations(REGISTER, [], timeout=-1)


def test_an_unknown_result_is_neither_true_nor_false() -> None:
    assert check_operations(REGISTER, [read(0, 0, 1, 0)])
    assert not check_operations(REGISTER, [read(0, 0, 1, 9)])
    unknown = check_operations(REGISTER, hard_history(8), max_steps=10)
    with pytest.raises(TypeError, match="max_steps reached"):
        bool(unknown)
    with pytest.raises(TypeError):
        bool(CheckResult.UNKNOWN)
    assert [str(result) for result in (OK, ILLEGAL, UNKNOWN)] == ["Ok", "Illegal", "Unknown"]
    assert len({OK, ILLEGAL, UNKNOWN, unknown}) == 3


class TestPartitions:
    @staticmethod
    def by_ten(operations: Sequence[Operation]) -> list[list[Operation]]:
        """Clients 0 to 9, 10 to 19, and so on."""
        groups = sorted({operation.client_id // 10 for operation in operations})
        return [[operation for operation in operations if operation.client_id // 10 == group] for group in groups]

    model = replace(REGISTER, partition=lambda operations: TestPartitions.by_ten(operations))
    bad = (write(0, 0, 1, 1), read(0, 2, 3, 9))
    good = (write(10, 0, 1, 1), read(10, 2, 3, 1))

    def test_are_all_to_be_linearizable(self) -> None:
        assert check_operations(self.model, [*self.bad, *self.good]) == ILLEGAL
        assert check_operations(self.model, self.good) == OK

    def test_the_first_illegal_one_ends_the_check(self) -> None:
        result, info = check_operations_verbose(self.model, [*self.bad, *self.good])
        assert result == ILLEGAL
        assert [partition.result for partition in info.partitions] == [ILLEGAL, None]
        assert info.partial_linearizations() == [[[0]], []]
        assert info.statistics.partition == 0

    def test_others_are_searched_on_demand(self) -> None:
        result, info = check_operations_verbose(self.model, [*self.bad, *self.good], all_partitions=True)
        assert result == ILLEGAL
        assert [partition.result for partition in info.partitions] == [ILLEGAL, OK]
        assert info.partial_linearizations_operations()[1] == [list(self.good)]

    def test_a_hard_one_does_not_hide_an_illegal_one(self) -> None:
        hard = hard_history(9)
        bad = [write(10, 0, 1, 1), read(10, 2, 3, 9)]
        assert check_operations(self.model, [*hard, *bad], max_steps=2_000) == ILLEGAL
        assert check_operations(self.model, [*hard, *self.good], max_steps=2_000) == UNKNOWN
        assert check_operations(self.model, [*hard, *bad], max_configurations=100) == ILLEGAL

    def test_two_hard_ones_are_searched_to_the_end(self) -> None:
        histories = [*hard_history(8), *hard_history(8, first_client=10)]
        _, info = check_operations_verbose(self.model, histories, all_partitions=True)
        assert [partition.result for partition in info.partitions] == [ILLEGAL, ILLEGAL]

    def test_must_hold_the_whole_history(self) -> None:
        forgetful = replace(REGISTER, partition=lambda operations: [operations[:1]])
        with pytest.raises(ValueError, match="hold 1 operations, the history holds 2"):
            check_operations(forgetful, self.good)

    def test_of_events_keep_the_positions_in_the_history(self) -> None:
        def by_client(events: Sequence[Event]) -> list[list[Event]]:
            clients = sorted({event.client_id for event in events})
            return [[event for event in events if event.client_id == client] for client in clients]

        events = [
            Event(1, CALL, 5, 7, metadata="sent"),
            Event(0, CALL, None, 3),
            Event(0, RETURN, 0, 3),
            Event(1, RETURN, None, 7),
        ]
        result, info = check_events_verbose(replace(REGISTER, partition_event=by_client), events)
        assert result == OK
        assert info.partial_linearizations_operations() == [
            [[Operation(0, None, 1, 0, 2)]],
            [[Operation(1, 5, 0, None, 3, "sent")]],
        ]


def test_every_operation_is_in_its_longest_partial_linearization() -> None:
    history = [write(0, 0, 9, 1), write(1, 0, 9, 2), read(2, 1, 5, 1), read(3, 6, 7, 3), read(4, 20, 21, 0)]
    result, info = check_operations_verbose(REGISTER, history)
    assert result == ILLEGAL
    (partials,) = info.partial_linearizations()
    assert [len(partial) for partial in partials] == sorted(map(len, partials), reverse=True)
    assert {index for partial in partials for index in partial} == {0, 1, 2}
    assert len(partials[0]) == 3


class TestStates:
    def test_without_hash_need_equal(self) -> None:
        def push(state: list[Any], input: Any, output: Any) -> tuple[bool, list[Any]]:
            return output == len(state), [*state, input]

        history = [Operation(0, "a", 0, 0, 5), Operation(1, "b", 0, 1, 5)]
        with pytest.raises(TypeError, match="must be hashable"):
            check_operations(Model(init=list, step=push), history)
        equal = Model(init=list, step=push, equal=lambda a, b: a == b)
        assert check_operations(equal, history) == OK
        assert check_operations(replace(equal, hash=len), history) == OK

    def test_equal_overrules_python(self) -> None:
        parity = Model(init=lambda: 0, step=lambda state, input, output: (output == -1, state + 1))
        history = [Operation(number, None, 0, None if number else 0, None if number else 5) for number in range(30)]
        model = replace(parity, equal=lambda a, b: a % 2 == b % 2)
        _, info = check_operations_verbose(model, history, max_steps=5_000)
        assert info.partitions[0].result == ILLEGAL

    def test_of_a_long_history_do_not_recurse(self) -> None:
        history = [write(0, 2 * time, 2 * time + 1, time) for time in range(20_000)]
        result, info = check_operations_verbose(REGISTER, history)
        assert result == OK
        assert info.partial_linearizations() == [[list(range(20_000))]]


def test_what_step_raises_is_passed_on() -> None:
    def broken(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        raise KeyError("no such key")

    with pytest.raises(KeyError, match="no such key"):
        check_operations(replace(REGISTER, step=broken), [read(0, 0, 1, 0)])


def test_nondeterministic_initial_states() -> None:
    model = NondeterministicModel(
        init=lambda: ["x", "y"], step=lambda state, input, output: [state] if output == state else []
    ).to_model()
    assert check_operations(model, [read(0, 0, 1, "y"), read(0, 2, 3, "y")]) == OK
    assert check_operations(model, [read(0, 0, 1, "y"), read(0, 2, 3, "x")]) == ILLEGAL
    assert model.describe_state(model.init()) == "{'x', 'y'}"


def test_works_when_copied_elsewhere(tmp_path: Path) -> None:
    shutil.copytree(Path(porcupine.__file__).parent, tmp_path / "porcupine")
    program = (
        "import sys, porcupine as p; m = p.Model(init=lambda: 0, step=lambda s, i, o: (o == s, s));"
        "r, info = p.check_operations_verbose(m, [p.Operation(0, None, 0, 1, 2)]);"
        "p.visualize_path(m, info, 'page.html'); assert r == p.CheckResult.ILLEGAL;"
        "assert not [name for name in sys.modules if name.startswith('splitbrain')]"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert (tmp_path / "page.html").stat().st_size > 1_000
