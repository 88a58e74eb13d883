"""Convergence: once the faults are over, every server has all that any of them has acknowledged.

The reads looked at are those that name a server as their input; of each server and key the last one counts. Of reads
without input nothing is asked but that they answer what was added.
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
        last: dict[tuple[Value, Value], Operation] = {}
        for operation in history.operations:
            if operation.f == "read" and operation.input is not None:
                last[operation.input, operation.key] = operation
        unanswered = sorted({show(server) for (server, _), read in last.items() if read.outcome != "ok"})
        finals = [read for read in last.values() if read.outcome == "ok"]
        unknown = "" if finals and not unanswered else "no server was asked at the end"
        if unanswered:
            unknown = f"{', '.join(unanswered)} did not answer the last read"
        return verdict(
            self.name, self.wrong(history.operations, finals), f"all {len(finals)} last reads agree", unknown=unknown
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


def _register_wrong(operations: Sequence[Operation], finals: Sequence[Operation]) -> list[Finding]:
    written = {(canonical(each.key), canonical(each.input)) for each in operations if each.f == "write"}
    wrong = [
        Finding("value nobody wrote", each.output, (each,))
        for each in operations
        if each.f == "read"
        and each.outcome == "ok"
        and each.output is not None
        and (canonical(each.key), canonical(each.output)) not in written
    ]
    by_key: dict[object, list[Operation]] = {}
    for read in finals:
        by_key.setdefault(canonical(read.key), []).append(read)
    for each in operations:
        if each.f in ("write", "delete") and each.outcome == "ok":
            reads = by_key.get(canonical(each.key), [])
            if not all(each.precedes(read) for read in reads):
                by_key.pop(canonical(each.key))  # it was written while it was read: nothing has to agree
    for reads in by_key.values():
        first = reads[0]
        other = next((each for each in reads if canonical(each.output) != canonical(first.output)), None)
        if other is not None:
            wrong.append(Finding(f"{show(first.input)} and {show(other.input)} differ", first.key, (first, other)))
    return wrong


converged_register: Checker = _Converged("converged-register", _register_wrong)
"""The checker of registers that all servers have: `write` and `read`, the last read of each server and key counts."""

converged_set: Checker = _Converged("converged-set", _set_wrong)
"""The checker of sets that grow everywhere: `add` and `read` as in sets.py."""

converged_counter: Checker = _Converged("converged-counter", _counter_wrong)
"""The checker of counters that are counted everywhere: `add` and `read` as in counters.py."""
