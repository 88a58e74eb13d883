"""A queue, first in, first out: `enqueue` of a value, `dequeue` → the oldest value, or nil from an empty queue."""

from collections.abc import Hashable, Sequence
from typing import cast

from ...errors import HistoryError
from ...histories.operation import Operation, Value
from .model import ANY, Anomaly, Model, State, Step, unnamed
from .values import canonical


def queue() -> Model:
    """A queue with `enqueue` and `dequeue`, empty at first."""
    return Model(
        name="queue",
        functions=frozenset({"enqueue", "dequeue"}),
        initial=(),
        step=step,
        is_read=lambda each: each.f == "dequeue" and each.outcome == "ok" and each.output is None,
        observes=observes,
        anomaly=anomaly,
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the queue does. A state holds the values, the oldest first.

    Raises HistoryError where nil is enqueued: it is the answer of an empty queue.
    """
    values = cast("tuple[Value, ...]", state)
    if operation.f == "enqueue":
        if operation.input is None:
            raise HistoryError(f"operation {operation.index} enqueues nil, which dequeue answers of an empty queue")
        return ((ANY, (*values, operation.input)),)
    return ((values[0], values[1:]),) if values else ((None, ()),)


def observes(operation: Operation, mutator: Operation) -> bool:
    """Operations on one value observe each other; a dequeue of an unknown value observes all, and all observe it.

    A legal sequence stays legal if all operations on some of the values are left out.
    """
    value, other = _value(operation), _value(mutator)
    return value is ANY or other is ANY or value == other


def anomaly(culprit: Operation, kept: Sequence[Operation], operations: Sequence[Operation]) -> Anomaly:
    """Whether a refused value was dequeued."""
    value = _value(culprit)
    enqueues = [each for each in operations if each.f == "enqueue" and _value(each) == value]
    if culprit.f == "dequeue" and enqueues and all(each.outcome == "fail" for each in enqueues):
        return "refused, yet visible", tuple(enqueues[:3])
    return unnamed(culprit, kept, operations)


def _value(operation: Operation) -> Hashable:
    """The value, in `canonical` form, that was put in or got out; ANY of a dequeue of unknown outcome."""
    if operation.f == "enqueue":
        return canonical(operation.input)
    return canonical(operation.output) if operation.outcome == "ok" else ANY
