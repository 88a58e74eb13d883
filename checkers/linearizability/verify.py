"""Whether an order of operations is a linearization: linear time, and nothing shared with the engines."""

from collections.abc import Sequence

from ...histories.operation import Operation
from ..models.model import Model, State
from ..models.values import canonical


def is_linearization(model: Model, operations: Sequence[Operation], order: Sequence[int]) -> bool:
    """Whether `order`, of operation indexes, is a linearization of the operations of one object.

    That is: it holds every completed operation once and others at most once, none of them a failure; no operation comes
    after one that was called when it had returned; and the model allows what each answered.
    """
    by_index = {operation.index: operation for operation in operations}
    required = {operation.index for operation in operations if operation.outcome == "ok"}
    if len(set(order)) != len(order) or not required <= set(order) <= by_index.keys():
        return False
    states: list[State] = [model.initial]
    latest_call = -1
    for operation in map(by_index.__getitem__, order):
        if operation.outcome == "fail" or (operation.return_ is not None and operation.return_ < latest_call):
            return False
        latest_call = max(latest_call, operation.call)
        states = [following for state in states for following in model.after(state, operation)]
        if len(states) > 1:
            states = list({canonical(state): state for state in states}.values())
        if not states:
            return False
    return True
