"""Between any Python data and the values that histories are made of."""

import math
from typing import Final, TypeAlias

from ..errors import HistoryError
from .operation import Value

Json: TypeAlias = "bool | int | float | str | list[Json] | None"

ATOMS: Final = frozenset((type(None), bool, int, str))
"""Types whose objects are values as they stand. (Not float: NaN and the infinities are not.)"""

MAX_DEPTH: Final = 100
"""How deep lists may be nested in one value."""


def to_value(raw: object) -> Value:
    """The value that `raw` stands for: lists become tuples, at every depth.

    Raises `HistoryError` for what cannot be a value: objects, NaN and the infinities (they are unequal to what is read
    back), bytes, and lists nested deeper than `MAX_DEPTH`.
    """
    return _to_value(raw, MAX_DEPTH)


def to_json(value: Value) -> Json:
    """The same with lists for tuples, as JSON has it. `to_value(to_json(value)) == value`."""
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value


def _to_value(raw: object, depth: int) -> Value:
    if type(raw) in ATOMS:
        return raw  # type: ignore[return-value]  # mypy does not narrow by membership
    if isinstance(raw, float):
        if not math.isfinite(raw):
            raise HistoryError(f"{raw} is not a value: use null, or a string")
        return float(raw)
    if isinstance(raw, list | tuple):
        if depth == 0:
            raise HistoryError(f"a value nests lists deeper than {MAX_DEPTH}: use a flatter one")
        return tuple([_to_value(item, depth - 1) for item in raw])
    if isinstance(raw, int):
        return int(raw)
    if isinstance(raw, str):
        return str.__str__(raw)
    kind = "an object" if isinstance(raw, dict) else f"of type {type(raw).__name__}"
    raise HistoryError(f"a value is {kind}: use null, booleans, numbers, strings and lists of those")
