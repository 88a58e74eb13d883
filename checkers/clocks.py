"""Clocks that say how wrong they may be, against the time of the history.

A clock is read between invocation and completion of a `time`, so the history bounds when that was. Evidence is only
what no clock within its bounds could have said.
"""

from itertools import combinations

from ..histories.history import History
from ..histories.operation import Operation
from .checker import Budget, Checker
from .findings import Finding, verdict
from .verdict import Verdict

ACCURACY = 1_000_000_000
"""How far the clocks that are kept together may be from the time: none of them is right (nanoseconds)."""

DRIFT = 0.01
"""How much faster or slower than time clocks may run."""


class _Bounds:
    name = "clock-bounds"

    def check(self, history: History, budget: Budget) -> Verdict:
        """`time` gives (time, error): the time was within `error` of that when it was read."""
        read = _answered(history)
        wrong = [
            Finding("off by more than its bound", shown, (operation,))
            for operation, (shown, error, *_) in read
            if _beyond(operation, shown, error)
        ]
        return verdict(self.name, wrong, f"{len(read)} times within their bounds{_median(read)}")


class _Together:
    name = "clocks-together"

    def check(self, history: History, budget: Budget) -> Verdict:
        """`time` gives (time, error, round): the clock was within `error` of those that were set in the same round."""
        read = _answered(history)
        wrong = [
            Finding("far from the time", shown, (operation,))
            for operation, (shown, error, *_) in read
            if _beyond(operation, shown, error + ACCURACY)
        ]
        rounds: dict[int, list[tuple[Operation, tuple[int, ...]]]] = {}
        for operation, answer in read:
            rounds.setdefault(answer[2], []).append((operation, answer))
        for members in rounds.values():
            wrong += [
                Finding("further apart than their bounds", one[1][0] - other[1][0], (one[0], other[0]))
                for one, other in combinations(members, 2)
                if _apart(one, other)
            ]
        return verdict(
            self.name, wrong, f"{len(read)} times of {len(rounds)} rounds within their bounds{_median(read)}"
        )


def _answered(history: History) -> list[tuple[Operation, tuple[int, ...]]]:
    return [
        (each, tuple(int(part) for part in each.output))  # type: ignore[arg-type]
        for each in history.operations
        if each.f == "time" and isinstance(each.output, tuple)
    ]


def _beyond(operation: Operation, shown: int, error: int) -> bool:
    """Whether it was at no time of the operation what the clock showed, give or take the error."""
    assert operation.completed is not None
    return shown + error < operation.invoked or shown - error > operation.completed


def _apart(one: tuple[Operation, tuple[int, ...]], other: tuple[Operation, tuple[int, ...]]) -> bool:
    """Whether the clocks showed a difference that no time between the two readings explains."""
    (a, (first, error, *_)), (b, (second, other_error, *_)) = one, other
    assert a.completed is not None
    assert b.completed is not None
    least, most = a.invoked - b.completed, a.completed - b.invoked
    slack = error + other_error + int(max(abs(least), abs(most)) * DRIFT)
    return not least - slack <= first - second <= most + slack


def _median(read: list[tuple[Operation, tuple[int, ...]]]) -> str:
    errors = sorted(answer[1] for _, answer in read)
    return f", half of which are below {errors[len(errors) // 2] / 1e6:.1f} ms" if errors else ""


clock_bounds: Checker = _Bounds()
"""The checker of clocks that know by how much they may be wrong."""

clocks_together: Checker = _Together()
"""The checker of clocks that are kept together."""
