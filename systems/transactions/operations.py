"""What a transaction does, as pure functions of the values that it finds.

Which keys it touches is known before it begins (UW dslabs, lab 4, part 3: read and write sets).

* `multi_get` (keys): answers their values.
* `multi_put` ((key, value), …): sets them.
* `swap` (key, key): exchanges their values, and answers what the keys hold now.
"""

from collections.abc import Mapping
from typing import TypeAlias

from ..key_value import Output
from ..replicated import Scalar
from ..sharded.configuration import shard_of

Pairs: TypeAlias = tuple[tuple[str, Scalar], ...]
"""Keys with their values."""

Argument: TypeAlias = tuple[str | tuple[str, Scalar], ...]
"""Keys, or keys with values."""

FUNCTIONS = frozenset({"multi_get", "multi_put", "swap"})

MISSING = ""
"""The value of a key that nothing was written to."""


def keys_of(argument: Argument) -> tuple[str, ...]:
    """The keys that a transaction touches, in order. The group that owns the first coordinates it."""
    return tuple(sorted({part if isinstance(part, str) else part[0] for part in argument}))


def home_of(argument: Argument) -> int:
    """The shard of the first key. The transaction's reply is in its duplicate table."""
    return shard_of(keys_of(argument)[0])


def effect(f: str, argument: Argument, values: Mapping[str, Scalar]) -> tuple[Output, dict[str, Scalar]]:
    """The output of a transaction, and what it writes, given the values of all its keys."""
    if f == "multi_put":
        return None, {part[0]: part[1] for part in argument if not isinstance(part, str)}
    keys = [part for part in argument if isinstance(part, str)]
    if f == "multi_get":
        return tuple(values[key] for key in keys), {}
    first, second = keys
    return (values[second], values[first]), {first: values[second], second: values[first]}
