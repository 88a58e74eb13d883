"""Reads of a value that had certainly been replaced, in about linear time, however often values are written.

Whoever found a value v finds it wrongly if all who may have written v had returned before somebody was called who left,
or found, another value, and who had returned before the reader was called.
"""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from itertools import accumulate
from math import inf

from ...histories.operation import Operation
from ..models.model import ANY, Model
from ..models.values import canonical

Other = tuple[float, int, Hashable]
"""When an operation returned, its place by call, and the value that was there then."""


def first_stale_read(model: Model, operations: Sequence[Operation]) -> tuple[Operation, Operation] | None:
    """Of the relevant operations of one object the first to return that found what was gone, and who shows that.

    None if there is none, or the model is not as simple as a register.
    """
    if model.access is None:
        return None
    accesses = [model.access(operation) for operation in operations]
    written: dict[Hashable, tuple[list[int], list[float]]] = {canonical(model.initial): ([-1], [-1])}
    for operation, access in zip(operations, accesses, strict=True):
        if access.writes is not ANY:
            calls, ends = written.setdefault(access.writes, ([], []))
            calls.append(operation.call)
            ends.append(inf if operation.return_ is None else operation.return_)
    latest = {value: (calls, [*accumulate(ends, max)]) for value, (calls, ends) in written.items()}
    soonest = _soonest(operations, [each.reads if each.writes is ANY else each.writes for each in accesses])
    calls = [operation.call for operation in operations]
    found: tuple[Operation, Operation] | None = None
    for operation, access in zip(operations, accesses, strict=True):
        if operation.return_ is None or access.reads is ANY or access.reads not in latest:
            continue
        if found is not None and found[1].return_ is not None and found[1].return_ < operation.return_:
            continue
        begun, ends = latest[access.reads]
        last = bisect_left(begun, operation.return_) - 1
        gone = ends[last] if last >= 0 else inf
        for end, place, value in soonest[bisect_left(calls, gone)] if gone < operation.call else ():
            if value != access.reads and end < operation.call:
                found = operations[place], operation
                break
    return found


def _soonest(operations: Sequence[Operation], left: Sequence[Hashable]) -> list[tuple[Other, ...]]:
    """For each place, of the operations from there on those two that returned first, with different values."""
    soonest: list[tuple[Other, ...]] = [()]
    for place in range(len(operations) - 1, -1, -1):
        end, value = operations[place].return_, left[place]
        best = soonest[-1]
        if end is not None and value is not ANY:
            best = _two(sorted([(end, place, value), *best], key=lambda other: other[0]))
        soonest.append(best)
    return soonest[::-1]


def _two(others: Sequence[Other]) -> tuple[Other, ...]:
    second = next((other for other in others if other[2] != others[0][2]), None)
    return (others[0],) if second is None else (others[0], second)
