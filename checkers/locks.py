"""Locks: `acquire` and `release`, by processes. An acquire may answer a fencing token, a whole number.

Two things are looked at, in linear time. *Mutual exclusion*: a process certainly holds the lock from when its acquire
returned to when its release was called, and no two may at once. *Fencing*: an acquire that was called after another one
had returned has a greater token. (Kleppmann, "How to do distributed locking", 2016.) The model `mutex` is exact.
Every object (key) is a lock of its own.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .verdict import Verdict


def lock(*, leases: bool = False) -> Checker:
    """The checker of locks. With `leases` a holder may lose the lock unawares: then only the tokens are looked at."""
    return _Lock(leases)


@dataclass(frozen=True)
class _Lock:
    leases: bool
    name: str = "lock"

    def check(self, history: History, budget: Budget) -> Verdict:
        by_key: dict[Value, list[Operation]] = {}
        for operation in history.operations:
            if operation.f in ("acquire", "release"):
                by_key.setdefault(operation.key, []).append(operation)
        wrong: list[Finding] = []
        for key, operations in by_key.items():
            wrong += unfenced(key, operations)
            wrong += [] if self.leases else held_by_two(key, operations)
        acquired = sum(each.f == "acquire" and each.outcome == "ok" for each in history.operations)
        unknown = "" if acquired else "the lock was never acquired"
        return verdict(self.name, wrong, f"{acquired} times acquired, by one at a time", unknown=unknown)


def held_by_two(key: Value, operations: Sequence[Operation]) -> list[Finding]:
    """Pairs of acquires whose processes both certainly held the lock at some moment."""
    releases = {process: _Releases(own) for process, own in _by_process(operations).items()}
    holds = [
        (operation.return_, releases[operation.process].after(operation), operation)
        for operation in operations
        if operation.f == "acquire" and operation.outcome == "ok" and operation.return_ is not None
    ]
    holds.sort(key=lambda hold: hold[0])
    wrong = []
    longest: dict[int, tuple[float, Operation]] = {}
    for begin, end, operation in holds:
        for process, (until, other) in list(longest.items()):
            if until <= begin:
                del longest[process]
            elif process != operation.process and begin < end:
                wrong.append(Finding("held by two", key, (other, operation)))
        if operation.process not in longest or end > longest[operation.process][0]:
            longest[operation.process] = end, operation
    return wrong


class _Releases:
    """The releases of one process."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        ends = [
            (inf if each.return_ is None else each.return_, each.call)
            for each in operations
            if each.f == "release" and each.outcome != "fail"
        ]
        ends.sort()
        self._returns = [end for end, _ in ends]
        self._calls = [*accumulate((call for _, call in reversed(ends)), min)][::-1]

    def after(self, acquired: Operation) -> float:
        """From which position on the process may have released again what it acquired."""
        place = bisect_left(self._returns, acquired.call)
        return self._calls[place] if place < len(self._calls) else inf


def _by_process(operations: Sequence[Operation]) -> dict[int, list[Operation]]:
    found: dict[int, list[Operation]] = {}
    for operation in operations:
        found.setdefault(operation.process, []).append(operation)
    return found


def unfenced(key: Value, operations: Sequence[Operation]) -> list[Finding]:
    """Acquires whose token is not greater than that of one which had returned before they were called."""
    granted = [each for each in operations if each.f == "acquire" and each.outcome == "ok" and _token(each) is not None]
    by_return = sorted(granted, key=lambda each: each.return_ or 0)
    wrong: list[Finding] = []
    greatest: Operation | None = None
    place = 0
    for operation in sorted(granted, key=lambda each: each.call):
        while place < len(by_return) and by_return[place].precedes(operation):
            if greatest is None or _order(by_return[place]) > _order(greatest):
                greatest = by_return[place]
            place += 1
        if greatest is not None and _order(operation) <= _order(greatest):
            wrong.append(Finding("token not greater than before", key, (greatest, operation)))
    seen: dict[int, Operation] = {}
    told = {each.operations[1].index for each in wrong}
    for operation in by_return:
        token = _order(operation)
        if token in seen and operation.index not in told:
            wrong.append(Finding("token given out twice", key, (seen[token], operation)))
        seen.setdefault(token, operation)
    return wrong


def _token(operation: Operation) -> int | None:
    token = operation.output
    return token if isinstance(token, int) and not isinstance(token, bool) else None


def _order(operation: Operation) -> int:
    token = _token(operation)
    assert token is not None
    return token
