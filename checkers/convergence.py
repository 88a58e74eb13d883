"""Convergence: once the faults are over, every server has all that any of them has acknowledged.

The reads looked at are those that name a server as their input; of each server the last one counts. Of reads without
input nothing is asked but that they answer what was added.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .counters import bounded
from .findings import Finding, verdict
from .models.values import canonical, show
from .sets import impossible
from .verdict import Verdict


@dataclass(frozen=True)
class _Converged:
    name: str
    wrong: Callable[[Sequence[Operation], Sequence[Operation]], list[Finding]]

    def check(self, history: History, budget: Budget) -> Verdict:
        last: dict[Value, Operation] = {}
        for operation in history.operations:
            if operation.f == "read" and operation.input is not None:
                last[operation.input] = operation
        unanswered = [server for server, read in last.items() if read.outcome != "ok"]
        finals = [read for read in last.values() if read.outcome == "ok"]
        unknown = "" if finals and not unanswered else "no server was asked at the end"
        if unanswered:
            unknown = f"{', '.join(map(show, unanswered))} did not answer the last read"
        return verdict(
            self.name, self.wrong(history.operations, finals), f"{len(finals)} servers have all of it", unknown=unknown
        )


def _set_wrong(operations: Sequence[Operation], finals: Sequence[Operation]) -> list[Finding]:
    wrong = impossible(operations)
    added = [each for each in operations if each.f == "add" and each.outcome == "ok"]
    for read in finals:
        found = {canonical(value) for value in read.output} if isinstance(read.output, tuple) else set()
        wrong += [
            Finding(f"missing at {show(read.input)}", each.input, (each, read))
            for each in added
            if each.precedes(read) and canonical(each.input) not in found
        ]
    return wrong


def _counter_wrong(operations: Sequence[Operation], finals: Sequence[Operation]) -> list[Finding]:
    wrong = []
    last = {each.index for each in finals}
    for read, bounds in bounded(operations):
        value = read.output
        if read.index in last and (not isinstance(value, int) or not bounds.lower <= value <= bounds.upper):
            wrong.append(Finding(f"outside of {bounds.lower} to {bounds.upper} at {show(read.input)}", value, (read,)))
    return wrong


converged_set: Checker = _Converged("converged-set", _set_wrong)
"""The checker of sets that grow everywhere: `add` and `read` as in sets.py."""

converged_counter: Checker = _Converged("converged-counter", _counter_wrong)
"""The checker of counters that are counted everywhere: `add` and `read` as in counters.py."""
