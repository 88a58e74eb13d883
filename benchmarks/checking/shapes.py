"""Histories of registers by shape and seed: what clients of a simulated register would have recorded.

Each client does one operation after the other, hardly waiting in between, so that as many operations are open as there
are clients. An operation takes effect at a moment drawn from its interval. Everything is worked out in columns.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from splitbrain.checkers.linearizability.columns import CAS, DIFFERS, NOWHERE, READ, WRITE

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Flags: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"

OPEN: Final = -1
"""Stands for the time of a completion that never came."""

STALE_AT: Final = 0.98
"""Where in the history the stale read is, or near there."""

SHORTEST, TYPICAL, PAUSE = 100_000, 900_000, 20_000
"""Nanoseconds: an operation takes the first and an exponential share of the second; then its client waits a little."""


@dataclass(frozen=True)
class Shape:
    """What a history is like.

    `values` is how many different values are written; None: each write has a value of its own. With `cas` a quarter of
    the operations are writes, a quarter compare-and-sets and half reads; otherwise half writes and half reads.
    `crashed` mutators never return, and half of them take effect. `stale`: one read, at 98 % of the history, answers
    what it cannot have found.
    """

    operations: int
    clients: int = 10
    values: int | None = None
    cas: bool = False
    crashed: int = 0
    stale: bool = False
    keys: int = 1
    seed: int = 1


@dataclass(frozen=True)
class Recorded:
    """Operations in the order of their calls: `kind`, `a` and `b` as in RegisterColumns, times in nanoseconds.

    Values are numbered from 1 over all keys; 0 is what is there at first. Those that never returned have OPEN for
    `return_`; their process is not used again.
    """

    process: Ints
    key: Ints
    kind: Ints
    a: Ints
    b: Ints
    call: Ints
    return_: Ints

    def __len__(self) -> int:
        return len(self.kind)


def record(shape: Shape) -> Recorded:
    """The history of that shape and seed."""
    draw = np.random.default_rng(shape.seed)
    client, call, return_ = _intervals(draw, shape)
    size = len(call)
    key = draw.integers(0, shape.keys, size)
    kind = draw.choice([WRITE, CAS, READ, READ] if shape.cas else [WRITE, READ], size).astype(np.int64)
    a, b = np.full(size, NOWHERE), np.full(size, NOWHERE)
    mutators = np.flatnonzero(kind != READ)
    own = np.arange(1, len(mutators) + 1)
    b[mutators] = own if shape.values is None else draw.integers(1, shape.values + 1, len(mutators))
    crashed = np.zeros(size, dtype=bool)
    crashed[draw.choice(mutators, shape.crashed, replace=False)] = True
    if shape.stale and shape.values is not None:
        b[crashed & (b == shape.values)] = 1  # else a crashed write could explain any read
    happens = ~crashed | (draw.random(size) < 0.5)
    effect = call + (draw.random(size) * (return_ - call)).astype(np.int64)
    if shape.cas:
        a[kind == CAS] = draw.integers(1, (shape.values or 1) + 1, int((kind == CAS).sum()))
        a, done = _found_by_cas(shape, call, np.where(happens, effect, OPEN), key, kind, a, b)
        missed = (kind == CAS) & ~done & ~crashed
        kind, b = np.where(missed, DIFFERS, kind), np.where(missed, NOWHERE, b)
    else:
        order = np.argsort(effect, kind="stable")
        a = np.where(kind == READ, _found(order, key, np.where(happens, b, NOWHERE)), NOWHERE)
    process = _processes(client, crashed, shape.clients)
    recorded = Recorded(process, key, kind, a, b, call, np.where(crashed, OPEN, return_))
    if shape.stale:
        _make_stale(recorded)
    return recorded


def _intervals(draw: np.random.Generator, shape: Shape) -> tuple[Ints, Ints, Ints]:
    """Client, call and return of each operation, by call. All clients are busy until the last call."""
    each = shape.operations // shape.clients
    each += 10 + 6 * int(each**0.5)
    size = shape.clients, each
    taken = SHORTEST + draw.exponential(TYPICAL, size)
    waited = 1 + draw.exponential(PAUSE, size)
    ends = np.cumsum(taken + waited, axis=1)
    calls, returns = (ends - taken).ravel().astype(np.int64), ends.ravel().astype(np.int64)
    first = np.argsort(calls, kind="stable")[: shape.operations]
    return (first // each).astype(np.int64), calls[first], returns[first]


def _processes(client: Ints, crashed: Flags, clients: int) -> Ints:
    """A client goes on under a fresh number when an operation of its process did not return."""
    process = client.copy()
    for place in np.flatnonzero(crashed):
        later = np.arange(len(client)) > place
        process[later & (client == client[place])] += clients
    return process


def _found(order: Ints, key: Ints, written: Ints) -> Ints:
    """What each operation finds: the value last `written` on its key before it, in that order."""
    by_key = order[np.argsort(key[order], kind="stable")]
    place = np.arange(len(by_key))
    starts = np.maximum.accumulate(np.where(np.diff(key[by_key], prepend=-1) != 0, place, 0))
    writer = np.maximum.accumulate(np.where(written[by_key] != NOWHERE, place, -1))
    found = np.zeros(len(by_key), dtype=np.int64)
    found[by_key] = np.where(writer >= starts, written[by_key[writer]], 0)
    return found


def _found_by_cas(
    shape: Shape, call: Ints, effect: Ints, key: Ints, kind: Ints, a: Ints, b: Ints
) -> tuple[Ints, Flags]:
    """What each operation finds or expects, and which compare-and-sets were done: one moment after the other.

    Where each write has a value of its own, a compare-and-set expects what was there when it was called.
    """
    size = len(call)
    done = np.zeros(size, dtype=bool)
    happening = np.flatnonzero(effect != OPEN)
    moments = np.concatenate((call, effect[happening]))
    events = np.concatenate((np.arange(size), happening + size))[np.argsort(moments, kind="stable")]
    kinds, keys, expected, written = kind.tolist(), key.tolist(), a.tolist(), b.tolist()
    state = [0] * shape.keys
    for event in events.tolist():
        operation = event % size
        if event < size:
            if shape.values is None and kinds[operation] == CAS:
                expected[operation] = state[keys[operation]]
        elif kinds[operation] == READ:
            expected[operation] = state[keys[operation]]
        elif kinds[operation] == WRITE or expected[operation] == state[keys[operation]]:
            state[keys[operation]] = written[operation]
            done[operation] = True
    return np.array(expected), done


def _make_stale(recorded: Recorded) -> None:
    """Change the answer of one read to a value that had certainly been overwritten when it was called.

    That is: some mutator had returned before the read was called, and whoever wrote the value had returned before that
    mutator was called.
    """
    mutators = np.flatnonzero(recorded.b != NOWHERE)
    call, value = recorded.call[mutators], recorded.b[mutators]
    ends = np.where(recorded.return_[mutators] == OPEN, np.iinfo(np.int64).max, recorded.return_[mutators])
    reads = np.flatnonzero(recorded.kind == READ)
    for read in reads[np.argsort(abs(reads - STALE_AT * len(recorded)), kind="stable")]:
        latest = call[ends < recorded.call[read]].max(initial=0)
        gone = ends < latest
        possible = value[~gone & (call <= recorded.return_[read])]
        stale = np.flatnonzero(gone & ~np.isin(value, possible))
        if len(stale):
            recorded.a[read] = value[stale[np.argmax(ends[stale])]]
            return
    raise ValueError("every value was being written all the time: no read can be made stale")
