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
from itertools import islice
from typing import TypeAlias

from .columns import CAS, DIFFERS, NEVER, READ, WRITE, RegisterColumns
from .meter import Meter

_NOBODY = -1

Zone: TypeAlias = tuple[int, bool, int, int, int, int]
"""Where a block starts, whether it is forward, its first return, the writer of its first value, its last call, and that
value. In this order: at one position calls, with which backward ones start, come before returns."""


class InapplicableError(Exception):
    """A value is written twice, a compare-and-set leaves what it found, or one that answered False has no place."""


def decide(columns: RegisterColumns, meter: Meter) -> list[int] | None:
    """A linearization of the operations, or None if there is none. Raises InapplicableError, and what the meter does.

    Operations are in the order of their calls.
    """
    order = _Blocks(columns, meter).arranged()
    if order is not None and DIFFERS in columns.kind:
        return _with_differing(columns, order)
    return order


class _Blocks:
    """Who wrote, read and took each value; -1 for nobody. Readers of a value are linked, by call."""

    def __init__(self, columns: RegisterColumns, meter: Meter) -> None:
        self.columns, self.meter = columns, meter
        self.writer = [_NOBODY] * columns.values
        self.reader = [_NOBODY] * columns.values
        self.next_reader = [_NOBODY] * len(columns.kind)
        self.takers: list[int] = []
        calls = columns.times.call
        if any(after < before for before, after in zip(calls, islice(calls, 1, None), strict=False)):
            raise InapplicableError
        self._fill()

    def _fill(self) -> None:
        columns, writer, reader = self.columns, self.writer, self.reader
        last_reader = list(reader)
        rows = zip(columns.kind, columns.a, columns.b, columns.times.return_, strict=True)
        for operation, (kind, a, b, end) in enumerate(rows):
            self.meter.tick()
            if kind == READ:
                if end == NEVER:
                    continue
                if reader[a] < 0:
                    reader[a] = operation
                else:
                    self.next_reader[last_reader[a]] = operation
                last_reader[a] = operation
            elif kind != DIFFERS:
                if writer[b] >= 0 or b == columns.initial or a == b:
                    raise InapplicableError
                writer[b] = operation
                if kind == CAS:
                    self.takers.append(operation)

    def arranged(self) -> list[int] | None:
        """All operations block by block, those of a forward one first that covers others; None if that cannot be."""
        happened = self._happened()
        if self._is_unwritten_found():
            return None
        taker = self._taker(happened)
        return None if taker is None else self._in_order(happened, taker)

    def _happened(self) -> list[bool]:
        """For each operation: a pending one took effect exactly if its value was found by one that did."""
        columns, writer = self.columns, self.writer
        happened = [end != NEVER for end in columns.times.return_]
        if all(happened):
            return happened
        found = [value for value, reader in enumerate(self.reader) if reader >= 0]
        found += [columns.a[each] for each in self.takers if happened[each]]
        while found:
            self.meter.tick()
            operation = writer[found.pop()]
            if operation >= 0 and not happened[operation]:
                happened[operation] = True
                if columns.kind[operation] == CAS:
                    found.append(columns.a[operation])
        return happened

    def _is_unwritten_found(self) -> bool:
        pairs = enumerate(zip(self.reader, self.writer, strict=True))
        return any(reader >= 0 > writer and value != self.columns.initial for value, (reader, writer) in pairs)

    def _taker(self, happened: list[bool]) -> list[int] | None:
        """The compare-and-set that found each value; None where two did, or one found a value that nobody wrote."""
        taker = [_NOBODY] * self.columns.values
        for operation in self.takers:
            if happened[operation]:
                value = self.columns.a[operation]
                if taker[value] >= 0 or (self.writer[value] < 0 and value != self.columns.initial):
                    return None
                taker[value] = operation
        return taker

    def _in_order(self, happened: list[bool], taker: list[int]) -> list[int] | None:
        zones = self._zones(happened, taker)
        if zones is None:
            return None
        order: list[int] = []
        later: list[int] = []
        covered = -2  # up to here, by the last forward block
        for start, _, first, number, last, value in sorted(zones):
            self.meter.tick()
            if start > covered or (start == covered and first < last):
                order += later
                later.clear()
                if first < last:
                    covered = last
                self._emit(value, number, taker, order)
            elif first < covered:
                return None
            else:
                self._emit(value, number, taker, later)
        return order + later

    def _zones(self, happened: list[bool], taker: list[int]) -> list[Zone] | None:
        """Of each block; None where one is not possible in itself."""
        columns, reader, next_reader = self.columns, self.reader, self.next_reader
        call, return_ = columns.times.call, columns.times.return_
        zones: list[Zone] = []
        chained = 0
        roots = (each for each, kind in enumerate(columns.kind) if kind == WRITE and happened[each])
        for root in (_NOBODY, *roots):
            value = columns.initial if root < 0 else columns.b[root]
            first, last = (-1, -1) if root < 0 else (return_[root], call[root])
            after = root
            while True:
                self.meter.tick()
                before, each = last, reader[value]
                while each >= 0:
                    end = return_[each]
                    if end < before:
                        return None
                    if end < first:
                        first = end
                    if call[each] > last:
                        last = call[each]
                    each = next_reader[each]
                after = taker[value]
                if after < 0:
                    break
                if return_[after] < last:
                    return None
                first, last = min(first, return_[after]), max(last, call[after])
                value = columns.b[after]
                chained += 1
            if last >= 0:
                found = columns.initial if root < 0 else columns.b[root]
                zones.append((min(first, last), first < last, first, root, last, found))
        # Compare-and-sets in no chain form a circle, each in need of what another one left.
        return zones if chained == sum(each >= 0 for each in taker) else None

    def _emit(self, value: int, writer: int, taker: list[int], order: list[int]) -> None:
        """Add the operations of the block from this value on."""
        while True:
            if writer >= 0:
                order.append(writer)
            each = self.reader[value]
            while each >= 0:
                order.append(each)
                each = self.next_reader[each]
            writer = taker[value]
            if writer < 0:
                return
            value = self.columns.b[writer]


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
