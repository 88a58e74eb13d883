"""The kernel: the engines that work on columns of integers, in native code where it was built, else in Python.

Both give the same answers; which linearization they find, and how soon, may differ. The environment variable
SPLITBRAIN_KERNEL=python turns native code off.
"""

import os
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from . import blocks, general, rank, tighten
from .columns import NEVER, RegisterColumns, Times
from .general import PATIENCE, Answer
from .meter import NO_LIMITS, Limits, Meter, Reason, SpentError
from .windowed import ALL_RULES, Columns, Rule, Way

try:
    from .._native import _kernel
except ImportError:
    NATIVE = False
else:
    NATIVE = os.environ.get("SPLITBRAIN_KERNEL") != "python"
"""Whether native code is used."""

_UNLIMITED: Final = 2**63


def ranked(columns: RegisterColumns, limits: Limits = NO_LIMITS) -> tuple[RegisterColumns, "array[int]"]:
    """Operations in the order of their calls, with positions for times (rank.py), and their numbers in the given ones.

    There `call` and `return_` are times, of type `q`, in any unit and in any order. Raises SpentError.
    """
    if not NATIVE:
        return rank.ranked(columns, Meter(limits))
    times = columns.times
    given = columns.kind, columns.a, columns.b, times.call, times.return_
    return _unpacked(columns, limits, *_kernel.rank(*given, *_limits(limits)))


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
    outcome, reason, order_bytes = _kernel.zones(*_row(columns), *_limits(limits))
    if reason:
        return Answer(None, reason=Reason(reason))
    return None if outcome == 2 else Answer(outcome == 0, order=_numbers("i", order_bytes))


def search(
    columns: Columns,
    limits: Limits = NO_LIMITS,
    rules: Rule = ALL_RULES,
    way: Way = Way.BOTH,
    patience: int = PATIENCE,
) -> Answer:
    """Search for a linearization (general.py). Raises what the columns' `step` raises, and KeyboardInterrupt."""
    if not NATIVE:
        return general.search(columns, limits, rules, way, patience)
    configurations = _UNLIMITED if limits.configurations is None else limits.configurations
    options = int(rules), int(way), patience, configurations, *_limits(limits)
    if isinstance(columns, RegisterColumns):
        result = _kernel.search_register(*_row(columns), *options)
    else:
        times = columns.times
        result = _kernel.search_table(
            columns.code, times.call, times.return_, columns.pure, columns.initial, columns.step, *options
        )
    outcome, decided_by, reason, order, operation, since, states, configurations = result
    return Answer(
        valid=None if outcome == 2 else outcome == 0,
        way=Way(decided_by),
        reason=Reason(reason),
        order=_numbers("i", order),
        operation=None if operation < 0 else operation,
        since=None if since < 0 else since,
        states=tuple(_numbers("i", states)),
        configurations=configurations,
    )


def tightened(columns: RegisterColumns, limits: Limits = NO_LIMITS) -> tuple[RegisterColumns, Sequence[int]]:
    """A smaller history that is linearizable exactly if this one is (tighten.py), and its operations' numbers in this.

    A linearization of the smaller one is one of this. Raises SpentError.
    """
    if NATIVE:
        return _unpacked(columns, limits, *_kernel.tighten(*_row(columns), *_limits(limits)))
    kept, call, return_ = tighten.tightened(columns, Meter(limits))
    kind = array("B", map(columns.kind.__getitem__, kept))
    a, b = array("i", map(columns.a.__getitem__, kept)), array("i", map(columns.b.__getitem__, kept))
    return replace(columns, times=Times(array("i", call), array("i", return_)), kind=kind, a=a, b=b), kept


def is_linearization(columns: RegisterColumns, order: Sequence[int], limits: Limits = NO_LIMITS) -> bool:
    """Whether the order, of operation numbers, is a linearization; linear time, and nothing shared with the engines.

    Raises SpentError.
    """
    if NATIVE:
        numbers = order if isinstance(order, array) else array("i", order)
        is_one, reason = _kernel.verify(*_row(columns), numbers, *_limits(limits))
        _raise(reason)
        return bool(is_one)
    meter = Meter(limits)
    call, return_ = columns.times.call, columns.times.return_
    done = bytearray(len(call))
    latest_call, state = -1, columns.initial
    for operation in order:
        meter.tick()
        if not 0 <= operation < len(call) or done[operation] or return_[operation] < latest_call:
            return False
        done[operation] = 1
        latest_call = max(latest_call, call[operation])
        state = columns.step(state, operation)
        if state < 0:
            return False
    return all(end == NEVER for operation, end in enumerate(return_) if not done[operation])


def registers(columns: "_History", values: "_Values", limits: Limits) -> "list[array[int]] | None":
    """The columns of the registers in a history (registers.hpp), of native code; None if an operation is malformed.

    Raises SpentError.
    """
    reason, well_formed, *found = _kernel.registers(*columns, *values, *_limits(limits))
    _raise(reason)
    return [_numbers(kind, raw) for kind, raw in zip("iiiiiBiiii", found, strict=True)] if well_formed else None


_History: TypeAlias = "tuple[array[int], array[int], array[int], array[int], array[int], array[int], array[int]]"
_Values: TypeAlias = "tuple[bytes, array[int], array[int], array[int], bytes, int]"
_Row: TypeAlias = "tuple[array[int], array[int], array[int], array[int], array[int], int, int]"


def _row(columns: RegisterColumns) -> _Row:
    times = columns.times
    return columns.kind, columns.a, columns.b, times.call, times.return_, columns.values, columns.initial


def _limits(limits: Limits) -> tuple[float, int, bytearray]:
    seconds = limits.left
    return -1.0 if seconds is None else seconds, _UNLIMITED if limits.bytes is None else limits.bytes, limits.stop


def _unpacked(
    columns: RegisterColumns, limits: Limits, reason: int, *rows: bytes
) -> tuple[RegisterColumns, "array[int]"]:
    _raise(reason)
    meter = Meter(limits)
    found = []
    for typecode, row in zip("Biiiii", rows, strict=True):
        found.append(_numbers(typecode, row))
        meter.look()  # Memory takes its time when it is first touched.
    kind, a, b, call, return_, numbers = found
    return replace(columns, times=Times(call, return_), kind=kind, a=a, b=b), numbers


def _numbers(typecode: str, raw: bytes) -> "array[int]":
    numbers: array[int] = array(typecode)
    numbers.frombytes(raw)
    return numbers


def _raise(reason: int) -> None:
    if reason:
        raise SpentError(Reason(reason))
