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
        is_reset=lambda _: True,
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
    """An acquire and the release after it hang together; a release that may not have happened matters to all acquires.

    A legal sequence stays legal if acquires are left out with their releases.
    """
    if operation.f == mutator.f:
        return False
    if operation.f == "acquire" and mutator.outcome == "info":
        return True
    acquire, release = (operation, mutator) if operation.f == "acquire" else (mutator, operation)
    return acquire.process == release.process and not release.precedes(acquire)


def describe(operation: Operation) -> str:
    """One short line: `acquire by 3`, `release by 3 → ?` for an unknown outcome, `→ refused` for a failure."""
    end = {"ok": "", "info": " → ?", "fail": " → refused"}[operation.outcome]
    return f"{operation.f} by {operation.process}{end}"
