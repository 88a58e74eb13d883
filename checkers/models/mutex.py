"""A lock that one process holds at a time: `acquire`, and `release` by the process that holds it."""

from typing import cast

from ...histories.operation import Operation
from .model import ANY, Model, State, Step


def mutex() -> Model:
    """A lock with `acquire` and `release`, free at first; not reentrant."""
    return Model(
        name="mutex",
        functions=frozenset({"acquire", "release"}),
        initial=None,
        step=step,
        observes=observes,
        beside=lambda operation: operation.process,
        describe=describe,
        describe_state=lambda state: "free" if state is None else f"held by process {state}",
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the lock does. A state is the number of the process that holds it, or None."""
    owner = cast("int | None", state)
    if operation.f == "acquire":
        return ((ANY, operation.process),) if owner is None else ()
    return ((ANY, None),) if owner == operation.process else ()


def observes(operation: Operation, mutator: Operation) -> bool:
    """What one process did hangs together; a release that may not have happened matters to all who acquire.

    A legal sequence stays legal if all that some of the processes did is left out.
    """
    freed = operation.f == "acquire" and mutator.f == "release" and mutator.outcome == "info"
    return freed or operation.process == mutator.process


def describe(operation: Operation) -> str:
    """One short line: `acquire by 3`, `release by 3 → ?` for an unknown outcome, `→ refused` for a failure."""
    end = {"ok": "", "info": " → ?", "fail": " → refused"}[operation.outcome]
    return f"{operation.f} by {operation.process}{end}"
