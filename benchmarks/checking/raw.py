"""Columns whose operations are in no order, with times as a recorder wrote them."""

from array import array
from dataclasses import dataclass

from splitbrain.checkers.linearizability.columns import NEVER, RegisterColumns, Times


@dataclass(frozen=True)
class RawTimes:
    """`columns` without times; `call` and `return_` are nanoseconds, arrays of type `q`, -1 for never returned."""

    columns: RegisterColumns
    call: "array[int]"
    return_: "array[int]"


def ranked(raw: RawTimes) -> Times:
    """Positions of calls and returns in the order of events; calls come first where they are at the same time."""
    size = len(raw.call)
    returned = [number for number, end in enumerate(raw.return_) if end >= 0]
    keys = [2 * time for time in raw.call] + [2 * raw.return_[number] + 1 for number in returned]
    call, return_ = array("i", bytes(4 * size)), array("i", [NEVER]) * size
    for position, event in enumerate(sorted(range(len(keys)), key=keys.__getitem__)):
        if event < size:
            call[event] = position
        else:
            return_[returned[event - size]] = position
    return Times(call, return_)
