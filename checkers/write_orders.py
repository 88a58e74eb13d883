"""Orders of the writes of one register in which reads are as fresh as possible. See staleness.py for what is asked."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, takewhile
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Write:
    """A write that happened between the positions `call` and `end`; reads of its value were called up to `seen`.

    `end` is no later than the first return of such a read. `seen` is -1 if there is none. No two of the positions in a
    history are equal.
    """

    call: int
    end: int
    seen: int = -1


Order: TypeAlias = Sequence[int]
"""The places of the writes in a sequence of them, arranged so that real time is respected."""


def age(writes: Sequence[Write], order: Order) -> int:
    """How many writes old the stalest read is, if writes happened in this order and reads are put in at their best."""
    places = sorted(range(len(order)), key=lambda place: writes[order[place]].end)
    ends = [writes[order[place]].end for place in places]
    last = list(accumulate(places, max))
    oldest = 0
    for place, write in enumerate(order):
        ended = bisect_left(ends, writes[write].seen)
        if ended:
            oldest = max(oldest, last[ended - 1] - place)
    return oldest


def by_zone(writes: Sequence[Write]) -> Order:
    """The order by the beginnings of zones: no read is stale in it if that is possible at all.

    Gibbons & Korach, "Testing shared memories" (SIAM J. Comput. 1997), section 4. If of two writes the second had to
    come before the first, the zone of the second would overlap the forward zone of the first.
    """
    return sorted(range(len(writes)), key=lambda each: min(writes[each].end, max(writes[each].call, writes[each].seen)))


def by_end(writes: Sequence[Write]) -> Order:
    """The order in which the writes ended."""
    return sorted(range(len(writes)), key=lambda each: writes[each].end)


def by_need(writes: Sequence[Write]) -> Order:
    """An order made from its end by a rule of thumb: whoever has been waited for longest comes as soon as possible.

    Once a write is in its place, all are waited for that were read after it had ended.
    """
    live = _Live(writes)
    waiting: deque[int] = deque()
    placed: list[int] = []
    while len(placed) < len(writes):
        chosen = live.by_end.first()
        if waiting:
            chosen = waiting[0] if live.can_be_last(waiting[0]) else live.by_call.first()
        live.by_call.remove(chosen)
        live.by_end.remove(chosen)
        if chosen in live.by_seen:
            live.by_seen.remove(chosen)
        else:
            waiting.remove(chosen)
        placed.append(chosen)
        for write in list(live.seen_after(writes[chosen].end)):
            live.by_seen.remove(write)
            waiting.append(write)
    return placed[::-1]


def no_older_than_one(writes: Sequence[Write]) -> Order | None:
    """An order in which no read is more than one write old, or None if there is none.

    LBT of Golab, Hurwitz & Li, "On the k-atomicity-verification problem" (ICDCS 2013). The order is made from its end.
    Whatever was read after the last write had ended must come right before it: if there are two such, it cannot be the
    last; if there is one, what comes next is known; if there is none, what is in place by then restricts the rest no
    more, so that no other choice has to be tried. Choices are tried side by side, for ever more steps.
    """
    live = _Live(writes)
    placed: list[int] = []
    while len(placed) < len(writes):
        candidates, steps = live.candidates(), 1
        chain: list[int] | None = None
        while candidates and chain is None:
            undecided = []
            for candidate in candidates:
                done, chain = _chain(live, candidate, steps)
                if chain is not None:
                    break
                if not done:
                    undecided.append(candidate)
            candidates, steps = undecided, 2 * steps
        if chain is None:
            return None
        placed += chain
    return placed[::-1]


def _chain(live: "_Live", last: int, steps: int) -> tuple[bool, list[int] | None]:
    """The writes that are in place, last first, once `last` is and all that follows from it; they are taken out.

    None, and nothing is taken out, if that is not possible, or not within so many steps; the first result tells
    whether it is decided.
    """
    chain: list[int] = []
    decided = True
    following: int | None = last
    while following is not None:
        required = list(islice((each for each in live.seen_after(live.writes[following].end) if each != following), 2))
        decided = len(chain) < steps
        if not decided or len(required) == 2 or not live.can_be_last(following):
            for write in reversed(chain):
                live.restore(write)
            return decided, None
        live.remove(following)
        chain.append(following)
        following = required[0] if required else None
    return True, chain


class _Line:
    """Some of the numbers from 0 on, the one with the largest key first. What was removed last can be put back."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._head = len(keys)
        order = [*sorted(range(len(keys)), key=keys.__getitem__, reverse=True), self._head]
        self._after = [0] * len(order)
        self._before = [0] * len(order)
        for this, following in zip(order, order[1:] + order[:1], strict=True):
            self._after[this], self._before[following] = following, this
        self._in = bytearray(b"\1" * len(keys))

    def __contains__(self, number: int) -> bool:
        return bool(self._in[number])

    def __iter__(self) -> Iterator[int]:
        number = self._after[self._head]
        while number != self._head:
            yield number
            number = self._after[number]

    def first(self) -> int:
        return self._after[self._head]

    def remove(self, number: int) -> None:
        self._in[number] = 0
        before, after = self._before[number], self._after[number]
        self._after[before], self._before[after] = after, before

    def restore(self, number: int) -> None:
        self._in[number] = 1
        self._after[self._before[number]] = self._before[self._after[number]] = number


class _Live:
    """The writes that are not in place yet."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self.writes = writes
        self.by_call = _Line([write.call for write in writes])
        self.by_end = _Line([write.end for write in writes])
        self.by_seen = _Line([write.seen for write in writes])

    def remove(self, write: int) -> None:
        for line in (self.by_call, self.by_end, self.by_seen):
            line.remove(write)

    def restore(self, write: int) -> None:
        for line in (self.by_call, self.by_end, self.by_seen):
            line.restore(write)

    def can_be_last(self, write: int) -> bool:
        """Whether no other one was called after this had ended."""
        latest = next((other for other in self.by_call if other != write), None)
        return latest is None or self.writes[latest].call < self.writes[write].end

    def candidates(self) -> list[int]:
        """All that can be last."""
        latest = self.by_call.first()
        ended = takewhile(lambda each: self.writes[each].end > self.writes[latest].call, self.by_end)
        return [latest, *(each for each in ended if each != latest)]

    def seen_after(self, position: int) -> Iterator[int]:
        """Those whose value was read by somebody who called later than that."""
        return takewhile(lambda each: self.writes[each].seen > position, self.by_seen)
