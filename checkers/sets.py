"""Sets: elements that are added once and never removed, `add` (input: the element) and `read` (output: all of them).

What Jepsen's `set` and `set-full` look for. An element is *known* from when its add was answered ok, or a read that
found it returned. Of each element it is told whether it is

* stable: the last reads that could know it found it; `stale` if one before them, that could know it too, did not;
* lost: known, and the last reads that could know it did not find it;
* never read: no read was invoked once it was known.

Every object (key) is a set of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical
from .verdict import Verdict


def set_full(*, linearizable: bool = False) -> Checker:
    """The checker of sets. With `linearizable` a stale element is wrong, too; without, it is only reported."""
    return _SetFull(linearizable)


QUANTILES: Final = (0.5, 0.95, 0.99, 1.0)
"""Of the times that elements took from when they were known until all reads found them."""


@dataclass(frozen=True)
class Element:
    """What became of an element.

    `state` is "stable", "lost", "never read" or "unknown" (never known). `stale` holds the reads that could know it,
    did not find it, and were followed by one that did; `latency` the time from when it was known to the last of them
    (nanoseconds). `recovered` says that nobody had answered its add with ok, and it was found.
    """

    value: Value
    state: str
    shown_by: tuple[Operation, ...] = ()
    stale: tuple[Operation, ...] = ()
    latency: int = 0
    recovered: bool = False


@dataclass(frozen=True)
class _SetFull:
    linearizable: bool
    name: str = "set-full"

    def check(self, history: History, budget: Budget) -> Verdict:
        by_key: dict[Value, list[Operation]] = {}
        for operation in history.operations:
            if operation.f in ("add", "read"):
                by_key.setdefault(operation.key, []).append(operation)
        elements = [each for operations in by_key.values() for each in follow(operations)]
        wrong = [finding for operations in by_key.values() for finding in impossible(operations)]
        wrong += [Finding("lost", each.value, each.shown_by) for each in elements if each.state == "lost"]
        if self.linearizable:
            wrong += [Finding("stale", each.value, each.stale[:1]) for each in elements if each.stale]
        reads = sum(each.f == "read" and each.outcome == "ok" for each in history.operations)
        counts = {
            state: sum(each.state == state for each in elements)
            for state in ("stable", "lost", "never read", "unknown")
        }
        counts["stale"] = sum(bool(each.stale) for each in elements)
        counts["recovered"] = sum(each.recovered for each in elements)
        latencies = sorted(each.latency for each in elements if each.state == "stable")
        details = {
            "elements": len(elements),
            **counts,
            "stable_latencies_ns": {str(share): _quantile(latencies, share) for share in QUANTILES if latencies},
        }
        return verdict(
            self.name,
            wrong,
            f"none of {counts['stable'] + counts['never read']} known elements is lost ({counts['stale']} were stale)",
            unknown="" if reads else "no read was ok, so nothing is known of the set",
            details=details,
        )


def _quantile(ordered: Sequence[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def impossible(operations: Sequence[Operation]) -> list[Finding]:
    """What no set can do: find what nobody added or what was refused, or find an element twice."""
    adds: dict[object, list[Operation]] = {}
    for operation in operations:
        if operation.f == "add":
            adds.setdefault(canonical(operation.input), []).append(operation)
    wrong: dict[tuple[str, object], Finding] = {}
    for read in _reads(operations):
        seen = set()
        for value in _elements(read):
            element = canonical(value)
            if element in seen:
                wrong.setdefault(("duplicated", element), Finding("duplicated", value, (read,)))
            seen.add(element)
            added = [each for each in adds.get(element, ()) if not read.precedes(each)]
            if not added:
                wrong.setdefault(("never added", element), Finding("never added", value, (read,)))
            elif all(each.outcome == "fail" for each in added):
                finding = Finding("refused, yet visible", value, (added[0], read))
                wrong.setdefault(("refused", element), finding)
    return list(wrong.values())


def follow(operations: Sequence[Operation]) -> Iterable[Element]:
    """What became of each element that an `add` names, in the order of the first adds."""
    reads = sorted(_reads(operations), key=lambda read: read.call)
    found = [{canonical(value) for value in _elements(read)} for read in reads]
    adds: dict[object, list[Operation]] = {}
    for operation in operations:
        if operation.f == "add":
            adds.setdefault(canonical(operation.input), []).append(operation)
    present: dict[object, list[Operation]] = {}
    for read, elements in zip(reads, found, strict=True):
        for element in elements:
            present.setdefault(element, []).append(read)
    for element, added in adds.items():
        yield _followed(element, added, present.get(element, []), reads, found)


def _followed(
    element: object,
    added: Sequence[Operation],
    present: Sequence[Operation],
    reads: Sequence[Operation],
    found: Sequence[set[object]],
) -> Element:
    value = added[0].input
    answered = [each for each in added if each.outcome == "ok"]
    witnesses = [each for each in (*answered, *present) if each.return_ is not None]
    if not witnesses:
        return Element(value, "unknown")
    known = min(witnesses, key=lambda each: each.return_ or 0)
    recovered = not answered and any(each.outcome == "info" for each in added)
    later = [place for place, read in enumerate(reads) if known.precedes(read)]
    absent = [reads[place] for place in later if element not in found[place]]
    if not later:
        return Element(value, "never read" if not present else "stable", recovered=recovered)
    if not absent:
        return Element(value, "stable", recovered=recovered)
    last = absent[-1]
    # A read that was invoked before the last one that did not find it returned may have come before it.
    if any(last.precedes(read) or read.return_ is None or read.return_ > last.call for read in present):
        latency = (last.completed or last.invoked) - (known.completed or known.invoked)
        return Element(value, "stable", stale=tuple(absent), latency=max(0, latency), recovered=recovered)
    return Element(value, "lost", shown_by=(known, last), recovered=recovered)


def _reads(operations: Sequence[Operation]) -> list[Operation]:
    return [each for each in operations if each.f == "read" and each.outcome == "ok"]


def _elements(read: Operation) -> tuple[Value, ...]:
    return read.output if isinstance(read.output, tuple) else ()
