"""The general engine in Python: configurations, and the rules by which a search goes on from them.

Just-in-time linearization (Lowe, "Testing for linearizability", Concurrency and Computation 2017) in a window. A
configuration is a state, a mask of those open operations that are linearized, and how often each class of pending
operations was used (pending: of unknown outcome; a class: those that do the same). Events are passed in order, and only
the return of an operation that is not linearized yet makes the search choose: it tries sequences of open operations up
to the one that returns. An operation's bit in the mask is its own from its call to its return only, so that masks are
as wide as the concurrency, never as long as the history.

Rules that spare work, none of which changes an answer (tests break each and see it noticed):

* GREEDY: an operation that changes no state is linearized as soon as it is possible. Take any way to go on, and move it
  to the front: it is possible there, states are the same, and all that returned before its call is linearized.
* SYMMETRY: of open operations that do the same, only the one that returns first is tried: swap it with the other.
  Pending ones of a class are used in the order of their calls.
* DEAD: when a blind write is applied, those open blind writes come just before it whose value nobody finds but reads
  open now, and these reads with them. In any way to go on the next change after such a write is a blind one again, or
  there is none; so the write and its reads can be taken out there, and put in here. Not where compare-and-sets answered
  False.
* LIVE: a value is not overwritten that a completed operation must still find and nobody can bring back. This sees ahead
  of the event at which no configuration is left, so it is off where that event is asked for.
* DOMINANCE: a configuration is dropped when there is another that differs only in having used fewer pending operations:
  these are optional. And one is only used where its value may be found before the return that is waited for.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from copy import copy
from enum import IntEnum, IntFlag
from typing import TypeAlias

from .columns import CAS, DIFFERS, NEVER, NOWHERE, READ, WRITE, RegisterColumns, TableColumns, Times

Columns: TypeAlias = RegisterColumns | TableColumns


class Rule(IntFlag):
    """See the module."""

    GREEDY = 1
    SYMMETRY = 2
    DEAD = 4
    LIVE = 8
    DOMINANCE = 16


ALL_RULES = Rule.GREEDY | Rule.SYMMETRY | Rule.DEAD | Rule.LIVE | Rule.DOMINANCE


class Way(IntEnum):
    """Which way to search: both by turns, with a look at segments; or one alone. And which one gave an answer."""

    BOTH = 0
    DEPTH = 1
    BREADTH = 2
    SEGMENT = 3


def in_order(times: Times) -> list[int]:
    """The events: an operation's number for its call, the complement of that for its return. At one position calls
    come first."""
    keyed = [(position, 0, operation) for operation, position in enumerate(times.call)]
    keyed += [(position, 1, operation) for operation, position in enumerate(times.return_) if position != NEVER]
    return [~operation if returns else operation for _, returns, operation in sorted(keyed)]


Trail: TypeAlias = "tuple[Trail, int] | None"
"""Operations in the order of their linearization, from the last on."""


def unwound(trail: Trail) -> list[int]:
    """The operations of a trail from the first on."""
    order = []
    while trail is not None:
        trail, operation = trail
        order.append(operation)
    return order[::-1]


Configuration: TypeAlias = tuple[int, int, tuple[int, ...], Trail]
"""State, mask, how often each class of pending operations was used; and how that came about."""

Choice: TypeAlias = int
"""An open operation's number, or the complement of a class of pending ones."""


class Window:
    """The operations that are open around some event, and what the rules say there."""

    def __init__(self, columns: Columns, events: list[int], rules: Rule) -> None:
        self.columns, self.events = columns, events
        self.greedy, self.symmetry = Rule.GREEDY in rules, Rule.SYMMETRY in rules
        self.live, self.dominance = Rule.LIVE in rules, Rule.DOMINANCE in rules
        self.register = columns if isinstance(columns, RegisterColumns) else None
        self.outlook = None if self.register is None else Outlook(self.register, events)
        self.dead = self.outlook is not None and Rule.DEAD in rules and not self.outlook.any_differs
        self.open: dict[int, int] = {}  # with their bits
        self.open_pure: dict[int, int] = {}
        self.available: list[int] = []  # how many of each class have been called
        self.members: list[list[int]] = []  # the operations of each class, by call
        self.bit = [0] * len(columns.times)
        self.returns: dict[int, int] = {~event: place for place, event in enumerate(events) if event < 0}
        self._class: dict[int, int] = {}
        self._steps: dict[tuple[int, int], int] = {}
        self.pure = [self._is_pure(operation) for operation in range(len(columns.times))]
        self.step = columns.step if isinstance(columns, RegisterColumns) else self._step_by_table
        self._assign()
        self.start: Configuration = (columns.initial, 0, (0,) * len(self.members), None)

    def _is_pure(self, operation: int) -> bool:
        if isinstance(self.columns, RegisterColumns):
            return self.columns.kind[operation] in (READ, DIFFERS)
        return bool(self.columns.pure[self.columns.code[operation]])

    def identity(self, operation: int) -> Hashable:
        """Equal for operations that do the same."""
        columns = self.columns
        if isinstance(columns, RegisterColumns):
            return columns.kind[operation], columns.a[operation], columns.b[operation]
        return columns.code[operation]

    def _step_by_table(self, state: int, operation: int) -> int:
        assert isinstance(self.columns, TableColumns)
        key = state, self.columns.code[operation]
        following = self._steps.get(key)
        if following is None:
            following = self._steps[key] = self.columns.step(*key)
        return following

    def _assign(self) -> None:
        """A bit to each completed operation from its call to its return; a class to pending ones that can matter."""
        classes: dict[Hashable, int] = {}
        free: list[int] = []
        bits = 0
        for event in self.events:
            if event < 0:
                free.append(self.bit[~event])
            elif event in self.returns:
                if not free:
                    free.append(1 << bits)
                    bits += 1
                self.bit[event] = free.pop()
            elif not self.pure[event]:
                identity = self.identity(event) if self.symmetry else event
                number = self._class[event] = classes.setdefault(identity, len(self.members))
                if number == len(self.members):
                    self.members.append([])
                self.members[number].append(event)
        self.available = [0] * len(self.members)

    def at_the_beginning(self) -> "Window":
        """Another window on the same operations, before all events."""
        other = copy(self)
        other.open, other.open_pure, other.available = {}, {}, [0] * len(self.members)
        return other

    def enter(self, operation: int) -> None:
        """Pass the call of the operation."""
        bit = self.bit[operation]
        if bit:
            self.open[operation] = bit
            if self.pure[operation]:
                self.open_pure[operation] = bit
        elif operation in self._class:
            self.available[self._class[operation]] += 1

    def leave(self, operation: int) -> None:
        """Pass the return of the operation."""
        del self.open[operation]
        self.open_pure.pop(operation, None)

    def undo(self, event: int) -> None:
        """Take back the last event."""
        if event < 0:
            self.enter(~event)
        elif self.bit[event]:
            self.leave(event)
        elif event in self._class:
            self.available[self._class[event]] -= 1

    def absorbed(self, configuration: Configuration, operations: Iterable[int]) -> Configuration:
        """Rule GREEDY, for some of the open operations that change nothing."""
        if not self.greedy:
            return configuration
        state, mask, used, trail = configuration
        step, bits = self.step, self.bit
        for operation in operations:
            bit = bits[operation]
            if not mask & bit and step(state, operation) == state:
                mask |= bit
                trail = trail, operation
        return state, mask, used, trail

    def choices(self, position: int, configuration: Configuration, target: int) -> list[Choice]:
        """The ways to go on towards the return of `target`, the most promising last."""
        state, mask, used, _ = configuration
        step, returns, pure = self.step, self.returns, self.pure
        waits = [operation for operation, bit in self.open.items() if not mask & bit]
        absorbs = self.greedy and self.register is not None  # so that what changes nothing is not possible here
        endangered = self.live and self.is_endangered(position, state)
        ways = []
        for operation in waits:
            if absorbs and pure[operation]:
                continue
            following = step(state, operation)
            if following == NOWHERE:
                continue
            if not (endangered and self.is_doomed(position, waits, state, operation, following)):
                ways.append((self._helps(following, operation, target), -returns[operation], operation))
        ways.sort()
        if self.symmetry and len(ways) > 1:
            ways = self._first_of_each_kind(ways)
        chosen = [way[2] for way in ways]
        if not self.members:
            return chosen
        pending = []
        for number, members in enumerate(self.members):
            if used[number] < self.available[number]:
                operation = members[used[number]]
                following = step(state, operation)
                if (
                    following not in (NOWHERE, state)
                    and not (endangered and self.is_doomed(position, waits, state, operation, following))
                    and (not self.dominance or self.is_wanted(waits, following))
                ):
                    pending.append((self._helps(following, operation, target), ~number))
        pending.sort(reverse=True)
        if pending and pending[0][0] and not (ways and ways[-1][0]):
            chosen.append(pending.pop(0)[1])
        return [choice for _, choice in pending] + chosen

    def _first_of_each_kind(self, ways: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Rule SYMMETRY."""
        first: dict[Hashable, tuple[int, int, int]] = {}
        for way in ways:
            other = first.setdefault(self.identity(way[2]), way)
            if way[1] > other[1]:
                first[self.identity(way[2])] = way
        return ways if len(first) == len(ways) else [way for way in ways if first[self.identity(way[2])] is way]

    def _helps(self, following: int, operation: int, target: int) -> int:
        """How much sooner an operation leads to the target: 2 if it is the target, 1 if the target can be next."""
        if operation == target:
            return 2
        return int(self.register is not None and self.step(following, target) != NOWHERE)

    def apply(self, position: int, configuration: Configuration, choice: Choice) -> Configuration:
        """The configuration after the choice."""
        state, mask, used, trail = configuration
        operation = choice if choice >= 0 else self.members[~choice][used[~choice]]
        following = self.step(state, operation)
        if self.dead:
            for dead in self.squeezed_in(position, mask, operation):
                mask |= self.bit[dead]
                trail = trail, dead
        if choice >= 0:
            mask |= self.bit[operation]
        else:
            used = (*used[:~choice], used[~choice] + 1, *used[~choice + 1 :])
        return self.absorbed((following, mask, used, (trail, operation)), self.open_pure)

    def squeezed_in(self, position: int, mask: int, operation: int) -> Iterator[int]:
        """Rule DEAD: what comes just before the operation."""
        register = self.register
        if register is None or register.kind[operation] != WRITE:
            return
        waits = [each for each, bit in self.open.items() if not mask & bit and each != operation]
        placed = set()
        for write in waits:
            if register.kind[write] == WRITE and self.is_dead(position, register.b[write]):
                yield write
                for read in waits:
                    if register.kind[read] == READ and register.a[read] == register.b[write] and read not in placed:
                        placed.add(read)
                        yield read

    def is_dead(self, position: int, value: int) -> bool:
        """Whether nobody but reads that are open now can find the value."""
        assert self.outlook is not None
        outlook = self.outlook
        taken = value in outlook.pending_taken or outlook.last_taker_return.get(value, -1) >= position
        return not taken and outlook.last_read_call.get(value, -1) < position

    def is_endangered(self, position: int, state: int) -> bool:
        """Whether nobody who is called later, or may never return, can bring the state back."""
        outlook = self.outlook
        if outlook is None or state in outlook.pending_produced:
            return False
        return outlook.last_producer_call.get(state, -1) < position

    def is_doomed(self, position: int, waits: Sequence[int], state: int, operation: int, following: int) -> bool:
        """Rule LIVE: whether the operation overwrites what somebody must still find, when only open ones could bring it
        back and none does."""
        register, outlook = self.register, self.outlook
        if register is None or outlook is None or following == state:
            return False
        found = outlook.last_observer_call.get(state, -1) >= position
        for other in waits:
            if other != operation:
                kind = register.kind[other]
                if kind in (WRITE, CAS) and register.b[other] == state:
                    return False
                found = found or (kind in (READ, CAS) and register.a[other] == state)
        return found

    def is_wanted(self, waits: Sequence[int], value: int) -> bool:
        """Whether anybody may find the value before the return that is waited for.

        If not, it is overwritten blindly, or who finds it can wait, and the pending operation with it.
        """
        register, outlook = self.register, self.outlook
        if register is None or outlook is None or outlook.any_differs or value in outlook.pending_taken:
            return True
        return any(register.kind[each] in (READ, CAS) and register.a[each] == value for each in waits)


class Outlook:
    """What is still to come for each value of a register, in places of events."""

    def __init__(self, register: RegisterColumns, events: Sequence[int]) -> None:
        self.last_read_call: dict[int, int] = {}
        self.last_observer_call: dict[int, int] = {}
        self.last_taker_return: dict[int, int] = {}
        self.last_producer_call: dict[int, int] = {}
        self.pending_taken: set[int] = set()
        self.pending_produced: set[int] = set()
        self.any_differs = False
        for position, event in enumerate(events):
            if event >= 0:
                self._note_call(register, event, position)
            elif register.kind[~event] == CAS:
                self.last_taker_return[register.a[~event]] = position

    def _note_call(self, register: RegisterColumns, operation: int, position: int) -> None:
        kind, a, b = register.kind[operation], register.a[operation], register.b[operation]
        if kind in (WRITE, CAS):
            self.last_producer_call[b] = position
        if register.times.return_[operation] == NEVER:
            if kind in (WRITE, CAS):
                self.pending_produced.add(b)
            if kind == CAS:
                self.pending_taken.add(a)
            return
        if kind == READ:
            self.last_read_call[a] = position
        if kind in (READ, CAS):
            self.last_observer_call[a] = position
        self.any_differs |= kind == DIFFERS


class Seen:
    """The configurations that a search has seen."""

    def __init__(self, dominance: bool) -> None:
        self.size = 0
        self._dominance = dominance
        self._used: dict[tuple[int, int, int], list[tuple[int, ...]]] = {}

    def add(self, position: int, configuration: Configuration) -> bool:
        """Take a configuration, unless it is there or another dominates it. Whether it was taken."""
        state, mask, used, _ = configuration
        key = position, state, mask
        others = self._used.get(key)
        if others is None:
            self._used[key] = [used]
        elif used in others or (self._dominance and any(dominates(other, used) for other in others)):
            return False
        else:
            others.append(used)
        self.size += 1
        return True


def dominates(fewer: tuple[int, ...], more: tuple[int, ...]) -> bool:
    """Rule DOMINANCE: whether no pending operation was used more often."""
    return all(x <= y for x, y in zip(fewer, more, strict=True))
