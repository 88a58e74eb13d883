"""Counters: `add` (input: a whole number, which may be negative), `inc`, `decr` (by 1 if nothing is given) and `read`
(output: the sum of all so far).

What Jepsen's `counter` looks for: a read lies between the sum of all that was certainly added before it and the sum of
all that may have been. That is necessary for a counter to be linearizable, and quick; the model `counter` is exact.
Every object (key) is a counter of its own.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .verdict import Verdict

CHANGES: Final = frozenset({"add", "inc", "decr"})


@dataclass(frozen=True)
class _Counter:
    name: str = "counter"

    def check(self, history: History, budget: Budget) -> Verdict:
        by_key: dict[Value, list[Operation]] = {}
        for operation in history.operations:
            if operation.f == "read" or operation.f in CHANGES:
                by_key.setdefault(operation.key, []).append(operation)
        wrong = [finding for operations in by_key.values() for finding in out_of_bounds(operations)]
        reads = sum(each.f == "read" and each.outcome == "ok" for each in history.operations)
        unknown = "" if reads else "no read was ok, so nothing is known of the counter"
        return verdict(self.name, wrong, f"all {reads} reads are within their bounds", unknown=unknown)


counter: Checker = _Counter()
"""The checker of counters."""


@dataclass(frozen=True)
class Bounds:
    """Between which sums a read must lie."""

    lower: int
    upper: int


def out_of_bounds(operations: Sequence[Operation]) -> list[Finding]:
    """The reads that no counter could have answered."""
    wrong = []
    for read, bounds in bounded(operations):
        value = read.output
        if not isinstance(value, int) or not bounds.lower <= value <= bounds.upper:
            wrong.append(Finding(f"outside of {bounds.lower} to {bounds.upper}", value, (read,)))
    return wrong


def bounded(operations: Sequence[Operation]) -> list[tuple[Operation, Bounds]]:
    """The reads that were answered, with their bounds; in time n log n."""
    changes = [each for each in operations if each.f in CHANGES and each.outcome != "fail"]
    done = [each for each in changes if each.outcome == "ok"]
    ups, downs = (
        _Sums((each.call, max(0, _amount(each))) for each in changes),
        _Sums((each.call, min(0, _amount(each))) for each in changes),
    )
    sure_ups, sure_downs = (
        _Sums((each.return_, max(0, _amount(each))) for each in done),
        _Sums((each.return_, min(0, _amount(each))) for each in done),
    )
    found = []
    for read in operations:
        if read.f == "read" and read.outcome == "ok" and read.return_ is not None:
            lower = sure_ups.before(read.call) + downs.before(read.return_)
            upper = ups.before(read.return_) + sure_downs.before(read.call)
            found.append((read, Bounds(lower, upper)))
    return found


def _amount(operation: Operation) -> int:
    given = operation.input
    if operation.f == "add":
        return given if isinstance(given, int) else 0
    size = given if isinstance(given, int) else 1
    return size if operation.f == "inc" else -size


class _Sums:
    """Sums of amounts by position."""

    def __init__(self, amounts: Iterable[tuple[int | None, int]]) -> None:
        rows = sorted((place, amount) for place, amount in amounts if place is not None)
        self._places = [place for place, _ in rows]
        self._sums = [0, *accumulate(amount for _, amount in rows)]

    def before(self, position: int) -> int:
        """The sum of all amounts at positions before that."""
        return self._sums[bisect_left(self._places, position)]
