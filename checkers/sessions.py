"""Session guarantees on registers: what each process may rely on from one of its operations to the next.

Terry et al., "Session guarantees for weakly consistent replicated data" (PDIS 1994). A register has one order of
versions, the initial one first; a successful compare-and-set comes after the version that it found. If a process does
one operation and later another on the same register, then of the versions

* read-your-writes: what it reads is not older than what it wrote;
* monotonic-reads: what it reads is not older than what it had read;
* monotonic-writes: what it writes is newer than what it had written;
* writes-follow-reads: what it writes is newer than what it had read.

The order itself is not recorded, so a guarantee is broken if no order at all keeps it: what it asks for goes round in
a cycle. Two kinds of orders are asked:

* `any`: no order keeps it, however the system arranges versions;
* `real-time`: no order that respects real time between writes does, as in any system with a leader. Systems that order
  by skewed clocks may keep the guarantee and break real time instead. (Such an order always has the last two.)

Where each guarantee can be kept, but not several at once, they are reported together: who reads the second write of a
process, then its first, had its reads go backwards, or the writes were swapped; no history tells which.

Everything is judged per key, and only by traceable values (versions.py). A process that goes on under a fresh number
after an unknown outcome begins a new session.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from itertools import combinations, pairwise
from operator import itemgetter
from typing import Final, Literal

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .graphs import components, shortest_path
from .models.model import Model
from .models.values import show
from .verdict import Validity, Verdict
from .versions import Versions, versions


class Guarantee(IntFlag):
    """What may ask that one version is not newer than another."""

    READ_YOUR_WRITES = 1
    MONOTONIC_READS = 2
    MONOTONIC_WRITES = 4
    WRITES_FOLLOW_READS = 8

    @property
    def title(self) -> str:
        """As people write it: read-your-writes."""
        return str(self.name).lower().replace("_", "-")


Order = Literal["any", "real-time"]

SINGLE: Final = tuple(Guarantee)

_SETS: Final = tuple(Guarantee(sum(some)) for size in range(len(SINGLE) + 1) for some in combinations(SINGLE, size))
"""All sets of guarantees, small ones first."""

_REAL_TIME: Final = 16
_INITIAL: Final = 32
_SWAPPED: Final = 64
_ALWAYS: Final = _INITIAL | _SWAPPED
"""Reasons why a version is not newer than another, whatever is guaranteed."""

_STARTS: Final = 10
"""From how many of the versions on cycles a short cycle is looked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """Because of `because`, the version that `older` wrote or found is not newer than that of `newer`.

    `because` is the title of a guarantee, `real-time`, `compare-and-set` or `initial`; of the last, `older` is None.
    """

    because: str
    older: Operation | None
    newer: Operation


@dataclass(frozen=True, slots=True)
class Broken:
    """Guarantees of which not all can hold on this key, though any fewer can. `cycle` shows it.

    No guarantee at all: there is no such order of the versions, whatever is guaranteed.
    """

    key: Value
    guarantees: Guarantee
    order: Order
    cycle: tuple[Step, ...]


def sessions(model: Model) -> Checker:
    """The checker of the four guarantees, for a register model. `valid` means that nothing shows them broken."""
    return _Sessions(model)


def broken(model: Model, history: History) -> tuple[Broken, ...]:
    """The smallest sets of guarantees that do not hold, key by key, and what shows it.

    Those without an order are not repeated for orders in real time. Raises UsageError for a model that is no register.
    """
    return tuple(found for each in versions(model, history) for found in _broken(each))


@dataclass
class _Graph:
    """Nodes are versions, and joints that stand for all versions before or after a point of time.

    A path from one version to another says that it is not newer. An edge is `(to, why, operation)`: `why` is a
    Guarantee or another reason, one bit; `operation` found or wrote the version at that end which is one.
    """

    versions: int = 0
    edges: dict[int, list[tuple[int, int, Operation | None]]] = field(default_factory=lambda: defaultdict(list))
    nodes: int = 0

    def joint(self) -> int:
        self.nodes += 1
        return self.nodes - 1

    def link(self, older: int, newer: int, why: int, operation: Operation | None = None) -> None:
        self.edges[older].append((newer, why, operation))

    def allowed(self, mask: int, within: frozenset[int] | None = None) -> Callable[[int], Iterator[int]]:
        def successors(node: int) -> Iterator[int]:
            for to, why, _ in self.edges.get(node, ()):
                if why & mask and (within is None or to in within):
                    yield to

        return successors

    def cyclic(self, mask: int, nodes: Iterable[int]) -> list[list[int]]:
        """The components under these reasons that hold several versions, among these nodes."""
        nodes = sorted(nodes)
        found = components(nodes, self.allowed(mask, frozenset(nodes)))
        return [component for component in found if component[1] < self.versions]


def _broken(register: Versions) -> Iterator[Broken]:
    graph = _graph(register)
    everything = _ALWAYS | _REAL_TIME | sum(SINGLE)
    nodes = [node for component in graph.cyclic(everything, range(graph.nodes)) for node in component]
    if not nodes:
        return
    found: list[Guarantee] = []
    orders: tuple[tuple[Order, int], ...] = (("any", _ALWAYS), ("real-time", _ALWAYS | _REAL_TIME))
    for order, always in orders:
        for guarantees in _SETS:
            if any(known & guarantees == known for known in found):
                continue
            cyclic = graph.cyclic(always | guarantees, nodes)
            if cyclic:
                found.append(guarantees)
                yield Broken(register.key, guarantees, order, _cycle(graph, cyclic, always | guarantees))


def _graph(register: Versions) -> _Graph:
    number = {value: place for place, value in enumerate(register.writers)}
    graph = _Graph(versions=len(number), nodes=len(number))
    found = {each.index: number.get(register.found(each)) for each in register.operations}
    left = {each.index: number.get(register.left(each)) for each in register.operations}
    initial = number.get(register.initial)
    processes: dict[int, list[Operation]] = {}
    for operation in register.operations:
        processes.setdefault(operation.process, []).append(operation)
        older, newer = found[operation.index], left[operation.index]
        if newer is not None and older is not None:
            graph.link(older, newer, _SWAPPED, operation)
        if newer is not None and initial is not None:
            graph.link(initial, newer, _INITIAL, operation)
    for session in processes.values():
        _in_sequence(graph, session, left, found, Guarantee.READ_YOUR_WRITES)
        _in_sequence(graph, session, found, found, Guarantee.MONOTONIC_READS)
        _in_sequence(graph, session, left, left, Guarantee.MONOTONIC_WRITES)
        _in_sequence(graph, session, found, left, Guarantee.WRITES_FOLLOW_READS)
    _in_real_time(graph, register.operations, left)
    return graph


def _in_sequence(
    graph: _Graph,
    session: Sequence[Operation],
    before: Mapping[int, int | None],
    after: Mapping[int, int | None],
    why: int,
) -> None:
    """No version in `before` is newer than one in `after` of a later operation of the session."""
    joint: int | None = None
    for operation in session:
        older, newer = before[operation.index], after[operation.index]
        if joint is not None and newer is not None:
            graph.link(joint, newer, why, operation)
        if older is not None:
            joint = _joint_after(graph, joint, older, why, operation)


def _in_real_time(graph: _Graph, operations: Sequence[Operation], left: Mapping[int, int | None]) -> None:
    """What was left by an operation that had returned is not newer than what one called after that left."""
    writers = [operation for operation in operations if left[operation.index] is not None]
    moments = [(operation.call, False, operation) for operation in writers]
    moments += [(operation.return_, True, operation) for operation in writers if operation.return_ is not None]
    joint: int | None = None
    for _, returned, operation in sorted(moments, key=itemgetter(0)):
        version = left[operation.index]
        assert version is not None
        if returned:
            joint = _joint_after(graph, joint, version, _REAL_TIME, operation)
        elif joint is not None:
            graph.link(joint, version, _REAL_TIME, operation)


def _joint_after(graph: _Graph, last: int | None, version: int, why: int, operation: Operation) -> int:
    """A joint for the version and for all that the last joint stands for."""
    joint = graph.joint()
    if last is not None:
        graph.link(last, joint, why)
    graph.link(version, joint, why, operation)
    return joint


def _cycle(graph: _Graph, cyclic: Sequence[Sequence[int]], mask: int) -> tuple[Step, ...]:
    """A short cycle of several versions, as steps from version to version."""
    starts = [(node, component) for component in cyclic for node in component if node < graph.versions]
    cycles = [_through(graph, start, frozenset(component), mask) for start, component in starts[:_STARTS]]
    return tuple(_steps(graph, min(cycles, key=len), mask))


def _through(graph: _Graph, start: int, component: frozenset[int], mask: int) -> Sequence[int]:
    """The shortest cycle from the version through another one in its component.

    It is a path over pairs of a node and whether another version was met, written as one number.
    """
    successors = graph.allowed(mask, component)

    def following(pair: int) -> Iterator[int]:
        for to in successors(pair // 2):
            yield 2 * to + (pair % 2 or start != to < graph.versions)

    path = shortest_path(2 * start, 2 * start + 1, following)
    assert path is not None
    return [pair // 2 for pair in path]


def _steps(graph: _Graph, path: Sequence[int], mask: int) -> Iterator[Step]:
    older: Operation | None = None
    for node, to in pairwise(path):
        why, operation = next((why, by) for end, why, by in graph.edges[node] if end == to and why & mask)
        if to >= graph.versions:
            older = operation or older
            continue
        assert operation is not None
        if why == _SWAPPED:
            older = operation
        yield Step(_because(why), None if why == _INITIAL else older, operation)


def _because(why: int) -> str:
    others = {_REAL_TIME: "real-time", _INITIAL: "initial", _SWAPPED: "compare-and-set"}
    return others.get(why) or Guarantee(why).title


@dataclass(frozen=True)
class _Sessions:
    model: Model
    name: str = "session-guarantees"

    def check(self, history: History, budget: Budget) -> Verdict:
        registers = versions(self.model, history)
        found = [each for register in registers for each in _broken(register)]
        traced = sum(len(readers) for register in registers for readers in register.readers.values())
        details = {
            "scope": "per key",
            "keys": len(registers),
            "traced_reads": traced,
            "untraceable_reads": sum(len(each.unwritten) + len(each.ambiguous) for each in registers),
            "guarantees": {guarantee.title: status(guarantee, found) for guarantee in SINGLE},
            "broken": [_as_data(self.model, each) for each in _first_of_each_kind(found)],
        }
        if found:
            others = len({each.key for each in found}) - 1
            more = f" (and something on {others} more keys)" if others else ""
            return Verdict(self.name, Validity.INVALID, sentence(self.model, found[0]) + more, details=details)
        if not traced:
            return Verdict(
                self.name, Validity.UNKNOWN, "no read found a value whose writer is certain", details=details
            )
        reason = f"nothing that {traced} reads found contradicts a session guarantee"
        return Verdict(self.name, Validity.VALID, reason, details=details)


def status(guarantee: Guarantee, found: Sequence[Broken]) -> str:
    """`held` (nothing shows it broken), `broken`, `broken-in-real-time`, or `not-with:` and those that it excludes."""
    for order, name in (("any", "broken"), ("real-time", "broken-in-real-time")):
        if any(each.guarantees in (0, guarantee) and each.order == order for each in found):
            return name
    for each in found:
        if each.guarantees & guarantee:
            return "not-with:" + ",".join(_titles(each.guarantees & ~guarantee))
    return "held"


def sentence(model: Model, found: Broken) -> str:
    """What is broken and how that shows, for people."""
    titles = _titles(found.guarantees)
    if len(titles) > 1:
        what = f"{' and '.join(titles)} do not hold together"
    else:
        what = f"{titles[0]} does not hold" if titles else "versions have no order"
    order = "" if found.order == "any" else ", if versions are in real-time order"
    return f"{what} on key {show(found.key)}{order}: " + "; ".join(_step_text(model, step) for step in found.cycle)


def _step_text(model: Model, step: Step) -> str:
    newer = f"{model.describe(step.newer)} by process {step.newer.process}"
    if step.older is None:
        return f"the initial value is older than that of {newer}"
    if step.because == "compare-and-set":
        return f"{newer} replaced an older value"
    return f"{model.describe(step.older)} by process {step.older.process} came before {newer} ({step.because})"


def _titles(guarantees: Guarantee) -> list[str]:
    return [each.title for each in SINGLE if each & guarantees]


def _first_of_each_kind(found: Iterable[Broken]) -> list[Broken]:
    kinds: dict[tuple[Guarantee, Order], Broken] = {}
    for each in found:
        kinds.setdefault((each.guarantees, each.order), each)
    return list(kinds.values())


def _as_data(model: Model, found: Broken) -> dict[str, object]:
    return {
        "guarantees": _titles(found.guarantees),
        "order": found.order,
        "key": found.key,
        "sentence": sentence(model, found),
        "cycle": [
            {
                "because": step.because,
                "older": None if step.older is None else step.older.index,
                "newer": step.newer.index,
            }
            for step in found.cycle
        ],
    }
