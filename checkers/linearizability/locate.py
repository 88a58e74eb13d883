"""Where a history went wrong."""

from collections.abc import Sequence
from typing import Final

from ...histories.operation import Operation
from ..models.model import Model
from . import kernel
from .columns import RegisterColumns, TooManyStatesError, register_columns, table_columns
from .meter import Limits, SpentError
from .windowed import ALL_RULES, Columns, Rule

CONFIGURATIONS: Final = 50_000
PER_OPERATION: Final = 12
"""How many configurations it takes at most to find it, and how many more for each operation."""


def culprit_of(
    model: Model, operations: Sequence[Operation], columns: RegisterColumns | None, limits: Limits
) -> Operation | None:
    """The operation at whose return relevant operations of one object are no longer linearizable.

    None if they are, or if that could not be found out within the limits. The columns are those of the operations, if
    they are known.
    """
    try:
        rows: Columns = (
            columns or register_columns(model, operations) or table_columns(model, operations, limits=limits)
        )
        answer = kernel.search(rows, limits, ALL_RULES & ~Rule.LIVE)
    except (TooManyStatesError, SpentError):
        return None
    return operations[answer.operation] if answer.valid is False and answer.operation is not None else None
