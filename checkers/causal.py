"""Causal consistency of registers whose values are written once, over all keys together.

An operation comes causally before another if its process did it earlier, if the other one read what it wrote, or
through others in this way. A history is causally consistent exactly if none of four patterns is in it (Bouajjani, Enea,
Guerraoui & Hamza, "On verifying causal consistency", POPL 2017, section 5, for the weakest of its variants, CC):

* a read of a value that nobody wrote;
* a cycle in the causal order;
* a read of the initial value, causally after a write to the same key;
* a read of an overwritten value: its write comes causally before another write to the key, which comes causally before
  the read.

`read` answers a value, None for the initial one; `write` has it as input. `delete` writes None: a read of None may have
found any delete or the initial value, so it is wrong only if none of them will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical, show
from .verdict import Verdict


@dataclass(frozen=True)
class _Causal:
    name: str
    together: bool

    def check(self, history: History, budget: Budget) -> Verdict:
        wrong: list[Finding] = []
        parts = [history.operations] if self.together else list(history.by_key().values())
        for part in parts:
            operations = relevant(part)
            wrong += from_nowhere(operations) or overwritten(operations)
        reads = sum(each.f == "read" and each.outcome == "ok" for each in history.operations)
        unknown = "" if reads else "no read was ok, so nothing is known"
        twice = repeated(history.operations)
        if twice is not None:
            wrong, unknown = [], f"{show(twice.input)} was written twice: no read tells which write it found"
        where = "on all keys together" if self.together else "on each key by itself"
        return verdict(self.name, wrong, f"{reads} reads {where} are causally consistent", unknown=unknown)


causal: Checker = _Causal("causal", together=True)
"""The checker of causal consistency."""

causal_per_key: Checker = _Causal("causal-per-key", together=False)
"""The checker of causal consistency of each key by itself: the session guarantees, and no value comes back."""


def repeated(operations: Sequence[Operation]) -> Operation | None:
    """A write of a value that was written to the key before, or of None."""
    seen = set()
    for each in operations:
        if each.f == "write":
            written = canonical(each.key), canonical(each.input)
            if written in seen or each.input is None:
                return each
            seen.add(written)
    return None


def relevant(operations: Sequence[Operation]) -> list[Operation]:
    """Reads that were answered, and what was written, as far as anybody saw: not what failed."""
    found = {(canonical(each.key), canonical(each.output)) for each in operations if each.f == "read" and _ok(each)}
    return [
        each
        for each in operations
        if (each.f in ("read", "write", "delete") and _ok(each))
        or (each.f == "write" and each.outcome == "info" and (canonical(each.key), canonical(each.input)) in found)
        or (each.f == "delete" and each.outcome == "info")
    ]


def from_nowhere(operations: Sequence[Operation]) -> list[Finding]:
    """Reads of what nobody wrote."""
    written = {(canonical(each.key), canonical(each.input)) for each in operations if each.f == "write"}
    return [
        Finding("value nobody wrote", each.output, (each,))
        for each in operations
        if each.f == "read" and each.output is not None and (canonical(each.key), canonical(each.output)) not in written
    ]


def overwritten(operations: Sequence[Operation]) -> list[Finding]:
    """Cycles, and reads that come causally after the write that replaced what they found."""
    after = causal_order(operations)
    if after is None:
        return [Finding("cycle in the causal order", None)]
    writes: dict[object, list[int]] = {}
    for place, operation in enumerate(operations):
        if operation.f != "read":
            writes.setdefault(canonical(operation.key), []).append(place)
    wrong = []
    for place, operation in enumerate(operations):
        if operation.f == "read":
            other = _replaced(operations, after, writes.get(canonical(operation.key), []), place)
            if other is not None:
                name = "initial value" if operation.output is None else "overwritten value"
                pair = (operations[other], operation)
                wrong.append(Finding(f"{name} read causally after it was replaced", operation.output, pair))
    return wrong


def _replaced(operations: Sequence[Operation], after: list[int], writes: list[int], read: int) -> int | None:
    """A write of the key that comes causally before the read and after all that it may have found, or None."""
    before = [write for write in writes if after[write] >> read & 1]
    found = operations[read].output
    if found is None:
        deletes = [write for write in writes if operations[write].f == "delete" and not after[read] >> write & 1]
        sources: list[int | None] = [None, *deletes]
    else:
        written = [write for write in writes if operations[write].f == "write"]
        sources = [write for write in written if _same(operations[write].input, found)]
    newer = None
    for source in sources:
        newer = next((each for each in before if source is None or after[source] >> each & 1), None)
        if newer is None:
            return None
    return newer


def causal_order(operations: Sequence[Operation]) -> list[int] | None:
    """The places causally after each operation, by its own place, as the bits of a number; None if there is a cycle."""
    writer = {
        (canonical(each.key), canonical(each.input)): place
        for place, each in enumerate(operations)
        if each.f == "write"
    }
    following: list[list[int]] = [[] for _ in operations]
    last: dict[int, int] = {}
    for place, operation in enumerate(operations):
        if operation.process in last:
            following[last[operation.process]].append(place)
        last[operation.process] = place
        if operation.f == "read" and operation.output is not None:
            following[writer[canonical(operation.key), canonical(operation.output)]].append(place)
    waiting = [0] * len(operations)
    for places in following:
        for place in places:
            waiting[place] += 1
    ready = [place for place, count in enumerate(waiting) if not count]
    order = []
    while ready:
        place = ready.pop()
        order.append(place)
        for each in following[place]:
            waiting[each] -= 1
            if not waiting[each]:
                ready.append(each)
    if len(order) < len(operations):
        return None
    after = [0] * len(operations)
    for place in reversed(order):
        for each in following[place]:
            after[place] |= after[each] | 1 << each
    return after


def _ok(operation: Operation) -> bool:
    return operation.outcome == "ok"


def _same(one: Value, other: Value) -> bool:
    return canonical(one) == canonical(other)
