"""The register of Knossos' test data: `cas` from 0 on, and a read that answers nil has answered nothing."""

from dataclasses import replace

from ...histories.operation import Operation
from .model import ANY, Access, Model, State, Step
from .register import access as access_of_register
from .register import blind, cas_register
from .register import step as step_of_register


def cas_register0() -> Model:
    """A register with `read`, `write` and `cas` that holds 0 at first. A read of nil may be of any value."""
    return replace(
        cas_register(0),
        name="cas-register0",
        step=step,
        beside=says_nothing,
        access=access,
        blind=lambda operation: None if says_nothing(operation) else blind(operation),
    )


def says_nothing(operation: Operation) -> bool:
    """Whether the operation is a read without an answer."""
    return operation.f == "read" and operation.output is None


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the register does, in any state."""
    return ((ANY, state),) if says_nothing(operation) else step_of_register(state, operation)


def access(operation: Operation) -> Access:
    """What the operation reads and writes, given its answer."""
    return Access() if says_nothing(operation) else access_of_register(operation)
