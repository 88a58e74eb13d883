"""The kernel: the engines that work on columns of integers, in native code where it was built, else in Python.

Both give the same answers; which linearization they find, and how soon, may differ. The environment variable
SPLITBRAIN_KERNEL=python turns native code off.
"""

import os
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from . import blocks, tighten, windowed
from .columns import NEVER, RegisterColumns, Times
from .meter import Limits, Meter, Reason, SpentError
from .windowed import ALL_RULES, NO_LIMITS, Answer, Columns, Rule, Way

try:
    from .._native import _kernel
except ImportError:
    NATIVE = False
else:
    NATIVE = os.environ.get("SPLITBRAIN_KERNEL") != "python"
"""Whether native code is used."""

_UNLIMITED = 2**63


def zones(columns: RegisterColumns, limits: Limits = NO_LIMITS) -> Answer | None:
    """Decide a register whose values are written once, in linear time; None where that is not enough (blocks.py)."""
    if not NATIVE:
        try:
            order = blocks.decide(columns, Meter(limits))
        except blocks.InapplicableError:
            return None
        except SpentError as spent:
            return Answer(None, reason=spent.args[0])
        return Answer(order is not None, order=order or ())
    seconds = -1.0 if limits.seconds is None else limits.seconds
    outcome, reason, order_bytes = _kernel.zones(*_row(columns), seconds, limits.stop)
    if reason:
        return Answer(None, reason=Reason(reason))
    return None if outcome == 2 else Answer(outcome == 0, order=_numbers(order_bytes))


def search(columns: Columns, limits: Limits = NO_LIMITS, rules: Rule = ALL_RULES, way: Way = Way.BOTH) -> Answer:
    """Search for a linearization (windowed.py). Raises what the columns' `step` raises, and KeyboardInterrupt."""
    if not NATIVE:
        return windowed.search(columns, limits, rules, way)
    options = (
        int(rules),
        int(way),
        -1.0 if limits.seconds is None else limits.seconds,
        _UNLIMITED if limits.configurations is None else limits.configurations,
        _UNLIMITED if limits.bytes is None else limits.bytes,
        limits.stop,
    )
    if isinstance(columns, RegisterColumns):
        result = _kernel.search_register(*_row(columns), *options)
    else:
        times = columns.times
        result = _kernel.search_table(
            columns.code, times.call, times.return_, columns.pure, columns.initial, columns.step, *options
        )
    outcome, breadth_first, reason, order, position, states, configurations = result
    decided = outcome != 2
    return Answer(
        valid=outcome == 0 if decided else None,
        way=(Way.BREADTH if breadth_first else Way.DEPTH) if decided else Way.BOTH,
        reason=Reason(reason),
        order=_numbers(order),
        operation=None if outcome == 0 else _operation_at(columns.times, position),
        states=tuple(_numbers(states)),
        configurations=configurations,
    )


def tightened(columns: RegisterColumns) -> tuple[RegisterColumns, Sequence[int]]:
    """A smaller history that is linearizable exactly if this one is (tighten.py), and its operations' numbers in this.

    A linearization of the smaller one is one of this.
    """
    if not NATIVE:
        rows: tuple[Sequence[int], ...] = tighten.tightened(columns)
    else:
        rows = tuple(map(_numbers, _kernel.tighten(*_row(columns))))
    kept, call, return_ = rows
    times = Times(array("i", call), array("i", return_))
    if len(kept) == len(columns.kind):
        return replace(columns, times=times), kept
    kind = array("B", map(columns.kind.__getitem__, kept))
    a, b = array("i", map(columns.a.__getitem__, kept)), array("i", map(columns.b.__getitem__, kept))
    return replace(columns, times=times, kind=kind, a=a, b=b), kept


def is_linearization(columns: RegisterColumns, order: Sequence[int]) -> bool:
    """Whether the order, of operation numbers, is a linearization; linear time, and nothing shared with the engines."""
    if NATIVE:
        return bool(_kernel.verify(*_row(columns), array("i", order)))
    call, return_ = columns.times.call, columns.times.return_
    if len(set(order)) != len(order) or not set(order) <= set(range(len(call))):
        return False
    latest_call, state = -1, columns.initial
    for operation in order:
        if return_[operation] < latest_call:
            return False
        latest_call = max(latest_call, call[operation])
        state = columns.step(state, operation)
        if state < 0:
            return False
    done = set(order)
    return all(operation in done for operation, end in enumerate(return_) if end != NEVER)


_Row: TypeAlias = "tuple[array[int], array[int], array[int], array[int], array[int], int, int]"


def _row(columns: RegisterColumns) -> _Row:
    times = columns.times
    return columns.kind, columns.a, columns.b, times.call, times.return_, columns.values, columns.initial


def _numbers(raw: bytes) -> "array[int]":
    numbers = array("i")
    numbers.frombytes(raw)
    return numbers


def _operation_at(times: Times, position: int) -> int | None:
    """The operation whose event has that place among all of them."""
    events = windowed.in_order(times)
    if position >= len(events):
        return None
    return events[position] if events[position] >= 0 else ~events[position]
