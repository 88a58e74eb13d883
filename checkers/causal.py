"""Causal consistency of registers whose values are written once, over all keys together.

An operation comes causally before another if its process did it earlier, if the other one read what it wrote, or
through others in this way. A history is causally consistent exactly if none of four patterns is in it (Bouajjani, Enea,
Guerraoui & Hamza, "On verifying causal consistency", POPL 2017, section 5, for the weakest of its variants, CC):

* a read of a value that nobody wrote;
* a cycle in the causal order;
* a read of the initial value, causally after a write to the same key;
* a read of an overwritten value: its write comes causally before another write to the key, which comes causally before
  the read.

`read` answers a value, None for the initial one; `write` has it as input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical
from .verdict import Verdict


@dataclass(frozen=True)
class _Causal:
    name: str = "causal"

    def check(self, history: History, budget: Budget) -> Verdict:
        operations = relevant(history.operations)
        wrong = from_nowhere(operations) or overwritten(operations)
        reads = sum(each.f == "read" for each in operations)
        fine = f"{reads} reads on all keys together are causally consistent"
        return verdict(self.name, wrong, fine, unknown="" if reads else "no read was ok, so nothing is known")


causal: Checker = _Causal()
"""The checker of causal consistency."""


def relevant(operations: Sequence[Operation]) -> list[Operation]:
    """Reads that were answered, and writes that took effect as far as anybody saw."""
    found = {(canonical(each.key), canonical(each.output)) for each in operations if each.f == "read" and _ok(each)}
    return [
        each
        for each in operations
        if (each.f == "read" and _ok(each))
        or (each.f == "write" and (_ok(each) or (canonical(each.key), canonical(each.input)) in found))
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
        if operation.f == "write":
            writes.setdefault(canonical(operation.key), []).append(place)
    wrong = []
    for place, operation in enumerate(operations):
        if operation.f != "read":
            continue
        own = writes.get(canonical(operation.key), [])
        source = next((each for each in own if _same(operations[each].input, operation.output)), None)
        for other in own:
            newer = source is None or (other != source and after[source] >> other & 1)
            if newer and after[other] >> place & 1:
                name = "overwritten value" if source is not None else "initial value"
                wrong.append(
                    Finding(
                        f"{name} read causally after it was replaced", operation.output, (operations[other], operation)
                    )
                )
                break
    return wrong


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
