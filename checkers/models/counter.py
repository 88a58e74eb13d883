"""A counter: `add` of an integer, `inc` and `decr` (by 1 if nothing is given), `read` → the sum of all.

Those that change it may answer the new sum. (A `set` to a sum exists in evidence only: what a read proves.)
"""

from typing import cast

from msgspec.structs import replace

from ...errors import HistoryError
from ...histories.operation import Operation
from .model import ANY, Model, State, Step


def counter(initial: int = 0) -> Model:
    """A counter with `add`, `inc`, `decr` and `read`."""
    return Model(
        name="counter",
        functions=frozenset({"add", "inc", "decr", "read"}),
        initial=initial,
        step=step,
        is_read=lambda operation: operation.f == "read",
        is_reset=lambda operation: operation.f == "set",
        observes=observes,
        blind=blind,
        fits=lambda operation: operation.f != "read" or operation.outcome != "ok" or type(operation.output) is int,
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the counter does."""
    if operation.f == "read":
        return ((state, state),)
    if operation.f == "set":
        return ((ANY, operation.input),)
    following = cast("int", state) + change(operation)
    return (None, following), (following, following)


def change(operation: Operation) -> int:
    """By how much the operation changes the sum. Raises HistoryError if its input is no integer."""
    amount = operation.input
    if amount is None and operation.f != "add":
        amount = 1
    if type(amount) is not int:
        what = f"operation {operation.index}: the input of {operation.f} is an integer"
        raise HistoryError(f"{what}, not {operation.input!r}")
    return -amount if operation.f == "decr" else amount


def observes(operation: Operation, mutator: Operation) -> bool:
    """Who answered a sum observes every change."""
    return _answered(operation) and mutator.f != "read"


def blind(operation: Operation) -> Operation | None:
    """A `set` to the sum that was answered."""
    if operation.outcome != "ok" or not _answered(operation) or type(operation.output) is not int:
        return None
    return replace(operation, f="set", input=operation.output, output=None)


def _answered(operation: Operation) -> bool:
    return operation.f == "read" or (operation.outcome == "ok" and operation.output is not None)
