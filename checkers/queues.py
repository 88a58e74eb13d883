"""Queues of any order: `enqueue` (input: the element), `dequeue` (output: an element, None for empty), `drain` (output:
all that was taken).

What Jepsen's `total-queue` looks for: what goes in comes out. Order is not looked at; the models `queue` are for that.
Every object (key) is a queue of its own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical
from .verdict import Verdict


def total_queue(*, at_most_once: bool = True) -> Checker:
    """The checker of queues. Without `at_most_once` an element may be dequeued more often than it was enqueued."""
    return _TotalQueue(at_most_once)


@dataclass(frozen=True)
class _TotalQueue:
    at_most_once: bool
    name: str = "total-queue"

    def check(self, history: History, budget: Budget) -> Verdict:
        by_key: dict[Value, list[Operation]] = {}
        for operation in history.operations:
            if operation.f in ("enqueue", "dequeue", "drain"):
                by_key.setdefault(operation.key, []).append(operation)
        wrong: list[Finding] = []
        counts: Counter[str] = Counter()
        undrained = 0
        for operations in by_key.values():
            wrong += self._wrong(operations, counts)
            undrained += not drained(operations)
        fine = f"{counts['dequeued']} of {counts['acknowledged']} acknowledged elements came out"
        if undrained:
            fine += f"; {undrained} of {len(by_key)} queues were not emptied at the end, so nothing is known to be lost"
        unknown = "" if counts["dequeued"] or not counts["acknowledged"] else "no element was dequeued"
        return verdict(self.name, wrong, fine, unknown=unknown, details=dict(counts))

    def _wrong(self, operations: Sequence[Operation], counts: Counter[str]) -> list[Finding]:
        enqueued: dict[object, list[Operation]] = {}
        for operation in operations:
            if operation.f == "enqueue":
                enqueued.setdefault(canonical(operation.input), []).append(operation)
        taken = [(canonical(value), value, operation) for operation in operations for value in _taken(operation)]
        out = Counter(element for element, _, _ in taken)
        wrong: list[Finding] = []
        for element, value, operation in taken:
            tried = [each for each in enqueued.get(element, ()) if not operation.precedes(each)]
            if not tried:
                wrong.append(Finding("never enqueued", value, (operation,)))
            elif all(each.outcome == "fail" for each in tried):
                wrong.append(Finding("refused, yet dequeued", value, (tried[0], operation)))
        for element, tried in enqueued.items():
            possible = sum(each.outcome != "fail" for each in tried)
            acknowledged = sum(each.outcome == "ok" for each in tried)
            counts["acknowledged"] += acknowledged
            counts["dequeued"] += min(out[element], acknowledged)
            counts["recovered"] += max(0, min(out[element], possible) - acknowledged)
            if possible and out[element] > possible:
                counts["duplicated"] += out[element] - possible
                if self.at_most_once:
                    takers = tuple(operation for other, _, operation in taken if other == element)
                    wrong.append(Finding("dequeued too often", tried[0].input, takers))
        return wrong + lost(operations, enqueued, out)


def lost(
    operations: Sequence[Operation], enqueued: dict[object, list[Operation]], out: Counter[object]
) -> list[Finding]:
    """Acknowledged elements that never came out of a queue that was emptied at the end.

    A dequeue of unknown outcome may have taken one of them: only if there are more of them than such dequeues (a drain
    may have taken any number) they are certainly lost.
    """
    if not drained(operations):
        return []
    missing = [
        operation
        for element, tried in enqueued.items()
        for operation in [each for each in tried if each.outcome == "ok"][out[element] :]
    ]
    crashed = [each for each in operations if each.f in ("dequeue", "drain") and each.outcome == "info"]
    if any(each.f == "drain" for each in crashed) or len(missing) <= len(crashed):
        return []
    name = f"lost (all of them, or all but {len(crashed)} at most)" if crashed else "lost"
    return [Finding(name, operation.input, (operation,)) for operation in missing]


def drained(operations: Sequence[Operation]) -> bool:
    """Whether somebody found the queue empty, or drained it, after the last enqueue that may have taken effect."""
    ends = [each.return_ for each in operations if each.f == "enqueue" and each.outcome == "ok"]
    last = max((end for end in ends if end is not None), default=-1)
    return any(
        each.outcome == "ok"
        and each.call > last
        and (each.f == "drain" or (each.f == "dequeue" and each.output is None))
        for each in operations
    )


def _taken(operation: Operation) -> tuple[Value, ...]:
    if operation.outcome != "ok":
        return ()
    if operation.f == "dequeue":
        return () if operation.output is None else (operation.output,)
    if operation.f == "drain" and isinstance(operation.output, tuple):
        return operation.output
    return ()
