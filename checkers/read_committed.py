"""Read committed: what transactions must not see of each other, where every value is written once.

Adya, Liskov & O'Neil, "Generalized isolation level definitions" (ICDE 2000), level PL-2:

* G1a, aborted read: a value of a transaction that aborted;
* G1b, intermediate read: a value that its transaction replaced itself;
* G0, dirty write: two transactions, or more in a circle, that replace each other's writes;
* G1c, circular information flow: a circle in which some read what others wrote.

The order of all versions of a key is not recorded. What every server answers at last is the last one: it came after
all others. Of the circles those are found that show in it and in who read what.

A `txn` has steps as input, and if it was ok as output: (`read`, key, value), (`write`, key, value), (`abort`, …). The
last reads of the run name a server instead of a value in their input; servers must agree in them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias, cast

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical, show
from .verdict import Verdict

Step: TypeAlias = tuple[str, Value, Value]
Place: TypeAlias = tuple[object, object]
"""A key and a value of it, in canonical form."""
Finals: TypeAlias = Mapping[tuple[Value, Value], tuple[Operation, Value]]
"""By server and key: the read that the server answered last, and what it found."""


@dataclass(frozen=True, slots=True)
class Write:
    """Who wrote a value, and whether it was the last to its key in that transaction."""

    by: Operation
    last: bool


@dataclass(frozen=True)
class _ReadCommitted:
    name: str = "read-committed"

    def check(self, history: History, budget: Budget) -> Verdict:
        transactions = [each for each in history.operations if each.f == "txn"]
        writes, twice = written(transactions)
        if twice is not None:
            return verdict(self.name, [], "", unknown=f"{show(twice)} was written twice: no read tells which it found")
        finals, unanswered = last_reads(transactions)
        finals = settled(transactions, finals)
        wrong = dirty_reads(transactions, writes) + disagreements(finals)
        wrong = wrong or circles(transactions, writes, finals)
        fine = f"{sum(each.outcome == 'ok' for each in transactions)} transactions read what was committed"
        unknown = "" if finals else "no server was asked at the end, when all was written"
        if unanswered:
            unknown = f"{', '.join(unanswered)} did not answer the last reads"
        return verdict(self.name, wrong, fine, unknown=unknown)


read_committed: Checker = _ReadCommitted()
"""The checker of read committed, and of agreement once the faults are over."""


def written(transactions: Iterable[Operation]) -> tuple[dict[Place, Write], Value]:
    """Who wrote each value; and one that was written twice, or None."""
    writes: dict[Place, Write] = {}
    for operation in transactions:
        last = {canonical(key): canonical(value) for f, key, value in steps(operation.input) if f == "write"}
        for f, key, value in steps(operation.input):
            if f == "write":
                place = canonical(key), canonical(value)
                if place in writes:
                    return writes, value
                writes[place] = Write(operation, last[place[0]] == place[1])
    return writes, None


def dirty_reads(transactions: Iterable[Operation], writes: Mapping[Place, Write]) -> list[Finding]:
    """Reads of what nobody wrote, of what was aborted, and of what its transaction replaced."""
    wrong = []
    for operation, key, value in reads(transactions):
        write = writes.get((canonical(key), canonical(value)))
        if write is None:
            wrong.append(Finding("value nobody wrote", value, (operation,)))
        elif write.by is not operation and write.by.outcome == "fail":
            wrong.append(Finding("aborted read (G1a)", value, (write.by, operation)))
        elif write.by is not operation and not write.last:
            wrong.append(Finding("intermediate read (G1b)", value, (write.by, operation)))
    return wrong


def last_reads(transactions: Iterable[Operation]) -> tuple[Finals, list[str]]:
    """What each server answered last for each key; and the servers that did not answer."""
    finals: dict[tuple[Value, Value], tuple[Operation, Value]] = {}
    unanswered = set()
    for operation in transactions:
        asked = [(key, server) for f, key, server in steps(operation.input) if f == "read" and server is not None]
        if operation.outcome != "ok":
            unanswered |= {show(server) for _, server in asked}
            continue
        if asked:
            found = {canonical(key): value for f, key, value in steps(operation.output) if f == "read"}
            finals |= {(server, key): (operation, found[canonical(key)]) for key, server in asked}
    return finals, sorted(unanswered)


def settled(transactions: Iterable[Operation], finals: Finals) -> Finals:
    """The last reads of those keys that nobody was still writing: what was found there came after all other writes."""
    written_late = {
        canonical(written)
        for each in transactions
        if each.outcome == "ok"
        for f, written, _ in steps(each.input)
        if f == "write"
        for (_, key), (read, _) in finals.items()
        if canonical(key) == canonical(written) and not each.precedes(read)
    }
    return {place: found for place, found in finals.items() if canonical(place[1]) not in written_late}


def disagreements(finals: Finals) -> list[Finding]:
    """Keys of which two servers have different values at last."""
    first: dict[object, tuple[Value, Operation, Value]] = {}
    wrong = []
    for (server, key), (operation, value) in finals.items():
        other, read, found = first.setdefault(canonical(key), (server, operation, value))
        if canonical(found) != canonical(value):
            wrong.append(Finding(f"{show(other)} and {show(server)} differ", key, (read, operation)))
    return wrong


def circles(
    transactions: Sequence[Operation],
    writes: Mapping[Place, Write],
    finals: Finals,
) -> list[Finding]:
    """A circle of transactions that replace each other's writes, or else one that has reads in it as well."""
    flows = [(writes[canonical(key), canonical(value)].by, operation) for operation, key, value in reads(transactions)]
    happened = {each.index for each in transactions if each.outcome == "ok"} | {writer.index for writer, _ in flows}
    found = {canonical(key): canonical(value) for (_, key), (_, value) in finals.items() if value is not None}
    last = {key: writes[key, value].by for key, value in found.items()}
    replaced = [
        (write.by, last[key])
        for (key, _), write in writes.items()
        if key in last and write.by.index in happened and write.by is not last[key]
    ]
    for name, edges in (("dirty write (G0)", replaced), ("circular information flow (G1c)", replaced + flows)):
        circle = cycle(edges)
        if circle:
            return [Finding(name, None, circle)]
    return []


def cycle(edges: Iterable[tuple[Operation, Operation]]) -> tuple[Operation, ...]:
    """The operations of one cycle, the first not repeated; none if there is no cycle. Edges to oneself do not count."""
    sorter: TopologicalSorter[int] = TopologicalSorter()
    operations = {}
    for before, after in edges:
        operations[before.index], operations[after.index] = before, after
        if before is not after:
            sorter.add(after.index, before.index)
    try:
        sorter.prepare()
    except CycleError as error:
        return tuple(operations[index] for index in error.args[1][:-1])
    return ()


def reads(transactions: Iterable[Operation]) -> list[tuple[Operation, Value, Value]]:
    """The reads of transactions that were ok, with key and value; those of the initial value are left out."""
    return [
        (operation, key, value)
        for operation in transactions
        if operation.outcome == "ok"
        for f, key, value in steps(operation.output)
        if f == "read" and value is not None
    ]


def steps(value: Value) -> tuple[Step, ...]:
    """The steps of a transaction."""
    return cast("tuple[Step, ...]", value) if isinstance(value, tuple) else ()
