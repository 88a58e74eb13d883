"""Registers: one value that is read, written, and compared and set.

`read` → the value. `write` of a value. `cas` of (expected, new): sets the value to new and answers True where it is
expected, else changes nothing and answers False.
"""

from typing import cast

from ...errors import HistoryError
from ...histories.operation import Operation, Value
from .model import ANY, Access, Model, State, Step
from .values import canonical, same


def register(initial: Value = None) -> Model:
    """A register with `read` and `write`."""
    return _model("register", frozenset({"read", "write"}), initial)


def cas_register(initial: Value = None) -> Model:
    """A register with `read`, `write` and `cas`."""
    return _model("cas-register", frozenset({"read", "write", "cas"}), initial)


def _model(name: str, functions: frozenset[str], initial: Value) -> Model:
    return Model(
        name=name,
        functions=functions,
        initial=initial,
        step=step,
        is_read=is_read,
        is_reset=is_reset,
        observes=observes,
        access=access,
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What a register does, in any state."""
    if operation.f == "read":
        return ((cast(Value, state), state),)
    if operation.f == "write":
        return ((ANY, operation.input),)
    expected, new = arguments(operation)
    return ((True, new),) if same(state, expected) else ((False, state),)


def arguments(operation: Operation) -> tuple[Value, Value]:
    """Expected and new value of a `cas`. Raises HistoryError if its input is no pair, or its answer not a truth."""
    pair = operation.input
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise HistoryError(f"operation {operation.index}: the input of a cas is a pair (expected, new), not {pair!r}")
    if operation.outcome == "ok" and not isinstance(operation.output, bool):
        answer = operation.output
        raise HistoryError(f"operation {operation.index}: the output of a cas is true or false, not {answer!r}")
    return pair[0], pair[1]


def access(operation: Operation) -> Access:
    """What the operation reads and writes, given its answer."""
    if operation.f == "read":
        return Access(reads=canonical(operation.output)) if operation.outcome == "ok" else Access()
    if operation.f == "write":
        return Access(writes=canonical(operation.input))
    expected, new = arguments(operation)
    if operation.outcome == "ok" and operation.output is False:
        return Access(differs=canonical(expected))
    return Access(reads=canonical(expected), writes=canonical(new))


def is_read(operation: Operation) -> bool:
    """A read, or a compare-and-set that answered False."""
    return operation.f == "read" or (operation.f == "cas" and operation.outcome == "ok" and operation.output is False)


def is_reset(operation: Operation) -> bool:
    """A write, or a successful compare-and-set: either way the value afterwards is the new one."""
    return operation.f == "write" or (operation.f == "cas" and operation.outcome == "ok" and operation.output is True)


def observes(operation: Operation, mutator: Operation) -> bool:
    """Who found a value observes all who may have put it there; who found it to be another, everything."""
    found, done = access(operation), access(mutator)
    if done.writes is ANY:
        return False
    return found.differs is not ANY or (found.reads is not ANY and found.reads == done.writes)
