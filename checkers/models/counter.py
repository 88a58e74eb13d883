"""A counter: `add` of an integer, `inc` and `decr` (by 1 if nothing is given), `read` → the sum of all.

Those that change it may answer the new sum.
"""

from typing import cast

from ...errors import HistoryError
from ...histories.operation import Operation
from .model import Model, State, Step


def counter(initial: int = 0) -> Model:
    """A counter with `add`, `inc`, `decr` and `read`."""
    return Model(
        name="counter",
        functions=frozenset({"add", "inc", "decr", "read"}),
        initial=initial,
        step=step,
        is_read=lambda operation: operation.f == "read",
        observes=observes,
        fits=lambda operation: operation.f != "read" or operation.outcome != "ok" or type(operation.output) is int,
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the counter does."""
    if operation.f == "read":
        return ((state, state),)
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
    answered = operation.f == "read" or (operation.outcome == "ok" and operation.output is not None)
    return answered and mutator.f != "read"
