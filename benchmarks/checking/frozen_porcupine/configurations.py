"""The configurations that a search has seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .model import Model

Add = Callable[[int, int, int, Any], bool]

_NONE_USED = (0,)


def remember(model: Model) -> Add:
    """A function `add(returned, open_mask, used, state)` that remembers a configuration and says whether it is news.

    A configuration is how many returns have been passed, which of the operations open there are linearized, which
    pending operations were used, and the state. It is no news when one was seen that differs only in having used
    fewer pending operations: whatever follows here could follow there.
    """
    if model.equal is None and model.hash is None:
        return _remember_by_key()
    return _remember_by_comparison(model.equal or (lambda a, b: bool(a == b)), model.hash or (lambda state: 0))


def _remember_by_key() -> Add:
    seen: dict[tuple[int, int, Any], tuple[int, ...]] = {}

    def add(returned: int, open_mask: int, used: int, state: Any) -> bool:
        key = returned, open_mask, state
        try:
            before = seen.get(key)
        except TypeError as error:
            kind = type(state).__name__
            raise TypeError(f"{error}: states ({kind}) must be hashable, or the model must have `equal`") from error
        if before is None:
            seen[key] = (used,) if used else _NONE_USED
            return True
        after = _with(before, used)
        if after is None:
            return False
        seen[key] = after
        return True

    return add


def _remember_by_comparison(equal: Callable[[Any, Any], bool], hash_of: Callable[[Any], int]) -> Add:
    seen: dict[tuple[int, int, int], list[tuple[Any, tuple[int, ...]]]] = {}

    def add(returned: int, open_mask: int, used: int, state: Any) -> bool:
        bucket = seen.setdefault((returned, open_mask, hash_of(state)), [])
        for place, (other, before) in enumerate(bucket):
            if equal(other, state):
                after = _with(before, used)
                if after is None:
                    return False
                bucket[place] = other, after
                return True
        bucket.append((state, (used,) if used else _NONE_USED))
        return True

    return add


def _with(before: tuple[int, ...], used: int) -> tuple[int, ...] | None:
    """The sets of used pending operations with this one added and its supersets gone; None if it has a subset."""
    for other in before:
        if other & used == other:
            return None
    return (*[other for other in before if used & other != used], used)
