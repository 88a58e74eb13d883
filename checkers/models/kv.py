"""A string per key: `put` replaces it, `append` adds to it (and may answer the new string), `get` answers it."""

from ...errors import HistoryError
from ...histories.operation import Operation
from .model import ANY, Model, State, Step


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
