"""A set that only grows, read as a whole: decided in time linear in the size of all that was read.

The sets that were read, by size, each have to hold those before; so they and the elements in which they differ form
layers in a forced order. The history is linearizable exactly if real time allows that order.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from ....histories.operation import Operation, Value
from ...models.grow_only_set import elements_of
from ...models.model import Model
from ...models.values import canonical
from ..engine import Conflict, InapplicableError, Solution
from .layers import by_call, first_disorder


def decide(model: Model, operations: Sequence[Operation]) -> Solution:
    """The adds and the reads in order, or what is wrong.

    Raises InapplicableError if an element is added twice, or there from the beginning.
    """
    solution = _decide(model, operations)
    return replace(solution, elements=_shown(solution, operations)) if isinstance(solution, Conflict) else solution


def _shown(conflict: Conflict, operations: Sequence[Operation]) -> tuple[Value, ...]:
    """The elements that the conflict is about: those added in it, and of those read what tells the reads apart."""
    added = {canonical(each.input) for each in operations if each.f == "add"}
    shown = {canonical(each.input): each.input for each in conflict.operations if each.f == "add"}
    reads = [each.output for each in conflict.operations if isinstance(each.output, tuple)]
    for found in reads:
        counts = Counter(map(canonical, found))
        strange = (each for each in found if canonical(each) not in added or counts[canonical(each)] > 1)
        others = [{*map(canonical, other)} for other in reads if other is not found]
        different = (each for each in found if any(canonical(each) not in other for other in others))
        for element in (next(strange, None), next(different, None)):
            if element is not None:
                shown.setdefault(canonical(element), element)
    return tuple(shown.values())


def _decide(model: Model, operations: Sequence[Operation]) -> Solution:
    if model.initial:
        raise InapplicableError("the set is not empty at first")
    adds: dict[Hashable, Operation] = {}
    reads: dict[frozenset[Hashable], list[Operation]] = {}
    for operation in operations:
        if operation.f == "add":
            element = canonical(operation.input)
            if element in adds:
                raise InapplicableError("an element is added twice")
            adds[element] = operation
    for operation in operations:
        if operation.f == "read" and operation.return_ is not None:
            found = operation.output
            if not isinstance(found, tuple):
                return Conflict("not a set", (operation,))
            elements = _elements(found)
            if len(elements) < len(found):
                return Conflict("element there twice", (operation,))
            reads.setdefault(elements, []).append(operation)
    return _order(adds, {elements: by_call(reads[elements]) for elements in sorted(reads, key=len)})


def _order(adds: Mapping[Hashable, Operation], reads: Mapping[frozenset[Hashable], Sequence[Operation]]) -> Solution:
    """A linearization, given the sets that were read, the smallest first, each with its reads."""
    layers: list[Sequence[Operation]] = []
    unread, smaller = dict(adds), frozenset[Hashable]()
    for elements, readers in reads.items():
        if not smaller <= elements:
            return _disagreement(adds, reads, reads[smaller][0], readers[0])
        added: list[Operation] = []
        for element in elements - smaller:
            add = unread.pop(element, None)
            if add is None:
                return Conflict("element nobody added", (readers[0],))
            added.append(add)
        layers += (by_call(added), readers)
        smaller = elements
    layers.append(by_call(add for add in unread.values() if add.return_ is not None))
    disorder = first_disorder(layers)
    if disorder is not None:
        return _disorder(adds, reads, *disorder)
    return tuple(operation for layer in layers for operation in layer)


def _elements(found: tuple[Value, ...]) -> frozenset[Hashable]:
    """As `elements_of`, quicker where all are integers or strings, which stand for themselves."""
    return frozenset(found) if {*map(type, found)} <= {int, str} else elements_of(found)


def _of(read: Operation) -> frozenset[Hashable]:
    assert isinstance(read.output, tuple)
    return _elements(read.output)


def _disagreement(
    adds: Mapping[Hashable, Operation],
    reads: Mapping[frozenset[Hashable], Sequence[Operation]],
    one: Operation,
    other: Operation,
) -> Conflict:
    """What is wrong with two reads of which neither holds all that the other holds."""
    if other.precedes(one):
        one, other = other, one
    missing = _of(one) - _of(other)
    nobodys = [read for read in (one, other) if not _of(read) <= adds.keys()]
    if nobodys:
        return Conflict("element nobody added", (nobodys[0],))
    added = min((adds[element] for element in missing), key=lambda add: add.call)
    if not one.precedes(other) and not added.precedes(other):
        return Conflict("reads disagree", (one, other))
    return Conflict(_missing(reads, added, other), (added, one, other))


def _missing(reads: Mapping[frozenset[Hashable], Sequence[Operation]], add: Operation, read: Operation) -> str:
    """What to call it that the read does not hold the element."""
    element = canonical(add.input)
    seen = any(element in elements for elements, readers in reads.items() if readers[-1].call > read.call)
    return "stale read" if seen else "lost element"


def _disorder(
    adds: Mapping[Hashable, Operation],
    reads: Mapping[frozenset[Hashable], Sequence[Operation]],
    late: Operation,
    early: Operation,
) -> Conflict:
    """What is wrong with an operation that returned before one was called that must have come first."""
    if early.f == "read":
        if late.f == "add":
            return Conflict(_missing(reads, late, early), (late, early))
        added = min((adds[element] for element in _of(late) - _of(early)), key=lambda add: add.call)
        return Conflict(_missing(reads, added, early), (added, late, early))
    if late.f == "read":
        return Conflict("read before its add", (late, early))
    element = canonical(early.input)
    between = next(readers[0] for elements, readers in reads.items() if element in elements)
    return Conflict(_missing(reads, late, between), (late, early, between))
