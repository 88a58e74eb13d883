"""A counter that goes in equal steps, decided in about linear time.

The reads, ordered by what they answered, leave slots before, between and after them, and the answers say how many steps
belong in each. What had returned and been called when confines each step to some of the slots; the slots are filled one
after another with what has to be placed soonest. Where steps differ, this is a subset-sum problem (NP-hard), and only
answers out of bounds are found.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import accumulate
from math import inf
from typing import cast

from ....histories.operation import Operation
from ...models.counter import change
from ...models.model import Model
from ..engine import Conflict, InapplicableError, Solution
from .layers import by_call, call_of, end_of, first_disorder


def decide(model: Model, operations: Sequence[Operation]) -> Solution:
    """The steps and the reads in order, or what is wrong.

    Raises InapplicableError if the steps differ, one of them is 0, one answers the sum, or the counter is set.
    """
    initial = cast("int", model.initial)
    if any(each.f == "set" for each in operations):
        raise InapplicableError("it is set")
    reads = [each for each in operations if each.f == "read" and each.return_ is not None]
    steps = [each for each in operations if each.f != "read"]
    for read in reads:
        if type(read.output) is not int:
            return Conflict("not a number", (read,))
    if any(each.return_ is not None and each.output is not None for each in steps):
        raise InapplicableError("an operation answers the sum that it led to")
    changes = {change(each) for each in steps}
    if len(changes) > 1 or 0 in changes:
        conflict = _out_of_bounds(initial, reads, steps)
        if conflict is not None:
            return conflict
        raise InapplicableError("it does not go in equal steps")
    step = changes.pop() if changes else 1
    groups: dict[int, list[Operation]] = {}
    for read in reads:
        number, rest = divmod(cast("int", read.output) - initial, step)
        if rest or number < 0:
            return Conflict("value out of bounds", (read,))
        groups.setdefault(number, []).append(read)
    return _fill(steps, [(number, by_call(groups[number])) for number in sorted(groups)])


def _fill(steps: Sequence[Operation], groups: Sequence[tuple[int, Sequence[Operation]]]) -> Solution:
    """The steps put between the reads; of these, groups of equal answers, each with the number of steps before it."""
    disorder = first_disorder(reads for _, reads in groups)
    if disorder is not None:
        return Conflict("went back", disorder)
    windows = _windows(steps, [reads for _, reads in groups])
    by_slot: list[list[tuple[float, int]]] = [[] for _ in range(len(groups) + 1)]
    for place, (low, high) in enumerate(windows):
        if high < low:
            return Conflict("lost increment", (steps[place], max(groups[int(high)][1], key=call_of)))
        by_slot[low].append((high, place))
    order: list[Operation] = []
    waiting: list[tuple[float, int]] = []
    filled = 0
    for slot, (number, reads) in enumerate(groups):
        for entry in by_slot[slot]:
            heappush(waiting, entry)
        if len(waiting) < number - filled:
            return Conflict("value out of bounds", (min(reads, key=end_of),))
        chosen = [heappop(waiting)[1] for _ in range(number - filled)]
        if waiting and waiting[0][0] <= slot:
            return Conflict("lost increment", (steps[waiting[0][1]], max(reads, key=call_of)))
        order += by_call(steps[place] for place in chosen)
        order += reads
        filled = number
    rest = [place for _, place in waiting] + [place for _, place in by_slot[len(groups)]]
    return (*order, *by_call(steps[place] for place in rest if steps[place].return_ is not None))


def _windows(steps: Sequence[Operation], groups: Sequence[Sequence[Operation]]) -> list[tuple[int, float]]:
    """First and last slot for each step: after all reads that had returned, before all that were called later."""
    returned = sorted((end_of(read), group + 1) for group, reads in enumerate(groups) for read in reads)
    lowest = [0, *accumulate((slot for _, slot in returned), max)]
    called = sorted((read.call, group) for group, reads in enumerate(groups) for read in reads)
    highest = [*accumulate((slot for _, slot in reversed(called)), min)][::-1]
    ends, calls = [end for end, _ in returned], [call for call, _ in called]
    windows: list[tuple[int, float]] = []
    for step in steps:
        later = len(calls) if step.return_ is None else bisect_right(calls, step.return_)
        windows.append((lowest[bisect_left(ends, step.call)], highest[later] if later < len(calls) else inf))
    return windows


def _out_of_bounds(initial: int, reads: Sequence[Operation], steps: Sequence[Operation]) -> Conflict | None:
    """A read that answered more, or less, than what could have happened by then adds up to."""
    sizes = [(change(each), each) for each in steps]
    called = sorted((each.call, size) for size, each in sizes)
    returned = sorted((each.return_, size) for size, each in sizes if each.return_ is not None)
    calls, ends = [call for call, _ in called], [end for end, _ in returned]
    most = [0, *accumulate(max(size, 0) for _, size in called)]
    least = [0, *accumulate(min(size, 0) for _, size in called)]
    done_up = [0, *accumulate(max(size, 0) for _, size in returned)]
    done_down = [0, *accumulate(min(size, 0) for _, size in returned)]
    for read in reads:
        before, may = bisect_left(ends, read.call), bisect_right(calls, end_of(read))
        low, high = initial + done_up[before] + least[may], initial + most[may] + done_down[before]
        if not low <= cast("int", read.output) <= high:
            return Conflict("value out of bounds", (read,))
    return None
