"""A string per key: `put` replaces it, `append` adds to it (and may answer the new string), `get` answers it."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from ...errors import HistoryError
from ...histories.operation import Operation
from .model import ANY, Anomaly, Model, State, Step, unnamed


def kv() -> Model:
    """A string store with `put`, `append` and `get`, every string empty at first."""
    return Model(
        name="kv",
        functions=frozenset({"put", "append", "get"}),
        initial="",
        step=step,
        is_read=lambda operation: operation.f == "get",
        is_reset=lambda operation: operation.f == "put",
        observes=observes,
        blind=blind,
        anomaly=anomaly,
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the store does with the string of one key."""
    assert isinstance(state, str)
    if operation.f == "get":
        return ((state, state),)
    if operation.f == "put":
        return ((ANY, text(operation)),)
    longer = state + text(operation)
    return (None, longer), (longer, longer)


def text(operation: Operation) -> str:
    """The string that is put or appended. Raises HistoryError if it is none."""
    if isinstance(operation.input, str):
        return operation.input
    what = f"operation {operation.index}: the input of {operation.f} is a string"
    raise HistoryError(f"{what}, not {operation.input!r}")


def observes(operation: Operation, mutator: Operation) -> bool:
    """Who answered a string observes all whose text is part of it."""
    if mutator.f == "get" or operation.outcome != "ok" or operation.f == "put":
        return False
    return isinstance(operation.output, str) and text(mutator) in operation.output


def blind(operation: Operation) -> Operation | None:
    """A put of the string that was there when the operation had taken effect."""
    if operation.f == "put":
        return operation
    if operation.outcome != "ok" or not isinstance(operation.output, str):
        return None
    return replace(operation, f="put", input=operation.output, output=None)


def anomaly(culprit: Operation, kept: Sequence[Operation], operations: Sequence[Operation]) -> Anomaly:
    """What is wrong with the string that the culprit found."""
    found = culprit.output
    if not isinstance(found, str):
        return unnamed(culprit, kept, operations)
    mutators = [each for each in operations if each.f != "get"]
    written = [each for each in mutators if each.outcome != "fail"]
    if not _is_made_of(found, {text(each) for each in written}):
        refused = [each for each in mutators if each.outcome == "fail" and text(each) and text(each) in found]
        if refused and _is_made_of(found, {text(each) for each in mutators}):
            return "refused, yet visible", tuple(refused[:3])
        return "value nobody wrote", ()
    twice = [each for each in written if _appears_too_often(each, found, written)]
    if twice:
        return "duplicate append", tuple(twice[:1])
    earlier = [each for each in kept if each.precedes(culprit)]
    answers = [each for each in operations if each.outcome == "ok" and isinstance(each.output, str)]
    for mutator in written:
        replaced = any(each.f == "put" and not each.precedes(mutator) for each in kept if each is not mutator)
        there = mutator in earlier or any(observes(each, mutator) for each in earlier)
        if there and not replaced and text(mutator) not in found:
            return ("stale read" if any(observes(each, mutator) for each in answers) else "lost write"), ()
    return unnamed(culprit, kept, operations)


def _is_made_of(whole: str, texts: Iterable[str]) -> bool:
    """Whether the string is some of the texts in a row, each as often as you like."""
    parts = [part for part in texts if part]
    ends = {0}
    for place in range(len(whole)):
        if place in ends:
            ends.update(place + len(part) for part in parts if whole.startswith(part, place))
    return len(whole) in ends


def _appears_too_often(mutator: Operation, found: str, written: Sequence[Operation]) -> bool:
    """Whether a text that is part of no other appears in the string more often than it was written."""
    part = text(mutator)
    same = [each for each in written if text(each) == part]
    return bool(part) and found.count(part) > len(same) == sum(part in text(each) for each in written)
