"""Evidence: a few operations that show why a history is not linearizable.

For small objects every conflict is looked at, for the smallest evidence. For large ones the search begins around the
operation at whose return it went wrong (part.py). Either way what is found is made as small as it can be (reduce.py),
checked (confirm.py) before it counts, and named (naming.py).
"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import chain
from typing import Final

from ...histories.operation import Operation, Value
from ..models.model import Model
from ..models.values import canonical
from ..verdict import Evidence, Validity
from . import choose
from .confirm import REFERENCE, is_evidence, when
from .engine import Conflict, EngineResult
from .naming import called, named
from .part import Part, prefix, windows
from .prepare import relevant
from .reduce import Reduction, fails
from .stale import first_stale_read
from .zones import conflicts

LARGE: Final = 2_000
"""Operations of an object from which on not all of its conflicts are looked at."""

SMALL: Final = 150
"""Operations of an object up to which all that led to what went wrong is looked at first."""

CANDIDATES: Final = 6
"""How many of the smallest conflicts are made as small as they can be, to choose among them."""

LARGEST: Final = 5_000
"""How many operations are still made fewer."""

Decide = Callable[[Sequence[Operation]], Validity]
Spent = Callable[[], bool]
"""Whether the time is used up: what was found by then has to do."""


def never() -> bool:
    """There is time."""
    return False


def evidence_for(
    model: Model,
    operations: Sequence[Operation],
    result: EngineResult,
    culprit: Operation | None,
    decide: Decide,
    spent: Spent = never,
) -> Evidence | None:
    """Evidence for operations of one object that an engine found not to be linearizable; None if none was confirmed.

    `culprit` is the operation at whose return it went wrong, if that is known, or one a little later. `decide` is used
    where it has to be found out. When the time is `spent`, evidence is not made smaller any more.
    """
    present = relevant(model, operations)
    found = None
    if result.conflict is not None:
        found = from_named_conflict(model, operations, present, result.conflict, spent)
    elif len(present) <= LARGE:
        found = from_conflicts(model, operations, spent)
    if found is None and culprit is not None and len(present) > SMALL:
        found = from_windows(model, operations, present, culprit, spent)
    if found is None and len(present) > LARGE and not spent():
        found = from_stale_read(model, operations, spent) or from_conflicts(model, operations, spent)
    if found is None and len(present) <= LARGEST and not spent():
        found = from_failing_prefix(model, operations, decide, spent)
    return found


def from_conflicts(model: Model, operations: Sequence[Operation], spent: Spent = never) -> Evidence | None:
    """Evidence from the periods in which values were held, in about linear time; None where they do not conflict.

    The smallest found, and the earliest of those. At most six operations if all are reads and writes.
    """
    present = relevant(model, operations)
    found = sorted(conflicts(model, present), key=lambda conflict: (len(conflict), conflict[-1].call))[:CANDIDATES]
    candidates: list[Evidence] = []
    for conflict in found:
        # What the conflict depends on is in it: the others are only asked about when it is checked.
        part = Part(conflict)
        evidence = _reduced(model, present, part, None, spent)
        if evidence is not None:
            candidates.append(evidence)
    candidates.sort(key=lambda evidence: (len(evidence.operations), when(evidence)))
    confirmed = (candidate for candidate in candidates if is_evidence(model, operations, candidate))
    best = next(confirmed, None)
    return None if best is None else named(model, operations, best)


def from_stale_read(model: Model, operations: Sequence[Operation], spent: Spent = never) -> Evidence | None:
    """Evidence from the first read of what had certainly been replaced, in about linear time."""
    present = relevant(model, operations)
    found = first_stale_read(model, present)
    if found is None:
        return None
    other, reader = found
    assert reader.return_ is not None, "who found something has returned"
    certain = model.blind(other) or other
    forms = tuple(sorted((certain, reader), key=lambda each: each.index))
    part = Part(forms, reader.return_ + 1, certain)
    evidence = _confirmed(model, operations, present, part, reader, spent)
    return None if evidence is None else named(model, operations, evidence)


def from_windows(
    model: Model,
    operations: Sequence[Operation],
    present: Sequence[Operation],
    culprit: Operation,
    spent: Spent = never,
) -> Evidence | None:
    """Evidence from the last operations before the return of the culprit."""
    assert culprit.return_ is not None
    cut = culprit.return_ + 1
    for part in chain(windows(model, present, culprit), [Part(tuple(prefix(model, present, cut)), cut)]):
        if len(part.forms) <= LARGEST and fails(model, part.forms):
            evidence = _confirmed(model, operations, present, part, culprit, spent)
            if evidence is not None:
                return named(model, operations, evidence)
    return None


def from_failing_prefix(
    model: Model, operations: Sequence[Operation], decide: Decide, spent: Spent = never
) -> Evidence | None:
    """Evidence for operations that are not linearizable, from their shortest prefix that is not.

    Operations that are not needed are left out of it one bunch after another. None if that could not be confirmed.
    """
    present = relevant(model, operations)
    culprit = first_failure(model, present, decide)
    if culprit is None or culprit.return_ is None:
        return None
    cut = culprit.return_ + 1
    part = Part(tuple(prefix(model, present, cut)), cut)
    found = _confirmed(model, operations, present, part, culprit, spent)
    return None if found is None else named(model, operations, found)


def from_named_conflict(
    model: Model,
    operations: Sequence[Operation],
    present: Sequence[Operation],
    conflict: Conflict,
    spent: Spent = never,
) -> Evidence | None:
    """Evidence from what an engine says is wrong: what it shows, and all that this depends on."""
    culprit = max(
        (each for each in conflict.operations if each.return_ is not None),
        key=lambda each: each.return_ or 0,
        default=None,
    )
    for part in _around(model, present, conflict, culprit):
        if len(part.forms) <= LARGEST and fails(model, part.forms):
            found = _confirmed(model, operations, present, part, None, spent)
            if found is not None:
                return called(model, operations, found, conflict)
    return None


def _around(
    model: Model, present: Sequence[Operation], conflict: Conflict, culprit: Operation | None
) -> Iterator[Part]:
    indexes = {operation.index for operation in conflict.operations}
    if model.narrowed is not None and conflict.elements:
        for elements in ((element,) for element in conflict.elements) if len(conflict.elements) > 1 else ():
            yield _narrowed(model, present, indexes, elements)
        yield _narrowed(model, present, indexes, conflict.elements)
        return
    few = _depended_on(model, present, conflict.operations, SMALL)
    if len(few) <= SMALL:
        yield Part(tuple(few))
    if culprit is not None:
        yield from windows(model, present, culprit)
    if len(few) > SMALL:
        yield Part(tuple(_depended_on(model, present, conflict.operations, LARGEST)))


def _narrowed(model: Model, present: Sequence[Operation], indexes: Set[int], elements: tuple[Value, ...]) -> Part:
    """The operations of these indexes and all that changed one of these elements, telling only of these."""
    assert model.narrowed is not None
    only = {*map(canonical, elements)}
    shown = (each for each in present if each.index in indexes or not model.is_read(each))
    forms = (model.narrowed(each, only) for each in shown)
    return Part(tuple(form for form in forms if form is not None), elements=elements)


def _depended_on(model: Model, present: Sequence[Operation], shown: Sequence[Operation], most: int) -> list[Operation]:
    """The operations shown, the mutators that they observe, those that these observe, and so on; some if too many."""
    mutators = {operation.index: operation for operation in present if not model.is_read(operation)}
    kept = {operation.index: operation for operation in shown}
    work = list(kept.values())
    while work and len(kept) <= most:
        observer = work.pop()
        hidden_until = max(
            (
                each.call
                for each in kept.values()
                if each.outcome == "ok" and model.is_reset(each) and each.precedes(observer)
            ),
            default=-1,
        )
        observed = [
            each
            for each in mutators.values()
            if each.index not in kept
            and (each.return_ is None or each.return_ >= hidden_until)
            and model.observes(observer, each)
        ]
        kept.update((each.index, each) for each in observed)
        work += observed
    return sorted(kept.values(), key=lambda each: each.index)


def _confirmed(
    model: Model,
    operations: Sequence[Operation],
    present: Sequence[Operation],
    part: Part,
    culprit: Operation | None,
    spent: Spent,
) -> Evidence | None:
    """Evidence from the part, as small as it gets; the larger one if that could not be confirmed, else None."""
    found = _reduced(model, present, part, culprit, spent)
    if found is None:
        return None
    whole = part.evidence(model, {form.index for form in part.forms}, present, _of(present, found.culprit))
    candidates = [found, whole] if part.cut is None else [replace(found, cut=None), found, whole]
    if part.certain is not None:
        candidates[:0] = [_without(replace(found, cut=None), part.certain), _without(found, part.certain)]
    return next((candidate for candidate in candidates if is_evidence(model, operations, candidate)), None)


def _without(evidence: Evidence, operation: Operation) -> Evidence:
    return replace(
        evidence,
        operations=tuple(each for each in evidence.operations if each.index != operation.index),
        relaxed=tuple(each for each in evidence.relaxed if each.index != operation.index),
    )


def _reduced(
    model: Model, present: Sequence[Operation], part: Part, culprit: Operation | None, spent: Spent
) -> Evidence | None:
    """Evidence from the part, not checked yet; None if it proves nothing."""
    reduction = Reduction(model, part.forms, spent)
    if culprit is None:
        if not reduction.start_from({form.index for form in part.forms}):
            return None
        kept = [reduction.operations[place] for place in sorted(reduction.kept)]
        culprit = first_failure(model, kept, lambda some: choose.decide(model, some, REFERENCE).validity)
        assert culprit is not None, "operations that are not linearizable include one that returned"
    needed = (culprit,) if part.certain is None else (culprit, part.certain)
    reduction.drop(*needed)
    indexes = {reduction.operations[place].index for place in reduction.kept}
    return part.evidence(model, indexes, present, _of(present, culprit.index))


def first_failure(model: Model, operations: Sequence[Operation], decide: Decide) -> Operation | None:
    """The operation at whose return the operations are no longer linearizable; None if nothing had returned.

    By bisection: a prefix of what is linearizable is linearizable.
    """
    returned = sorted((each for each in operations if each.return_ is not None), key=lambda each: each.return_ or 0)
    low, high = 0, len(returned) - 1
    while low < high:
        middle = (low + high) // 2
        if decide(prefix(model, operations, (returned[middle].return_ or 0) + 1)) is Validity.INVALID:
            high = middle
        else:
            low = middle + 1
    return returned[high] if returned else None


def _of(operations: Sequence[Operation], index: int) -> Operation:
    return next(operation for operation in operations if operation.index == index)
