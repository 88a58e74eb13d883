"""What an operation says about the value of its key, for the f's of the bundled models.

Used to check a sentence against the whole history before it is said. Everything here errs on one side: an operation
that is not understood may have written anything, and has shown nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..histories.operation import Operation, Value

WRITERS: Final = frozenset({"write", "put"})
READS: Final = frozenset({"read", "get"})


@dataclass(frozen=True)
class Shown:
    """The value that an operation proves its key to have had at some moment between its call and its return."""

    value: Value


def refused(operation: Operation) -> bool:
    """Whether the system said that the operation did not take effect: a `fail`, or a compare-and-set that missed."""
    if operation.outcome == "fail":
        return True
    return operation.f == "cas" and operation.outcome == "ok" and operation.output is not True


def installs(operation: Operation, value: Value) -> bool:
    """Whether the operation, if it takes effect, may leave its key with `value`."""
    if operation.f in READS:
        return False
    if operation.f in WRITERS:
        return operation.input == value
    if operation.f == "cas" and isinstance(operation.input, tuple) and len(operation.input) == 2:
        return operation.input[1] == value
    if operation.f == "append" and isinstance(operation.input, str) and isinstance(value, str):
        return value.endswith(operation.input)
    return True


def shown(operation: Operation) -> Shown | None:
    """What the operation observed; None if nothing is certain."""
    if operation.outcome != "ok":
        return None
    if operation.f in READS:
        return Shown(operation.output)
    if operation.f == "cas" and isinstance(operation.input, tuple) and len(operation.input) == 2:
        if operation.output is True:
            return Shown(operation.input[0])
        return None if operation.output in (False, None) else Shown(operation.output)
    if operation.f == "append" and isinstance(operation.output, str):
        return Shown(operation.output)
    return None


def left(operation: Operation) -> Shown | None:
    """The value that an acknowledged operation gave to its key; None if there is none, or it is not known."""
    if operation.outcome != "ok" or refused(operation):
        return None
    if operation.f in WRITERS:
        return Shown(operation.input)
    if operation.f == "cas" and isinstance(operation.input, tuple) and len(operation.input) == 2:
        return Shown(operation.input[1])
    if operation.f == "append" and isinstance(operation.output, str):
        return Shown(operation.output)
    return None


def can_be_composed(value: str, operations: Iterable[Operation], once: str | None = None) -> bool:
    """Whether some puts and appends among `operations` could spell `value`.

    Each may be used any number of times, and in any order, except that `once` is appended at most once.
    """
    puts, pieces = {""}, set()
    for operation in operations:
        if operation.f in WRITERS and isinstance(operation.input, str):
            puts.add(operation.input)
        elif operation.f == "append" and isinstance(operation.input, str):
            pieces.add(operation.input)
        elif operation.f not in READS:
            return True
    lengths = sorted({len(piece) for piece in pieces} - {0})
    # How far it can be spelled without `once`, and with it.
    reached = {(len(put), False) for put in puts if value.startswith(put)}
    for position in range(len(value)):
        for used in (False, True):
            if (position, used) in reached:
                for length in lengths:
                    piece = value[position : position + length]
                    if piece in pieces and not (used and piece == once):
                        reached.add((position + length, used or piece == once))
    return (len(value), False) in reached or (len(value), True) in reached
