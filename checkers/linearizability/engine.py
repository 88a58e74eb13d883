"""The seam between the checker and the engines that decide one object at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...histories.operation import Operation, Value
from ..checker import Budget
from ..models.model import Model
from ..verdict import Validity


@dataclass(frozen=True)
class Conflict:
    """What is wrong with an object, by name, and a few of its operations that show it, to who knows the others.

    `elements` are those that it is about, of an object that holds elements.
    """

    anomaly: str
    operations: tuple[Operation, ...]
    elements: tuple[Value, ...] = ()


@dataclass(frozen=True)
class EngineResult:
    """An engine's answer for the operations of one object.

    `order` holds the indexes of the operations of a linearization when it is valid. `reason` says why it is unknown,
    and `reached`, where that is known, at the return of which operation the engine gave up. `work` counts the steps it
    took. `engine` names it, `choice` says why it was taken, `native` whether native code gave the answer. `conflict` is
    given by engines that know what went wrong.
    """

    validity: Validity
    order: tuple[int, ...] = ()
    reason: str = ""
    work: int = 0
    engine: str = ""
    choice: str = ""
    conflict: Conflict | None = None
    native: bool = False
    reached: int | None = None


Engine: TypeAlias = Callable[[Model, Sequence[Operation], Budget], EngineResult]
"""Decides whether operations of one object are linearizable.

None is of outcome `fail`. Those with `return_=None` may take effect at any time after their call, or never. Those of
outcome `info` with a `return_` took effect by then, with any output. Calls may share a position, and so may returns.
"""

Solution: TypeAlias = "tuple[Operation, ...] | Conflict"
"""A linearization, or why there is none."""


class InapplicableError(Exception):
    """An engine for one model does not apply to the operations of this object; its argument says why."""


Specialist: TypeAlias = Callable[[Model, Sequence[Operation]], Solution]
"""Decides the same in about linear time for one model, or raises InapplicableError.

It is given what an Engine is given, and no call position is a return position too.
"""
