"""Sequential consistency, over all keys together: is there one order of all operations that keeps the order of each
process, whatever real time says, and that the model allows?

Lamport, "How to make a multiprocessor computer that correctly executes multiprocess programs" (IEEE Trans. Computers
1979). It does not compose: every key may be sequentially consistent by itself, and all together not. To decide it is
NP-complete even where values are written once (Gibbons & Korach, "Testing shared memories", SIAM J. Comput. 1997), so
`unknown` is an answer. On registers, in this order:

1. What no order explains: a value that nobody can have written; two successful compare-and-sets of one value; session
   guarantees of one key that do not hold together (sessions.py).
2. A guess, verified (sequential_orders.py).
3. What follows from what was found, until there is a cycle or nothing new (saturation.py); then a better guess.
4. A bounded search (interleaving.py), one key at a time and then all; for other models, this alone.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .interleaving import interleave
from .models.model import ANY, Model
from .models.values import show
from .saturation import CELLS, Link, Saturation, saturate
from .sequential_orders import guess, is_sequential
from .sessions import find_broken, sentence
from .verdict import Validity, Verdict
from .version_graph import ALL, ALWAYS, VersionGraph, version_graph
from .versions import Versions, versions

CONFIGURATIONS: Final = 20_000
"""How many configurations the search looks at, at most."""

Scope = Literal["all keys", "one key"]


@dataclass(frozen=True)
class Sequential:
    """Whether there is a sequential order.

    `order` is one, of operation indexes, verified. `operations` are those that show that there is none: by themselves
    they have none either. `scope` says whether they are all of one key, so that not even that key is sequentially
    consistent by itself.
    """

    validity: Validity
    reason: str
    order: tuple[int, ...] = ()
    operations: tuple[int, ...] = ()
    scope: Scope = "all keys"


def sequential(model: Model) -> Checker:
    """The checker of sequential consistency over all keys together."""
    return _Sequential(model)


def decide(
    model: Model,
    operations: Sequence[Operation],
    registers: Mapping[Value, tuple[Versions, VersionGraph]],
    *,
    deadline: float | None = None,
    configurations: int = CONFIGURATIONS,
    cells: int = CELLS,
) -> Sequential:
    """Whether there is a sequential order of the operations.

    `registers` holds for a register model all keys, else nothing. `deadline` is a time of `monotonic`; at most so many
    `configurations` are searched (0: none), and so many `cells` filled while following what must come before what.
    """
    both = list(registers.values())
    for register, graph in both:
        impossible = ruled_out(model, register, graph)
        if impossible is not None:
            return impossible
    links: Sequence[tuple[int, int]] = ()
    if both:
        each, graphs = [register for register, _ in both], [graph for _, graph in both]
        order = guess(each, graphs)
        if order is not None and is_sequential(model, operations, order):
            return _found(operations, order)
        saturated = saturate(each, deadline, cells)
        if saturated.cycle:
            return _cyclic(model, saturated)
        links = saturated.links
        order = guess(each, graphs, saturated.writes) if saturated.complete else None
        if order is not None and is_sequential(model, operations, order):
            return _found(operations, order)
    if not configurations:
        return Sequential(Validity.UNKNOWN, "no order was found in linear time")
    return _searched(model, operations, links, deadline, configurations)


def ruled_out(model: Model, register: Versions, graph: VersionGraph) -> Sequential | None:
    """What rules out any order of the operations on this key alone, in near linear time; None if nothing was found."""
    key = show(register.key)
    for read in register.unwritten:
        what = f"{model.describe(read)} by process {read.process} on key {key} found what nobody can have written"
        return Sequential(Validity.INVALID, what, operations=(read.index,), scope="one key")
    for one, two in _swapped_twice(register):
        both = " and ".join(f"{model.describe(each)} by process {each.process}" for each in (one, two))
        what = f"{both} on key {key} both took effect, on a value that was written once"
        operations = _with_writers(register, (one, two))
        return Sequential(Validity.INVALID, what, operations=operations, scope="one key")
    if graph.cyclic and graph.cycles(ALWAYS | ALL):
        broken = next(each for each in find_broken(register, graph) if each.order == "any")
        shown = [each for step in broken.cycle for each in (step.older, step.newer) if each is not None]
        operations = _with_writers(register, shown)
        return Sequential(Validity.INVALID, sentence(model, broken), operations=operations, scope="one key")
    return None


def _with_writers(register: Versions, operations: Iterable[Operation]) -> tuple[int, ...]:
    """The indexes of the operations, of those who wrote what they found, and of who shows that all that happened."""
    shown = {operation.index: operation for operation in operations}
    work = list(shown.values())
    for operation in work:
        writer = register.writers.get(register.access[operation.index].reads)
        reader = operation if operation.outcome == "ok" else register.readers[register.left(operation)][0]
        for other in (writer, reader):
            if other is not None and other.index not in shown:
                shown[other.index] = other
                work.append(other)
    return tuple(sorted(shown))


def _swapped_twice(register: Versions) -> Iterator[tuple[Operation, Operation]]:
    swaps: dict[Hashable, Operation] = {}
    for operation in register.operations:
        done = register.access[operation.index]
        if done.writes is not ANY and done.reads in register.writers and register.happened(operation):
            first = swaps.setdefault(done.reads, operation)
            if first is not operation:
                yield first, operation


def _found(operations: Sequence[Operation], order: tuple[int, ...]) -> Sequential:
    return Sequential(Validity.VALID, f"an order of {len(order)} operations was found and verified", order)


def _cyclic(model: Model, saturated: Saturation) -> Sequential:
    keys = {model.partition(each) for each in saturated.involved}
    told = "; ".join(_told(model, link) for link in saturated.cycle)
    scope: Scope = "one key" if len(keys) == 1 else "all keys"
    return Sequential(
        Validity.INVALID, f"each is before the next: {told}", operations=_indexes(saturated.involved), scope=scope
    )


def _told(model: Model, link: Link) -> str:
    before, after = (_named(model, each) for each in (link.before, link.after))
    if link.because == "process":
        return f"{before}, then in its process {after}"
    if link.because == "read":
        return f"{before}, which was found by {after}"
    if link.because == "found-later":
        return f"{before}, then {after}, for {_named(model, link.via)} is after the former and found the latter"
    return f"{before}, then {after}, which replaced what the former found"


def _named(model: Model, operation: Operation | None) -> str:
    if operation is None:
        return "the initial value"
    return f"{model.describe(operation)} by process {operation.process} on key {show(model.partition(operation))}"


def _searched(
    model: Model,
    operations: Sequence[Operation],
    links: Sequence[tuple[int, int]],
    deadline: float | None,
    configurations: int,
) -> Sequential:
    objects: dict[Value, list[Operation]] = {}
    for operation in operations:
        objects.setdefault(model.partition(operation), []).append(operation)
    for key, own in objects.items() if len(objects) > 1 else ():
        found = interleave(model, own, links, deadline, configurations // len(objects))
        if found.order is None and not found.reason:
            what = f"the operations on key {show(key)} have no order, even by themselves"
            return Sequential(Validity.INVALID, what, operations=_indexes(own), scope="one key")
    found = interleave(model, operations, links, deadline, configurations)
    if found.order is None:
        if found.reason:
            return Sequential(Validity.UNKNOWN, found.reason)
        scope: Scope = "one key" if len(objects) == 1 else "all keys"
        return Sequential(Validity.INVALID, "all orders were tried", operations=_indexes(operations), scope=scope)
    if not is_sequential(model, operations, found.order):
        return Sequential(Validity.UNKNOWN, "the search gave a wrong order, which is a defect of the checker")
    return _found(operations, found.order)


def _indexes(operations: Sequence[Operation]) -> tuple[int, ...]:
    return tuple(operation.index for operation in operations)


@dataclass(frozen=True)
class _Sequential:
    model: Model
    name: str = "sequential"

    def check(self, history: History, budget: Budget) -> Verdict:
        registers = {}
        if self.model.access is not None:
            registers = {each.key: (each, version_graph(each)) for each in versions(self.model, history)}
        deadline = None if budget.seconds is None else monotonic() + budget.seconds
        configurations = CONFIGURATIONS if budget.configurations is None else budget.configurations
        found = decide(self.model, history.operations, registers, deadline=deadline, configurations=configurations)
        details = {"scope": found.scope, "operations": found.operations, "ordered": len(found.order)}
        return Verdict(self.name, found.validity, found.reason, details=details)
