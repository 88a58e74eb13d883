"""Names for what evidence shows, and operations that help to see it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ...histories.operation import Operation
from ..models.model import Model, unnamed
from ..models.values import canonical
from ..verdict import Evidence, Validity, weakened
from . import choose
from .confirm import REFERENCE, is_evidence, when
from .engine import Conflict
from .states import states_before

MANY: Final = 2_000
"""Operations of an object from which on a name depends on the values in the evidence only."""

ALIKE: Final = 10
"""Of how many of the first and of the last operations that look the same the name of an anomaly depends."""


def called(model: Model, operations: Sequence[Operation], evidence: Evidence, conflict: Conflict) -> Evidence:
    """The evidence with the name that fits it best: the model's, or else that of the engine."""
    found = named(model, operations, evidence)
    unknown = unnamed(evidence.operations[0], (), ())[0]
    return replace(found, anomaly=conflict.anomaly) if found.anomaly == unknown else found


def named(model: Model, operations: Sequence[Operation], evidence: Evidence) -> Evidence:
    """The evidence with the name of its anomaly and with the operations that explain it.

    An explaining operation constrains the others where the evidence stays evidence, and is only context elsewhere.
    """
    culprit = next(each for each in operations if each.index == evidence.culprit)
    concerned = operations if len(operations) <= MANY else _concerned(model, operations, evidence)
    name = unnamed if concerned is None else model.anomaly
    kept = tuple(weakened(each) if each.index in evidence.optional else each for each in evidence.operations)
    anomaly, explaining = _refused(model, operations, evidence) or name(culprit, kept, concerned or ())
    found = replace(evidence, anomaly=anomaly)
    for operation in explaining:
        if all(operation.index != other.index for other in found.operations):
            more = tuple(sorted((*found.operations, operation), key=lambda each: each.index))
            firm = replace(found, operations=more)
            context = replace(firm, context=firm.context | {operation.index})
            found = firm if is_evidence(model, operations, firm) else context
    return replace(found, states=states_before(model, found))


def _refused(
    model: Model, operations: Sequence[Operation], evidence: Evidence
) -> tuple[str, tuple[Operation, ...]] | None:
    """Whether the evidence would be linearizable if operations that were refused could have taken effect."""
    if model.access is not None:
        return None  # Registers name this themselves.
    end = when(evidence)
    refused = [each for each in operations if each.call < end and _changed_nothing(model, each)]
    if not refused:
        return None
    shown = {operation.index for operation in evidence.operations}
    forms = [weakened(each) for each in refused if each.index not in shown]
    if evidence.elements is not None and model.narrowed is not None:
        elements = {*map(canonical, evidence.elements)}
        forms = [form for form in forms if model.narrowed(form, elements) is not None]
    together = sorted((*evidence.constraints, *forms), key=lambda each: each.index)
    result = choose.decide(model, together, REFERENCE)
    if result.validity is not Validity.VALID:
        return None
    happened = {*result.order}
    return "refused, yet visible", tuple(
        each for each in refused if each.index in happened and each.index not in shown
    )[:3]


def _changed_nothing(model: Model, operation: Operation) -> bool:
    """Whether the system said that an operation which may change something had not taken effect."""
    if operation.outcome == "fail":
        return not model.is_read(operation)
    return model.is_read(operation) and operation.outcome == "ok" and not model.is_read(weakened(operation))


def _concerned(model: Model, operations: Sequence[Operation], evidence: Evidence) -> list[Operation] | None:
    """Enough of the operations on the values of the evidence to name it; None if it is not known which these are.

    Of those that look the same the first and the last ones, by the time when it went wrong.
    """
    if model.access is None:
        return None
    values: set[object] = set()
    for operation in evidence.operations:
        values |= {operation.output, operation.input, *(operation.input if isinstance(operation.input, tuple) else ())}
    values.discard(None)
    end = when(evidence)
    groups: dict[object, list[Operation]] = {}
    for operation in operations:
        if operation.call < end:
            given, output = operation.input, operation.output
            on = output in values or given in values or (type(given) is tuple and not values.isdisjoint(given))
            if on or (given is None and output is None):
                groups.setdefault((operation.f, given, output, operation.outcome), []).append(operation)
        elif operation.input in values or operation.output in values:
            groups.setdefault((operation.f, operation.input, operation.output, None), []).append(operation)
    some = {each.index: each for group in groups.values() for each in (*group[:ALIKE], *group[-ALIKE:])}
    return sorted(some.values(), key=lambda each: each.index)
