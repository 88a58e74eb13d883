"""What happened: operations with times, or events in order; and the validation of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import inf
from typing import Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of one client, which took effect at one instant of the closed interval [`call`, `return_`].

    Times are integers of any one unit. `return_=None` means pending: the operation may take effect at any time from
    its call on, or never, and its output is unknown (`output` is ignored). `metadata` is for display only.
    """

    client_id: int
    input: Any
    call: int
    output: Any = None
    return_: int | None = None
    metadata: Any = None


class EventKind(Enum):
    """Whether an event begins or ends an operation."""

    CALL = "call"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Event:
    """The call (`value` is the input) or the return (`value` is the output) of the operation `id`.

    Events have no time: their order is the real-time order. A call without a return is a pending operation.
    """

    client_id: int
    kind: EventKind
    value: Any
    id: int
    metadata: Any = None


class HistoryError(ValueError):
    """The history is malformed: `index` is the position of the offending operation or event, `reason` says why."""

    def __init__(self, subject: str, index: int, reason: str) -> None:
        super().__init__(f"{subject} {index}: {reason}")
        self.index = index
        self.reason = reason


def program_order(operations: Sequence[Operation]) -> list[int]:
    """The positions of the operations in the order of their calls; those of one client in the order it issued them.

    An operation that returns at the instant at which another one is called comes first; two operations of one client
    that begin and end at the same instant keep the order in which they are given.
    """

    def interval(index: int) -> tuple[int, float, int]:
        operation = operations[index]
        return operation.call, inf if operation.return_ is None else operation.return_, index

    return sorted(range(len(operations)), key=interval)


def validate_operations(operations: Sequence[Operation]) -> None:
    """Raise HistoryError unless times are integers, no return is before its call, and no client overlaps itself."""
    for index, operation in enumerate(operations):
        reason = _malformed(operation)
        if reason:
            raise HistoryError("operation", index, reason)
    by_client: dict[int, list[int]] = {}
    for index in program_order(operations):
        by_client.setdefault(operations[index].client_id, []).append(index)
    for client_id, indices in by_client.items():
        for earlier, later in pairwise(indices):
            end = operations[earlier].return_
            if end is None:
                reason = f"client {client_id} goes on after its operation {earlier}, which is pending"
                raise HistoryError("operation", later, f"{reason}; give the client a new id after a pending operation")
            if end > operations[later].call:
                reason = f"client {client_id} called it at {operations[later].call}, before its operation {earlier}"
                raise HistoryError("operation", later, f"{reason} returned at {end}")


def _malformed(operation: Operation) -> str | None:
    for name in ("client_id", "call", "return_"):
        value = getattr(operation, name)
        if type(value) is not int and not (name == "return_" and value is None):
            return f"{name} is {value!r}, not an integer"
    if operation.return_ is not None and operation.return_ < operation.call:
        return f"returns at {operation.return_}, before its call at {operation.call}"
    return None


def operations_of(events: Sequence[Event], times: dict[tuple[int, EventKind], int] | None = None) -> list[Operation]:
    """The operations of a sequence of events, in the order of their calls; the time of an event is its position.

    `times` gives other times, by id and kind. Raises HistoryError for a reused id, a return without a call or by
    another client, a client that overlaps itself, or a client that goes on after a pending operation.
    """
    calls: dict[int, tuple[int, Event]] = {}
    returns: dict[int, tuple[int, Event]] = {}
    open_by_client: dict[int, int] = {}
    for index, event in enumerate(events):
        reason = _out_of_place(event, calls, returns, open_by_client)
        if reason:
            raise HistoryError("event", index, reason)
        time = index if times is None else times[event.id, event.kind]
        if event.kind is EventKind.CALL:
            calls[event.id] = time, event
            open_by_client[event.client_id] = event.id
        else:
            returns[event.id] = time, event
            del open_by_client[event.client_id]
    operations = []
    for key, (time, call) in calls.items():
        end, answer = returns.get(key, (None, call))
        output = None if end is None else answer.value
        metadata = call.metadata if answer.metadata is None else answer.metadata
        operations.append(Operation(call.client_id, call.value, time, output, end, metadata))
    return operations


def _out_of_place(
    event: Event,
    calls: dict[int, tuple[int, Event]],
    returns: dict[int, tuple[int, Event]],
    open_by_client: dict[int, int],
) -> str | None:
    client_id, key = event.client_id, event.id
    if type(client_id) is not int or type(key) is not int:
        return f"client_id {client_id!r} and id {key!r} must be integers"
    if event.kind is EventKind.CALL:
        if key in calls:
            return f"id {key} is already the id of an earlier call"
        if client_id in open_by_client:
            earlier = open_by_client[client_id]
            return f"client {client_id} calls {key}, but its operation {earlier} has not returned (use a new client id)"
    elif event.kind is EventKind.RETURN:
        if key not in calls:
            return f"return of {key}, which was never called"
        if key in returns:
            return f"second return of {key}"
        if calls[key][1].client_id != client_id:
            return f"client {client_id} returns from {key}, which client {calls[key][1].client_id} called"
    else:
        return f"kind is {event.kind!r}, not an EventKind"
    return None
