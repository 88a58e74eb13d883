"""Equality of values. Python holds that True == 1 == 1.0; a database that confuses them has lost what was written."""

from collections.abc import Hashable


def same(a: object, b: object) -> bool:
    """Whether two values are the same, in type as well, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


def canonical(value: Hashable) -> Hashable:
    """A stand-in that can be a dictionary key: those of two values are equal exactly if the values are the `same`.

    Tuples and frozen sets are looked into; any other type but the scalars has to take care of itself.
    """
    if value is None or type(value) is int or type(value) is str:
        return value
    if isinstance(value, float):
        return "float", value if value == value else "nan"
    if isinstance(value, tuple):
        return "tuple", *map(canonical, value)
    if isinstance(value, frozenset):
        return "frozenset", frozenset(map(canonical, value))
    return type(value).__name__, value


def show(value: object) -> str:
    """A value as people read it: nil, true, 3, "x", (1, 2)."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ")"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
