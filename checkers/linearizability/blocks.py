"""Registers whose values are written once, decided in linear time; in Python what `_native/zones.hpp` does.

Gibbons & Korach, "Testing shared memories" (SIAM J. Comput. 1997), section 4, extended to successful compare-and-sets.
A value written by a compare-and-set was held at once after the value it took the place of. So all values fall into
blocks: a blind write (or the initial value) and the compare-and-sets that follow from it, with the reads of each value,
in an order that is forced. A block reaches from `first`, the first return in it, to `last`, the last call. Where
first < last it holds the register all that time (forward); otherwise some moment between last and first is enough
(backward). The history is linearizable exactly if each block is consistent in itself, no two forward ones overlap, and
no backward one lies inside a forward one.

(zones.py finds every conflict, to explain it, and among values of which some are written twice; this only decides.)
"""

from collections.abc import Iterator
from itertools import count, islice

from .columns import CAS, DIFFERS, NEVER, READ, WRITE, RegisterColumns
from .meter import Meter


class InapplicableError(Exception):
    """A value is written twice, a compare-and-set leaves what it found, or one that answered False has no place."""


def decide(columns: RegisterColumns, meter: Meter) -> list[int] | None:
    """A linearization of the operations, or None if there is none. Raises InapplicableError, and what the meter does.

    Operations are in the order of their calls.
    """
    writer = _writers(columns)
    readers: dict[int, list[int]] = {}
    for operation, kind in enumerate(columns.kind):
        if kind == READ and columns.times.return_[operation] != NEVER:
            readers.setdefault(columns.a[operation], []).append(operation)
    happened = _happened(columns, writer, readers)
    if any(value not in writer and value != columns.initial for value in readers):
        return None
    taker: dict[int, int] = {}
    for operation, kind in enumerate(columns.kind):
        if kind == CAS and happened[operation]:
            value = columns.a[operation]
            if value in taker or (value not in writer and value != columns.initial):
                return None
            taker[value] = operation
    order = _arranged(columns, meter, readers, happened, taker)
    if order is not None and DIFFERS in columns.kind:
        return _with_differing(columns, order)
    return order


def _writers(columns: RegisterColumns) -> dict[int, int]:
    calls = columns.times.call
    if any(after < before for before, after in zip(calls, islice(calls, 1, None), strict=False)):
        raise InapplicableError
    writer: dict[int, int] = {}
    for operation, kind, a, b in zip(count(), columns.kind, columns.a, columns.b, strict=False):
        if kind in (WRITE, CAS):
            if b in writer or b == columns.initial or (kind == CAS and a == b):
                raise InapplicableError
            writer[b] = operation
    return writer


def _happened(columns: RegisterColumns, writer: dict[int, int], readers: dict[int, list[int]]) -> list[bool]:
    """For each operation: a pending one took effect exactly if its value was found by one that did."""
    happened = [return_ != NEVER for return_ in columns.times.return_]
    found = list(readers)
    found += [columns.a[each] for each, kind in enumerate(columns.kind) if kind == CAS and happened[each]]
    while found:
        operation = writer.get(found.pop())
        if operation is not None and not happened[operation]:
            happened[operation] = True
            if columns.kind[operation] == CAS:
                found.append(columns.a[operation])
    return happened


def _arranged(
    columns: RegisterColumns, meter: Meter, readers: dict[int, list[int]], happened: list[bool], taker: dict[int, int]
) -> list[int] | None:
    """All blocks in order, those of a forward one first that covers others; None where they exclude each other."""
    call, return_ = columns.times.call, columns.times.return_
    blocks: list[tuple[int, int, int, int, list[int]]] = []  # start, first, number, last, operations
    chained = 0

    def add(first: int, last: int, operations: list[int], value: int) -> bool:
        """Walk the chain of values from this one on. False where its order is not possible."""
        nonlocal chained
        while True:
            group = readers.get(value)
            if group:
                soonest = min(map(return_.__getitem__, group))
                if soonest < last:
                    return False
                operations += group
                first, last = min(first, soonest), max(last, call[group[-1]])
            after = taker.get(value)
            if after is None:
                if last >= 0:
                    blocks.append((min(first, last), first, len(blocks), last, operations))
                return True
            if return_[after] < last:
                return False
            operations.append(after)
            first, last = min(first, return_[after]), max(last, call[after])
            value = columns.b[after]
            chained += 1

    possible = add(-1, -1, [], columns.initial)
    for operation, kind in enumerate(columns.kind):
        if not possible:
            return None
        meter.tick()
        if kind == WRITE and happened[operation]:
            possible = add(return_[operation], call[operation], [operation], columns.b[operation])
    if not possible or chained < len(taker):
        return None  # Compare-and-sets in no chain form a circle, each in need of what another one left.
    blocks.sort()
    order: list[int] = []
    later: list[int] = []
    covered = -2  # up to here, by the last forward block
    for start, first, _, last, operations in blocks:
        if start > covered:
            order += later
            later.clear()
            if first < last:
                covered = last
            order += operations
        elif first < last or first < covered:
            return None
        else:
            later += operations
    return order + later


def _with_differing(columns: RegisterColumns, order: list[int]) -> list[int]:
    """The order with the compare-and-sets that answered False put in, each at the first place where it is possible.

    Raises InapplicableError where this fails: another order might have room for it.
    """
    call, return_ = columns.times.call, columns.times.return_
    held_from, held_until = {columns.initial: 0}, {}
    value = columns.initial
    for place, operation in enumerate(order):
        if columns.kind[operation] in (WRITE, CAS):
            held_until[value] = place
            value = columns.b[operation]
            held_from[value] = place + 1
    held_until[value] = len(order)
    returned = sorted((return_[operation], place + 1) for place, operation in enumerate(order))
    differing = [
        operation for operation, kind in enumerate(columns.kind) if kind == DIFFERS and return_[operation] != NEVER
    ]
    by_return = sorted(differing, key=return_.__getitem__)
    place_of: dict[int, int] = {}
    earliest = passed = passed_differing = 0
    for operation in differing:
        while passed < len(returned) and returned[passed][0] < call[operation]:
            earliest = max(earliest, returned[passed][1])
            passed += 1
        while return_[by_return[passed_differing]] < call[operation]:
            earliest = max(earliest, place_of[by_return[passed_differing]])
            passed_differing += 1
        found = columns.a[operation]
        held = found in held_from and held_from[found] <= earliest <= held_until[found]
        place_of[operation] = held_until[found] + 1 if held else earliest
        if place_of[operation] > len(order):
            raise InapplicableError
    merged = list(_merged(order, sorted(differing, key=place_of.__getitem__), place_of))
    latest_call = -1
    for operation in merged:
        if return_[operation] < latest_call:
            raise InapplicableError
        latest_call = max(latest_call, call[operation])
    return merged


def _merged(order: list[int], extra: list[int], place_of: dict[int, int]) -> Iterator[int]:
    following = iter(extra)
    operation = next(following, None)
    for place in range(len(order) + 1):
        while operation is not None and place_of[operation] == place:
            yield operation
            operation = next(following, None)
        if place < len(order):
            yield order[place]
