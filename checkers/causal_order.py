"""Causal order of broadcasts, as clients saw it.

`add` broadcasts its input, a value that is broadcast once; `read` gives all that its server has delivered, in that
order. A process asks one server, so that what it has read, and what it has broadcast, comes before what it broadcasts
next (Lamport 1978, happens-before). Reads whose input names a server are of any.
"""

from collections.abc import Hashable, Sequence

from ..histories.history import History
from ..histories.operation import Operation
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical
from .verdict import Verdict


class _CausalOrder:
    name = "causal-order"

    def check(self, history: History, budget: Budget) -> Verdict:
        wrong, count = [], 0
        for operations in history.by_key().values():
            before = causes(operations)
            reads = [each for each in operations if each.f == "read" and isinstance(each.output, tuple)]
            wrong += [finding for read in reads for finding in _too_early(read, before)]
            count += len(reads)
        return verdict(self.name, wrong, f"{count} reads have everything before what it caused")


def causes(operations: Sequence[Operation]) -> dict[Hashable, dict[Hashable, Operation]]:
    """For each value that was broadcast, those that its process knew of, with the operation by which it did.

    A broadcast that was not answered may have come to nothing, and then causes nothing. Of a value that was broadcast
    twice nobody can tell which broadcast was delivered.
    """
    known: dict[Hashable, dict[Hashable, Operation]] = {}
    before: dict[Hashable, dict[Hashable, Operation]] = {}
    for operation in sorted(operations, key=lambda each: each.invoked):
        mine = known.setdefault(operation.process, {})
        if operation.f == "add":
            value = canonical(operation.input)
            before[value] = {} if value in before else dict(mine)
            if operation.outcome == "ok":
                mine.setdefault(value, operation)
        elif operation.f == "read" and operation.input is None and isinstance(operation.output, tuple):
            for value in operation.output:
                mine.setdefault(canonical(value), operation)
    return before


def _too_early(read: Operation, before: dict[Hashable, dict[Hashable, Operation]]) -> list[Finding]:
    """Values in the read that come before, or without, what caused them."""
    assert isinstance(read.output, tuple)
    seen: set[Hashable] = set()
    wrong = []
    for value in read.output:
        for cause, operation in before.get(canonical(value), {}).items():
            if cause not in seen:
                wrong.append(Finding("before what caused it", value, (operation, read)))
                break
        seen.add(canonical(value))
    return wrong


causal_order: Checker = _CausalOrder()
"""The checker of causal broadcast."""
