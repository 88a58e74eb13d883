"""porcupine-py as it was, on the same histories: its operations are made before the clock starts."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from splitbrain.checkers.linearizability.columns import CAS, NEVER, READ, WRITE, RegisterColumns
from splitbrain.checkers.linearizability.rank import NO_TIME
from splitbrain.histories.history import History

from . import frozen_porcupine as porcupine

Check = Callable[[], bool | None]
"""Whether a history is linearizable; None for unknown."""


def prepared_columns(keys: Sequence[RegisterColumns]) -> Check:
    """A check of registers, one for each key; positions or times, in any order."""
    operations = [operation for key, columns in enumerate(keys) for operation in _operations(key, columns)]
    return _check(porcupine.Model(init=lambda: 0, step=_step_columns, partition=_partition), operations)


def prepared_history(history: History) -> Check:
    """A check of registers, or of strings if there is an `append`."""
    strings = any(operation.f == "append" for operation in history)
    operations = [
        porcupine.Operation(
            operation.index,
            (operation.key, operation.f, operation.input),
            operation.call,
            operation.output,
            operation.return_,
        )
        for operation in history
        if operation.outcome != "fail"
    ]
    model = porcupine.Model(
        init=lambda: "" if strings else None, step=_step_strings if strings else _step, partition=_partition
    )
    return _check(model, operations)


def _check(model: porcupine.Model, operations: Sequence[porcupine.Operation]) -> Check:
    answers = {"Ok": True, "Illegal": False}
    return lambda: answers.get(porcupine.check_operations(model, operations).name)


def _operations(key: int, columns: RegisterColumns) -> Iterator[porcupine.Operation]:
    """Each has a client of its own: it is the intervals that count."""
    times = columns.times
    rows = zip(columns.kind, columns.a, columns.b, times.call, times.return_, strict=True)
    for number, (kind, a, b, begin, end) in enumerate(rows):
        never = end in (NEVER, NO_TIME)
        yield porcupine.Operation((key << 32) + number, (key, kind, a, b), begin, None, None if never else end)


def _partition(operations: Sequence[porcupine.Operation]) -> list[list[porcupine.Operation]]:
    parts: dict[Any, list[porcupine.Operation]] = {}
    for operation in operations:
        parts.setdefault(operation.input[0], []).append(operation)
    return list(parts.values())


def _step_columns(state: int, input: Any, _output: Any) -> tuple[bool, int]:
    _, kind, a, b = input
    if kind == WRITE:
        return True, b
    if kind == READ:
        return state == a, state
    if kind == CAS:
        return state == a, b
    return state != a, state


def _step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    _, f, given = input
    if f == "read":
        return output == state, state
    if f == "write":
        return True, given
    expected, new = given
    if state == expected:
        return output == True, new  # noqa: E712  # an unknown output can be compared, not looked at
    return output == False, state  # noqa: E712


def _step_strings(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    _, f, given = input
    if f == "get":
        return output == state, state
    return True, given if f == "put" else state + given
