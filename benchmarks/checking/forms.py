"""Recorded histories in the forms that a check begins with: columns of integers, raw times, or a History."""

from array import array
from collections.abc import Iterator

import numpy as np

from splitbrain.checkers.linearizability.columns import (
    CAS,
    NEVER,
    NOWHERE,
    READ,
    WRITE,
    RegisterColumns,
    Times,
)
from splitbrain.checkers.linearizability.rank import NO_TIME
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Value

from .shapes import OPEN, Ints, Recorded


def columns(recorded: Recorded) -> list[RegisterColumns]:
    """The operations of each key, with positions in the order of all events."""
    call, return_ = _ranked(recorded)
    order = np.argsort(recorded.key, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(recorded.key[order])) + 1)
    return [_columns(recorded, Times(_array("i", call[part]), _array("i", return_[part])), part) for part in parts]


def unsorted(recorded: Recorded, seed: int = 1) -> RegisterColumns:
    """The operations, all of one key, in any order and with times in nanoseconds."""
    order = np.random.default_rng(seed).permutation(len(recorded))
    ends = np.where(recorded.return_ == OPEN, NO_TIME, recorded.return_)
    return _columns(recorded, Times(_array("q", recorded.call[order]), _array("q", ends[order])), order)


def _ranked(recorded: Recorded) -> tuple[Ints, Ints]:
    """Positions of calls and returns in the order of events; calls come first where they are at the same time."""
    returned = np.flatnonzero(recorded.return_ != OPEN)
    moments = np.concatenate((recorded.call, recorded.return_[returned]))
    position = np.empty(len(moments), dtype=np.int64)
    position[np.argsort(moments, kind="stable")] = np.arange(len(moments))
    ends = np.full(len(recorded), NEVER)
    ends[returned] = position[len(recorded) :]
    return position[: len(recorded)], ends


def _columns(recorded: Recorded, times: Times, part: Ints) -> RegisterColumns:
    """With the values that there are numbered without gaps, the initial one first."""
    size = len(part)
    values, numbers = np.unique(np.concatenate(([NOWHERE, 0], recorded.a[part], recorded.b[part])), return_inverse=True)
    a, b = numbers[2 : size + 2] - 1, numbers[size + 2 :] - 1
    return RegisterColumns(times, _array("B", recorded.kind[part]), _array("i", a), _array("i", b), len(values) - 1, 0)


def _array(code: str, numbers: Ints) -> "array[int]":
    column: array[int] = array(code)
    column.frombytes(numbers.astype(code).tobytes())
    return column


def history(recorded: Recorded) -> History:
    """The same as a History of a register or, where there are compare-and-sets, of a register with those."""
    return History.from_events(_events(recorded))


def _events(recorded: Recorded) -> Iterator[Event]:
    returned = np.flatnonzero(recorded.return_ != OPEN)
    moments = np.concatenate((recorded.call, recorded.return_[returned]))
    events = np.concatenate((np.arange(len(recorded)), ~returned))[np.argsort(moments, kind="stable")]
    process, key, kind = recorded.process.tolist(), recorded.key.tolist(), recorded.kind.tolist()
    a, b = recorded.a.tolist(), recorded.b.tolist()
    call, return_ = recorded.call.tolist(), recorded.return_.tolist()
    for event in events.tolist():
        if event >= 0:
            f, input = _asked(kind[event], a[event], b[event])
            yield Invocation(
                operation=event, process=process[event], f=f, key=key[event], input=input, time=call[event]
            )
        else:
            done = ~event
            output = _answered(kind[done], a[done])
            yield Completion(operation=done, process=process[done], outcome="ok", output=output, time=return_[done])


def _asked(kind: int, a: int, b: int) -> tuple[str, Value]:
    if kind == READ:
        return "read", None
    return ("write", b) if kind == WRITE else ("cas", (a or None, b))


def _answered(kind: int, a: int) -> Value:
    if kind == READ:
        return a or None
    return None if kind == WRITE else kind == CAS
