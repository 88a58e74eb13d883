"""From times to positions; in Python what `_native/rank.hpp` does."""

from array import array
from dataclasses import replace
from typing import Final

from .columns import NEVER, RegisterColumns, Times
from .meter import Meter

NO_TIME: Final = 2**63 - 1
"""The time of a return that never came."""


def ranked(columns: RegisterColumns, meter: Meter) -> tuple[RegisterColumns, "array[int]"]:
    """Operations in the order of their calls, with positions for times, and their numbers in the given ones.

    At the same time calls come before returns, so that operations that only touch each other are concurrent. Raises
    ValueError if one returns before its call, and what the meter does.
    """
    calls, returns = columns.times.call, columns.times.return_
    if any(end < start for start, end in zip(calls, returns, strict=True)):
        raise ValueError("an operation returns before its call")
    meter.look()
    order = array("i", sorted(range(len(calls)), key=calls.__getitem__))
    meter.look()
    by_return = sorted((returns[each], number) for number, each in enumerate(order) if returns[each] != NO_TIME)
    call, return_ = array("i"), array("i", [NEVER]) * len(order)
    position = done = 0
    for each in order:
        meter.tick()
        while done < len(by_return) and by_return[done][0] < calls[each]:
            return_[by_return[done][1]] = position
            position += 1
            done += 1
        call.append(position)
        position += 1
    for _, number in by_return[done:]:
        return_[number] = position
        position += 1
    kind = array("B", map(columns.kind.__getitem__, order))
    a, b = array("i", map(columns.a.__getitem__, order)), array("i", map(columns.b.__getitem__, order))
    return replace(columns, times=Times(call, return_), kind=kind, a=a, b=b), order
