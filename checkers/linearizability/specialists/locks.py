"""A lock with owners, decided in about linear time.

What one process does is in order, so each of its acquires goes with the release after it, and the process holds the
lock at least from the return of the one to the call of the other. The history is linearizable exactly if these periods
do not overlap.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

from ....histories.operation import Operation
from ...models.model import Model
from ..engine import Conflict, InapplicableError, Solution
from .layers import by_call, end_of


def decide(model: Model, operations: Sequence[Operation]) -> Solution:
    """The acquires with their releases in order, or what is wrong.

    Raises InapplicableError if the lock is not free at first, or a process does two things at a time.
    """
    if model.initial is not None:
        raise InapplicableError("the lock is held at first")
    processes: dict[int, list[Operation]] = {}
    for operation in by_call(operations):
        processes.setdefault(operation.process, []).append(operation)
    periods: list[tuple[Operation, ...]] = []
    for process, own in processes.items():
        if any(not before.precedes(after) for before, after in pairwise(own)):
            raise InapplicableError(f"process {process} does two things at a time")
        found = _periods(own)
        if isinstance(found, Conflict):
            return found
        periods += found
    periods.sort(key=lambda period: end_of(period[0]))
    for before, after in pairwise(periods):
        if len(before) == 1 or end_of(after[0]) < before[1].call:
            return Conflict("two owners", (*before, *after))
    return tuple(operation for period in periods for operation in period)


def _periods(operations: Iterable[Operation]) -> list[tuple[Operation, ...]] | Conflict:
    """Each acquire of one process with its release, where there is one."""
    periods: list[tuple[Operation, ...]] = []
    held: Operation | None = None
    for operation in operations:
        if operation.f == "acquire" and held is None and operation.return_ is not None:
            held = operation
        elif operation.f == "release" and held is not None:
            periods.append((held, operation))
            held = None
        elif operation.return_ is not None:
            if held is None:
                return Conflict("released without being held", (*chain(*periods[-1:]), operation))
            return Conflict("acquired twice", (held, operation))
    return [*periods, (held,)] if held is not None else periods
