"""Parts of a long history, around the place where it went wrong, that are still evidence.

A part holds operations in weaker forms (sound.py). The point of it is a *point of certainty*: an operation whose answer
says what the state was. Taken for a blind one that leaves this state, it hides everything before it.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from math import inf
from typing import Final

from ...histories.operation import Operation, Value
from ..models.model import ANY, Model
from ..models.values import canonical
from ..verdict import Evidence, weakened

SIZES: Final = (8, 32, 128, 512, 2048)
"""How many of the last operations are looked at, one after the other, before all are."""

LOOK_BACK: Final = 200
"""How many operations before those are looked at for a point of certainty."""


@dataclass(frozen=True)
class Part:
    """Operations in the forms in which they are taken, by call; only what happened before `cut` (None: everything).

    `certain` is the point of certainty. With `elements`, all is narrowed to them.
    """

    forms: tuple[Operation, ...]
    cut: int | None = None
    certain: Operation | None = None
    elements: tuple[Value, ...] | None = None

    def evidence(self, model: Model, kept: Set[int], operations: Sequence[Operation], culprit: Operation) -> Evidence:
        """Evidence of the forms with these indexes, which has no name yet, with the operations as recorded."""
        forms = {form.index: form for form in self.forms if form.index in kept}
        recorded = tuple(operation for operation in operations if operation.index in forms)
        narrow = {*map(canonical, self.elements)} if self.elements is not None and model.narrowed is not None else None
        optional: set[int] = set()
        relaxed: list[Operation] = []
        for operation in recorded:
            form = forms[operation.index]
            if operation.return_ is not None and form.return_ is None:
                optional.add(operation.index)
            if form in (operation, weakened(operation)):
                continue
            whole = model.blind(operation) if narrow is None else model.narrowed and model.narrowed(operation, narrow)
            assert whole is not None, "a form is one of the weaker ones that the model gives"
            relaxed.append(whole)
        return Evidence(
            culprit.key,
            recorded,
            "",
            culprit.index,
            frozenset(optional),
            cut=self.cut,
            relaxed=tuple(relaxed),
            elements=self.elements,
        )


def prefix(model: Model, operations: Sequence[Operation], cut: int) -> list[Operation]:
    """What had been called before the position `cut`; of unknown outcome what had not returned by then."""
    return [
        operation if operation.return_ is not None and operation.return_ < cut else weakened(operation)
        for operation in operations
        if operation.call < cut
        and ((operation.return_ is not None and operation.return_ < cut) or not model.is_read(operation))
    ]


def windows(model: Model, operations: Sequence[Operation], culprit: Operation) -> Iterator[Part]:
    """Larger and larger parts that end with the return of the culprit, from a point of certainty on."""
    assert culprit.return_ is not None
    cut = culprit.return_ + 1
    before = prefix(model, operations, cut)
    finders: Callable[[Sequence[Operation]], list[Operation]] | None = None
    for size in SIZES:
        certain = _certain(model, before, size)
        if certain is None:
            break
        forms = _since(model, before, certain)
        yield Part(tuple(forms), cut, certain)
        if size > SIZES[0] and model.access is not None:
            finders = finders or _finders(model, before)
            more = {form.index: form for form in (*forms, *finders(forms))}
            if len(more) > len(forms):
                yield Part(tuple(sorted(more.values(), key=lambda each: each.index)), cut, certain)


def _certain(model: Model, operations: Sequence[Operation], size: int) -> Operation | None:
    """The last operation called before the last `size` ones, returned by then as well, that says what the state was."""
    if size >= len(operations):
        return None
    start = operations[-size].call
    for operation in reversed(operations[max(0, len(operations) - size - LOOK_BACK) : len(operations) - size]):
        if operation.return_ is not None and operation.return_ < start and operation.outcome == "ok":
            blind = model.blind(operation)
            if blind is not None:
                return blind
    return None


def _since(model: Model, operations: Sequence[Operation], certain: Operation) -> list[Operation]:
    """The operations that the point of certainty does not hide, blind where they were called before it had returned."""
    assert certain.return_ is not None
    known, hidden_before = certain.return_, certain.call
    forms: list[Operation] = []
    for operation in operations:
        if operation.return_ is not None and operation.return_ < hidden_before:
            continue
        if operation.index == certain.index:
            forms.append(certain)
        elif operation.call > known:
            forms.append(operation)
        elif not model.is_read(operation):
            forms.append(model.blind(operation) or operation)
    return forms


def _finders(model: Model, operations: Sequence[Operation]) -> Callable[[Sequence[Operation]], list[Operation]]:
    """A function that gives, for some operations, who found soonest what they wrote, if nobody else wrote it."""
    assert model.access is not None
    soonest: dict[object, Operation] = {}
    writers: dict[object, int] = {canonical(model.initial): 1}
    for operation in operations:
        access = model.access(operation)
        if access.writes is not ANY:
            writers[access.writes] = writers.get(access.writes, 0) + 1
        elif access.reads is not ANY and operation.return_ is not None:
            known = soonest.get(access.reads)
            if known is None or operation.return_ < (inf if known.return_ is None else known.return_):
                soonest[access.reads] = operation

    def of(forms: Sequence[Operation]) -> list[Operation]:
        assert model.access is not None
        written = {model.access(form).writes for form in forms} - {ANY}
        return [soonest[value] for value in written if writers.get(value) == 1 and value in soonest]

    return of
