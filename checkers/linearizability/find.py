"""Evidence: a few operations that show why a history is not linearizable."""

from collections.abc import Callable, Sequence, Set
from dataclasses import replace

from ...histories.operation import Operation
from ..checker import Budget
from ..models.model import Model, unnamed
from ..verdict import Evidence, Validity, weakened
from .engine import Conflict
from .prepare import relevant
from .reduce import Reduction
from .search import search
from .sound import omissions_are_sound
from .zones import conflicts

REFERENCE_BUDGET = Budget(seconds=None, configurations=200_000)
"""For the check of one candidate. No clock, so that the same history always gets the same evidence."""

LARGE = 150
"""How many operations around a conflict are still worth reducing."""

CANDIDATES = 6
"""How many of the smallest conflicts are made as small as they can be, to choose among them."""


def is_evidence(model: Model, operations: Sequence[Operation], evidence: Evidence) -> bool:
    """Whether it is not linearizable, and taken from `operations`, all those of its object, by sound steps only."""
    if not omissions_are_sound(model, operations, evidence):
        return False
    return search(model, evidence.constraints, REFERENCE_BUDGET).validity is Validity.INVALID


def from_conflicts(model: Model, operations: Sequence[Operation]) -> Evidence | None:
    """Evidence from the periods in which values were held, in about linear time; None where they do not conflict.

    The smallest found, and the earliest of those. At most six operations if all are reads and writes.
    """
    present = relevant(model, operations)
    found = sorted(conflicts(model, present), key=lambda conflict: (len(conflict), conflict[-1].call))[:CANDIDATES]
    candidates: list[Evidence] = []
    reduction = Reduction(model, present) if found else None
    for conflict in found:
        assert reduction is not None
        if reduction.start_from({operation.index for operation in conflict}):
            culprit = _first_failure(
                model, _kept(reduction, present), lambda prefix: search(model, prefix, REFERENCE_BUDGET).validity
            )
            assert culprit is not None, "operations that are not linearizable include one that returned"
            reduction.drop(culprit)
            candidates.append(_evidence(_kept(reduction, present), culprit))
    candidates.sort(key=lambda evidence: (len(evidence.operations), when(evidence)))
    confirmed = (candidate for candidate in candidates if is_evidence(model, operations, candidate))
    best = next(confirmed, None)
    return None if best is None else _named(model, operations, best)


def from_failing_prefix(
    model: Model, operations: Sequence[Operation], decide: Callable[[Sequence[Operation]], Validity]
) -> Evidence | None:
    """Evidence for operations that are not linearizable, from their shortest prefix that is not.

    Operations that are not needed are left out of it one bunch after another. None if that could not be confirmed.
    """
    present = relevant(model, operations)
    culprit = _first_failure(model, present, decide)
    if culprit is None or culprit.return_ is None:
        return None
    found = _reduced(model, operations, _prefix(model, present, culprit.return_ + 1), culprit)
    return None if found is None else _named(model, operations, found)


def from_named_conflict(
    model: Model, operations: Sequence[Operation], conflict: Callable[[Sequence[Operation]], Conflict | None]
) -> Evidence | None:
    """The same with an engine that says of any prefix what is wrong with it, if anything is.

    It begins with those that the engine shows and all that they depend on; None also if that is too much to reduce.
    """
    present = relevant(model, operations)
    culprit = _first_failure(
        model, present, lambda prefix: Validity.VALID if conflict(prefix) is None else Validity.INVALID
    )
    if culprit is None or culprit.return_ is None:
        return None
    prefix = _prefix(model, present, culprit.return_ + 1)
    wrong = conflict(prefix)
    assert wrong is not None, "the shortest prefix that is not linearizable has a conflict"
    around = _around(model, prefix, {culprit.index, *(operation.index for operation in wrong.operations)})
    for part in (around, prefix):
        found = _reduced(model, operations, part, culprit) if len(part) <= LARGE else None
        if found is not None:
            named = _named(model, operations, found)
            wrong = conflict(found.constraints) or wrong
            return replace(named, anomaly=wrong.anomaly) if named.anomaly == unnamed(culprit, (), ())[0] else named
    return None


def _around(model: Model, operations: Sequence[Operation], indexes: Set[int]) -> list[Operation]:
    """The operations of these indexes, the mutators that they observe, those that these observe, and so on."""
    mutators = {operation.index: operation for operation in operations if not model.is_read(operation)}
    work = [operation for operation in operations if operation.index in indexes]
    kept = {operation.index for operation in work}
    while work and len(kept) <= LARGE:
        observer = work.pop()
        resets = [each for each in mutators.values() if each.index in kept and _is_reset_before(model, each, observer)]
        observed = [
            each
            for each in mutators.values()
            if each.index not in kept
            and model.observes(observer, each)
            and not any(each.precedes(reset) for reset in resets)
        ]
        kept.update(each.index for each in observed)
        work += observed
    return [operation for operation in operations if operation.index in kept]


def _is_reset_before(model: Model, operation: Operation, observer: Operation) -> bool:
    return operation.outcome == "ok" and model.is_reset(operation) and operation.precedes(observer)


def _reduced(
    model: Model, operations: Sequence[Operation], prefix: Sequence[Operation], culprit: Operation
) -> Evidence | None:
    """Evidence from part of the prefix that ends with the return of the culprit; None if it could not be confirmed."""
    assert culprit.return_ is not None
    cut = culprit.return_ + 1
    reduction = Reduction(model, prefix)
    whole = _evidence(_kept(reduction, operations), culprit, cut)
    reduction.drop(culprit)
    smaller = _evidence(_kept(reduction, operations), culprit, cut)
    candidates = (replace(smaller, cut=None), smaller, whole)
    return next((candidate for candidate in candidates if is_evidence(model, operations, candidate)), None)


def when(evidence: Evidence) -> int:
    """The position of the event at which it went wrong, for putting evidence in order."""
    culprit = next(operation for operation in evidence.operations if operation.index == evidence.culprit)
    assert culprit.return_ is not None
    return culprit.return_


def _kept(reduction: Reduction, operations: Sequence[Operation]) -> list[Operation]:
    """The operations that are left in the reduction, as the history has them."""
    left = {reduction.operations[place].index for place in reduction.kept}
    return [operation for operation in operations if operation.index in left]


def _evidence(kept: Sequence[Operation], culprit: Operation, cut: int | None = None) -> Evidence:
    """Evidence that has no name yet. Operations open at the cut are optional."""
    opened = (each.index for each in kept if cut is not None and each.return_ is not None and each.return_ >= cut)
    return Evidence(culprit.key, tuple(kept), "", culprit.index, frozenset(opened), cut=cut)


def _prefix(model: Model, operations: Sequence[Operation], cut: int) -> list[Operation]:
    """What had been called before the position `cut`; of unknown outcome what had not returned by then."""
    called = [operation for operation in operations if operation.call < cut]
    return [
        operation if operation.return_ is not None and operation.return_ < cut else weakened(operation)
        for operation in called
        if (operation.return_ is not None and operation.return_ < cut) or not model.is_read(operation)
    ]


def _first_failure(
    model: Model, operations: Sequence[Operation], decide: Callable[[Sequence[Operation]], Validity]
) -> Operation | None:
    """The operation at whose return the operations are no longer linearizable; None if nothing had returned.

    By bisection: a prefix of what is linearizable is linearizable.
    """
    returned = sorted((each for each in operations if each.return_ is not None), key=lambda each: each.return_ or 0)
    low, high = 0, len(returned) - 1
    while low < high:
        middle = (low + high) // 2
        if decide(_prefix(model, operations, (returned[middle].return_ or 0) + 1)) is Validity.INVALID:
            high = middle
        else:
            low = middle + 1
    return returned[high] if returned else None


def _named(model: Model, operations: Sequence[Operation], evidence: Evidence) -> Evidence:
    """The evidence with the name of its anomaly and with the operations that explain it.

    An explaining operation constrains the others where the evidence stays evidence, and is only context elsewhere.
    """
    culprit = next(operation for operation in operations if operation.index == evidence.culprit)
    anomaly, explaining = model.anomaly(culprit, evidence.constraints, operations)
    named = replace(evidence, anomaly=anomaly)
    for operation in explaining:
        if all(operation.index != other.index for other in named.operations):
            more = tuple(sorted((*named.operations, operation), key=lambda each: each.index))
            firm = replace(named, operations=more)
            context = replace(firm, context=firm.context | {operation.index})
            named = firm if is_evidence(model, operations, firm) else context
    return named
