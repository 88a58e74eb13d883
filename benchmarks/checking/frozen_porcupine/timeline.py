"""One partition laid out for the search: the calls and returns of its operations in real-time order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .history import Operation, program_order


@dataclass(frozen=True, slots=True)
class Timeline:
    """Completed operations are numbered by their calls, and so are the pending ones, from 0 each.

    An entry is the position of a call or return of a completed operation in real-time order; at one instant calls come
    before returns, so that operations of different clients which touch are concurrent. The entry `head` is a sentinel.
    Each completed operation holds a bit while it is open, the lowest one free at its call, so that a set of open
    operations is an integer no wider than the concurrency.
    """

    completed: list[int]  # number of a completed operation -> its position in the partition
    pending: list[int]  # number of a pending operation -> its position in the partition
    inputs: list[Any]
    outputs: list[Any]
    bits: list[int]
    return_ranks: list[int]  # number of a completed operation -> how many returned before it
    return_bits: list[int]  # rank of a return -> the bit it frees; 0 after the last one
    return_entries: list[int]
    operation_at: list[int]  # entry -> number of the operation called there; -1 at a return, and at the head
    called_before: list[int]  # rank of a return -> how many pending operations were called before it
    predecessors: dict[int, int]  # position -> number of an operation that returned just as the same client called this

    @property
    def head(self) -> int:
        return len(self.operation_at) - 1


def lay_out(operations: Sequence[Operation]) -> Timeline:
    """The timeline of well-formed operations (see validate_operations)."""
    order = program_order(operations)
    completed = [position for position in order if operations[position].return_ is not None]
    pending = [position for position in order if operations[position].return_ is None]
    count = len(completed)
    bits, return_ranks, return_entries = [0] * count, [0] * count, [0] * count
    return_bits: list[int] = []
    operation_at: list[int] = []
    called_before: list[int] = []
    taken = calls_of_pending = 0
    for is_return, number in _events(operations, completed, pending):
        if is_return:
            return_ranks[number] = len(return_bits)
            return_bits.append(bits[number])
            return_entries[number] = len(operation_at)
            called_before.append(calls_of_pending)
            operation_at.append(-1)
            taken ^= bits[number]
        elif number < 0:
            calls_of_pending += 1
        else:
            bits[number] = ~taken & (taken + 1)
            taken |= bits[number]
            operation_at.append(number)
    return Timeline(
        completed=completed,
        pending=pending,
        inputs=[operations[position].input for position in completed],
        outputs=[operations[position].output for position in completed],
        bits=bits,
        return_ranks=return_ranks,
        return_bits=[*return_bits, 0],
        return_entries=return_entries,
        operation_at=[*operation_at, -1],
        called_before=called_before,
        predecessors=_predecessors(operations, order, completed),
    )


def _events(operations: Sequence[Operation], completed: list[int], pending: list[int]) -> list[tuple[bool, int]]:
    """(is it a return, number of the operation), in real-time order; the number is negative for a pending one."""
    events: list[tuple[int, bool, int]] = [(operations[position].call, False, -1) for position in pending]
    for number, position in enumerate(completed):
        operation = operations[position]
        assert operation.return_ is not None
        events.append((operation.call, False, number))
        events.append((operation.return_, True, number))
    events.sort()
    return [(is_return, number) for _, is_return, number in events]


def _predecessors(operations: Sequence[Operation], order: list[int], completed: list[int]) -> dict[int, int]:
    """The orders within one client that the order of events does not show, because a return and a call coincide."""
    number_of = {position: number for number, position in enumerate(completed)}
    by_client: dict[int, list[int]] = {}
    for position in order:
        by_client.setdefault(operations[position].client_id, []).append(position)
    return {
        later: number_of[earlier]
        for positions in by_client.values()
        for earlier, later in pairwise(positions)
        if operations[earlier].return_ == operations[later].call
    }
