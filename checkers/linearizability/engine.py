"""The seam between the checker and the engines that decide one object at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...histories.operation import Operation
from ..checker import Budget
from ..models.model import Model
from ..verdict import Validity


@dataclass(frozen=True)
class EngineResult:
    """An engine's answer for the operations of one object.

    `order` holds the indexes of the operations of a linearization when it is valid. `reason` says why it is unknown
    and how far the engine got. `work` counts the steps it took. `engine` names it.
    """

    validity: Validity
    order: tuple[int, ...] = ()
    reason: str = ""
    work: int = 0
    engine: str = ""


Engine: TypeAlias = Callable[[Model, Sequence[Operation], Budget], EngineResult]
"""Decides whether operations of one object are linearizable.

None is of outcome `fail`. Those with `return_=None` may take effect at any time after their call, or never. Those of
outcome `info` with a `return_` took effect by then, with any output. Calls may share a position, and so may returns.
"""
