"""porcupine-py against an independent enumeration of all orders, on random small histories."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from splitbrain.checkers.porcupine import (
    CheckResult,
    Event,
    EventKind,
    Model,
    NondeterministicModel,
    Operation,
    check_events,
    check_events_verbose,
    check_operations,
    check_operations_verbose,
)

HISTORIES = 3_000  # for each of the specifications, as operations; half as many again as events

Spec = Callable[[Any, Any], list[tuple[Any, Any]]]


@dataclass(frozen=True)
class Case:
    """A specification twice: as a porcupine-py model, and as the oracle's list of (output, next state)."""

    model: Model
    initial: Any
    spec: Spec
    inputs: Sequence[Any]
    outputs: Callable[[Any], Sequence[Any]]


def register_step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    if input[0] == "read":
        return output == state, state
    return True, input[1]


def register_spec(state: Any, input: Any) -> list[tuple[Any, Any]]:
    return [(state, state)] if input[0] == "read" else [(answer, input[1]) for answer in (0, 1, 2)]


REGISTER = Case(
    Model(init=lambda: 0, step=register_step),
    0,
    register_spec,
    [("read",), ("write", 0), ("write", 1), ("write", 2)],
    lambda input: [0, 1, 2],
)


def cas_step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    if input[0] == "read":
        return output == state, state
    _, old, new = input
    if not output:  # branches on the output
        return state != old, state
    return state == old, new


def cas_spec(state: Any, input: Any) -> list[tuple[Any, Any]]:
    if input[0] == "read":
        return [(state, state)]
    return [(True, input[2])] if state == input[1] else [(False, state)]


CAS = Case(
    Model(init=lambda: 0, step=cas_step),
    0,
    cas_spec,
    [("read",), ("cas", 0, 1), ("cas", 1, 2), ("cas", 2, 0), ("cas", 1, 0)],
    lambda input: [0, 1, 2] if input[0] == "read" else [True, False],
)


def lock_step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    if input == "acquire":
        if output == "busy":
            return state, state
        return output == "ok" and not state, True
    return state and output == "ok", False


def lock_spec(state: Any, input: Any) -> list[tuple[Any, Any]]:
    if input == "acquire":
        return [("busy", True)] if state else [("ok", True)]
    return [("ok", False)] if state else []


LOCK = Case(
    Model(init=lambda: False, step=lock_step),
    False,
    lock_spec,
    ["acquire", "release"],
    lambda input: ["ok", "ok", "busy"] if input == "acquire" else ["ok"],
)


def choice_spec(state: Any, input: Any) -> list[tuple[Any, Any]]:
    if input[0] == "read":
        return [(state, state)]
    return [("done", value) for value in input[1:]] + [("lost", state)]


CHOICE = Case(
    NondeterministicModel(
        init=lambda: [0],
        step=lambda state, input, output: [after for answer, after in choice_spec(state, input) if answer == output],
    ).to_model(),
    0,
    choice_spec,
    [("read",), ("read",), ("set", 1, 2), ("set", 0, 1)],
    lambda input: [0, 1, 2] if input[0] == "read" else ["done", "done", "lost"],
)


def append_step(state: list[int], input: Any, output: Any) -> tuple[bool, list[int]]:
    return output == len(state), state if input is None else [*state, input][-2:]


def append_spec(state: Any, input: Any) -> list[tuple[Any, Any]]:
    return [(len(state), state if input is None else (*state, input)[-2:])]


APPEND = Case(
    Model(init=list, step=append_step, equal=lambda a, b: a == b),
    (),
    append_spec,
    [None, 0, 1],
    lambda input: [0, 1, 2, 2],
)
APPEND_HASHED = replace(APPEND, model=replace(APPEND.model, hash=len))
CHOICE_UNHASHABLE = Case(
    NondeterministicModel(
        init=lambda: [[0]],
        step=lambda state, input, output: [
            [after] for answer, after in choice_spec(state[0], input) if output == answer
        ],
        equal=lambda a, b: a == b,
    ).to_model(),
    0,
    choice_spec,
    CHOICE.inputs,
    CHOICE.outputs,
)

CASES = {
    "register": REGISTER,
    "cas": CAS,
    "lock": LOCK,
    "nondeterministic": CHOICE,
    "nondeterministic, unhashable": CHOICE_UNHASHABLE,
    "unhashable": APPEND,
    "unhashable, hashed": APPEND_HASHED,
}


def precedes(operations: Sequence[Operation], first: int, second: int) -> bool:
    """Real-time order: of closed intervals between clients, and the given order within one client."""
    a, b = operations[first], operations[second]
    if a.client_id == b.client_id:
        return first < second
    return a.return_ is not None and a.return_ < b.call


def linearizable(case: Case, operations: Sequence[Operation], remaining: frozenset[int], state: Any) -> bool:
    """Try every order of the operations, and every choice of the pending ones that take effect."""
    if all(operations[index].return_ is None for index in remaining):
        return True
    for index in remaining:
        if any(precedes(operations, other, index) for other in remaining):
            continue
        operation = operations[index]
        for output, after in case.spec(state, operation.input):
            allowed = operation.return_ is None or output == operation.output
            if allowed and linearizable(case, operations, remaining - {index}, after):
                return True
    return False


def assert_legal(case: Case, operations: Sequence[Operation], partial: Sequence[int]) -> None:
    """A partial linearization respects real-time order, leaves no gap, and is allowed by the specification."""
    assert len(set(partial)) == len(partial)
    rest, states = set(range(len(operations))), {case.initial}
    for index in partial:
        rest.discard(index)
        assert not any(precedes(operations, other, index) for other in rest)
        operation = operations[index]
        states = {
            after
            for state in states
            for output, after in case.spec(state, operation.input)
            if operation.return_ is None or output == operation.output
        }
        assert states


def random_operations(case: Case, seed: str) -> list[Operation]:
    """A few short operations, with many ties in time, zero durations and pending operations."""
    rng = random.Random(seed)
    clients: list[list[Operation]] = []
    for client_id in range(rng.randint(1, 5)):
        time, mine = rng.randint(0, 3), list[Operation]()
        for _ in range(rng.randint(1, 3)):
            end = time + rng.choice((0, 1, 1, 2, 5))
            return_ = None if rng.random() < 0.3 else end
            input = rng.choice(case.inputs)
            mine.append(Operation(client_id, input, time, rng.choice(case.outputs(input)), return_))
            if return_ is None:
                break
            time = end + rng.choice((0, 0, 1, 2))
        clients.append(mine)
    operations = []
    while any(clients):
        operations.append(rng.choice([mine for mine in clients if mine]).pop(0))
    return operations[:8]


def random_events(case: Case, seed: str) -> tuple[list[Event], list[Operation]]:
    """Events, and the operations that they mean to the oracle, in the order of their calls."""
    rng = random.Random(seed)
    events: list[Event] = []
    calls: dict[int, tuple[int, Any, int]] = {}
    ends: dict[int, tuple[int, Any]] = {}
    open_calls: dict[int, int] = {}
    free = list(range(rng.randint(1, 4)))
    for time in range(rng.randint(2, 13)):
        if free and (not open_calls or rng.random() < 0.5):
            key, client_id, input = 100 - len(calls), free.pop(), rng.choice(case.inputs)
            events.append(Event(client_id, EventKind.CALL, input, key))
            calls[key] = client_id, input, time
            open_calls[key] = client_id
        elif open_calls:
            key = rng.choice(sorted(open_calls))
            free.append(open_calls.pop(key))
            ends[key] = time, rng.choice(case.outputs(calls[key][1]))
            events.append(Event(free[-1], EventKind.RETURN, ends[key][1], key))
    operations = [
        Operation(client_id, input, call, *reversed(ends.get(key, (None, None))))
        for key, (client_id, input, call) in calls.items()
    ]
    return events, operations


def assert_agree(case: Case, operations: Sequence[Operation], result: CheckResult, partials: list[list[int]]) -> bool:
    expected = linearizable(case, operations, frozenset(range(len(operations))), case.initial)
    assert result == (CheckResult.OK if expected else CheckResult.ILLEGAL), operations
    for partial in partials:
        assert_legal(case, operations, partial)
    if expected:
        completed = {index for index, operation in enumerate(operations) if operation.return_ is not None}
        assert not completed if not partials else [completed <= set(partial) for partial in partials] == [True]
    return expected


@pytest.mark.parametrize("name", CASES)
def test_operations_agree_with_the_oracle(name: str) -> None:
    case, good = CASES[name], 0
    for number in range(HISTORIES):
        operations = random_operations(case, f"{name} {number}")
        result, info = check_operations_verbose(case.model, operations)
        assert check_operations(case.model, operations) == result
        good += assert_agree(case, operations, result, info.partial_linearizations()[0])
    assert HISTORIES // 10 < good < HISTORIES * 9 // 10


@pytest.mark.parametrize("name", CASES)
def test_events_agree_with_the_oracle(name: str) -> None:
    case, good = CASES[name], 0
    for number in range(HISTORIES // 2):
        events, operations = random_events(case, f"{name} {number}")
        result, info = check_events_verbose(case.model, events)
        assert check_events(case.model, events) == result
        good += assert_agree(case, operations, result, info.partial_linearizations()[0])
    assert HISTORIES // 20 < good < HISTORIES // 2 * 9 // 10
