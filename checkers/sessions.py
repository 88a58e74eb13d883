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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final, Literal

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .graphs import shortest_path
from .models.model import Model
from .models.values import show
from .verdict import Validity, Verdict
from .version_graph import ALL, ALWAYS, INITIAL, REAL_TIME, SWAPPED, Guarantee, VersionGraph, version_graph
from .versions import Versions, versions

Order = Literal["any", "real-time"]

SINGLE: Final = tuple(Guarantee)

_SETS_BY_SIZE: Final = tuple(
    tuple(sum(each.value for each in some) for some in combinations(SINGLE, size)) for size in range(len(SINGLE) + 1)
)
"""All sets of guarantees, small ones first."""

_STARTS: Final = 4
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
    return tuple(found for each in versions(model, history) for found in find_broken(each, version_graph(each)))


def find_broken(
    register: Versions, graph: VersionGraph, known: Iterable[tuple[Guarantee, Order]] = ()
) -> Iterator[Broken]:
    """The smallest sets that do not hold, apart from those that contain one of the same order that is known."""
    everywhere = _nodes(graph.cyclic)
    found: list[int] = []
    orders: tuple[tuple[Order, int], ...] = (("any", ALWAYS), ("real-time", ALWAYS | REAL_TIME))
    for order, always in orders:
        found += [guarantees.value for guarantees, of in known if of == order]
        nodes = everywhere
        for sets in _SETS_BY_SIZE:
            alone = sum(guarantee.value for guarantee in SINGLE if guarantee.value in found)
            nodes = _nodes(graph.cycles(always | ALL & ~alone, nodes))
            if not nodes:
                break
            for guarantees in sets:
                if any(known & guarantees == known for known in found):
                    continue
                cyclic = graph.cycles(always | guarantees, nodes)
                if cyclic:
                    found.append(guarantees)
                    yield Broken(register.key, Guarantee(guarantees), order, _cycle(graph, cyclic, always | guarantees))


def _nodes(cyclic: Iterable[Sequence[int]]) -> list[int]:
    return [node for component in cyclic for node in component]


def _cycle(graph: VersionGraph, cyclic: Sequence[Sequence[int]], mask: int) -> tuple[Step, ...]:
    """A short cycle of several versions, as steps from version to version."""
    starts = [(node, component) for component in cyclic for node in component if node < graph.versions]
    cycles = [_through(graph, start, frozenset(component), mask) for start, component in starts[:_STARTS]]
    return tuple(_steps(graph, min(cycles, key=len), mask))


def _through(graph: VersionGraph, start: int, component: frozenset[int], mask: int) -> Sequence[int]:
    """The shortest cycle from the version through another one in its component.

    It is a path over pairs of a node and whether another version was met, written as one number.
    """
    edges, versions = graph.edges, graph.versions

    def following(pair: int) -> Iterator[int]:
        for to, why, _ in edges[pair // 2]:
            if why & mask and to in component:
                yield 2 * to + (pair % 2 or start != to < versions)

    path = shortest_path(2 * start, 2 * start + 1, following)
    assert path is not None
    return [pair // 2 for pair in path]


def _steps(graph: VersionGraph, path: Sequence[int], mask: int) -> Iterator[Step]:
    older: Operation | None = None
    for node, to in pairwise(path):
        why, operation = next((why, by) for end, why, by in graph.edges[node] if end == to and why & mask)
        if to >= graph.versions:
            older = operation or older
            continue
        assert operation is not None
        if why == SWAPPED:
            older = operation
        yield Step(_because(why), None if why == INITIAL else older, operation)


def _because(why: int) -> str:
    others = {REAL_TIME: "real-time", INITIAL: "initial", SWAPPED: "compare-and-set"}
    return others.get(why) or Guarantee(why).title


@dataclass(frozen=True)
class _Sessions:
    model: Model
    name: str = "session-guarantees"

    def check(self, history: History, budget: Budget) -> Verdict:
        registers = versions(self.model, history)
        found = [each for register in registers for each in find_broken(register, version_graph(register))]
        traced = sum(len(readers) for register in registers for readers in register.readers.values())
        details = {
            "scope": "per key",
            "keys": len(registers),
            "traced_reads": traced,
            "untraceable_reads": sum(len(each.unwritten) + len(each.ambiguous) for each in registers),
            "guarantees": {guarantee.title: status(guarantee, found) for guarantee in SINGLE},
            "broken": [as_data(self.model, each) for each in _first_of_each_kind(found)],
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
        if each.guarantees & guarantee and not any(_says_more(other, each) for other in found):
            return "not-with:" + ",".join(_titles(each.guarantees & ~guarantee))
    return "held"


def _says_more(one: Broken, two: Broken) -> bool:
    """Whether fewer guarantees are broken in as many orders: the second then tells nothing of those left over."""
    fewer = one.guarantees & two.guarantees == one.guarantees != two.guarantees
    return fewer and one.order in ("any", two.order)


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


def as_data(model: Model, found: Broken) -> dict[str, object]:
    """The same for `results.json`."""
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
