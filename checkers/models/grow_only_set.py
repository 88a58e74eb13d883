"""A set that only grows: `add` of an element, `read` → all elements, in any order, each once."""

from collections.abc import Hashable, Iterable, Sequence, Set
from typing import cast

from msgspec.structs import replace

from ...histories.operation import Operation, Value
from .model import ANY, Anomaly, Model, State, Step, unnamed
from .values import canonical, show


def grow_only_set() -> Model:
    """A set with `add` and `read`, empty at first. Adding an element that is there changes nothing."""
    return Model(
        name="set",
        functions=frozenset({"add", "read"}),
        initial=frozenset(),
        step=step,
        is_read=lambda operation: operation.f == "read",
        observes=observes,
        narrowed=narrowed,
        agrees=agrees,
        fits=lambda operation: operation.f == "add" or operation.outcome != "ok" or isinstance(operation.output, tuple),
        anomaly=anomaly,
        describe_state=lambda state: "{" + ", ".join(sorted(map(show, cast("frozenset[Hashable]", state)))) + "}",
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the set does. A state is the frozenset of the elements, each in `canonical` form."""
    if operation.f == "read":
        return ((state, state),)
    elements = cast("frozenset[Hashable]", state)
    added = canonical(operation.input)
    return ((ANY, elements if added in elements else elements | {added}),)


def agrees(answered: Value, allowed: Hashable) -> bool:
    """Whether the answer holds exactly the elements of the state, each once."""
    assert isinstance(allowed, frozenset)
    return isinstance(answered, tuple) and len(answered) == len(allowed) and elements_of(answered) == allowed


def elements_of(values: Iterable[Value]) -> frozenset[Hashable]:
    """The elements, in `canonical` form."""
    return frozenset(map(canonical, values))


def observes(operation: Operation, mutator: Operation) -> bool:
    """Who read a set observes all who added one of its elements."""
    if operation.f != "read" or mutator.f != "add" or not isinstance(operation.output, tuple):
        return False
    return canonical(mutator.input) in map(canonical, operation.output)


def narrowed(operation: Operation, elements: Set[Hashable]) -> Operation | None:
    """A read as if it had found only those of the elements that it found; an add only of one of them."""
    if operation.f == "add":
        return operation if canonical(operation.input) in elements else None
    if not isinstance(operation.output, tuple):
        return operation
    return replace(operation, output=tuple(each for each in operation.output if canonical(each) in elements))


def anomaly(culprit: Operation, _kept: Sequence[Operation], operations: Sequence[Operation]) -> Anomaly:
    """Whether a refused element was read."""
    if culprit.f == "read" and isinstance(culprit.output, tuple):
        added = elements_of(each.input for each in operations if each.f == "add" and each.outcome != "fail")
        nobodys = elements_of(culprit.output) - added
        refused = [
            each
            for each in operations
            if each.f == "add" and each.outcome == "fail" and canonical(each.input) in nobodys
        ]
        if refused:
            return "refused, yet visible", tuple(refused[:3])
    return unnamed(culprit, _kept, operations)
