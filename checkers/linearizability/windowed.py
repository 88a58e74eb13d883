"""The general engine in Python: what `_native/search.hpp` does, and what serves where that was not built.

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
  these are optional. And one is only used where its value can still be found.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TypeAlias

from .columns import CAS, DIFFERS, NEVER, NOWHERE, READ, WRITE, RegisterColumns, TableColumns, Times
from .meter import Limits, Meter, Reason, SpentError

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
    """Whether to search depth first, breadth first, or both by turns."""

    BOTH = 0
    DEPTH = 1
    BREADTH = 2


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found out. Operations are meant by their numbers in the columns.

    `valid` is None where a limit, the `reason`, was reached. `order` is a linearization, if there is one. `operation`
    is how far the search got: the operation at whose return it found no way to go on. Searching breadth first without
    LIVE that is the end of the shortest prefix that is not linearizable, and `states` are those possible just before.
    `way` is the one that decided.
    """

    valid: bool | None
    way: Way = Way.BOTH
    reason: Reason = Reason.NONE
    order: Sequence[int] = ()
    operation: int | None = None
    states: tuple[int, ...] = ()
    configurations: int = 0


def search(
    columns: Columns, limits: Limits = NO_LIMITS, rules: Rule = ALL_RULES, way: Way = Way.BOTH, share: int = 10_000
) -> Answer:
    """Search for a linearization, one way until it has used its share of configurations, then the other, and so on.

    Shares double. Raises what the columns' `step` raises.
    """
    events = in_order(columns.times)
    meter = Meter(limits)
    depth = DepthFirst(Window(columns, events, rules), meter)
    breadth = BreadthFirst(Window(columns, events, rules), meter)
    engines: tuple[tuple[DepthFirst | BreadthFirst, Way], ...] = (depth, Way.DEPTH), (breadth, Way.BREADTH)
    most = float("inf") if limits.configurations is None else limits.configurations

    def left() -> float:
        return most - depth.configurations - breadth.configurations

    def answer(valid: bool | None, by: Way = Way.BOTH, reason: Reason = Reason.NONE) -> Answer:
        position = max(each.position for each, way in engines if by in (way, Way.BOTH))
        at = None if position >= len(events) else events[position]
        trail = depth.trail if by is Way.DEPTH else breadth.trail
        return Answer(
            valid,
            by,
            reason,
            unwound(trail) if valid else (),
            None if valid or at is None else at if at >= 0 else ~at,
            breadth.states() if valid is False and by is Way.BREADTH else (),
            depth.configurations + breadth.configurations,
        )

    share += len(events)
    try:
        meter.look()
        while left() > 0:
            for engine, by in engines:
                if way in (by, Way.BOTH):
                    valid = engine.run(min(share, left() + engine.configurations))
                    if valid is not None:
                        return answer(valid, by)
            share *= 2
    except SpentError as spent:
        return answer(None, reason=spent.args[0])
    return answer(None, reason=Reason.CONFIGURATIONS)


def in_order(times: Times) -> list[int]:
    """The events: an operation's number for its call, the complement of that for its return."""
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
        self.columns, self.events, self.rules = columns, events, rules
        self.open: dict[int, int] = {}  # with their bits
        self.available: list[int] = []  # how many of each class have been called
        self.members: list[list[int]] = []  # the operations of each class, by call
        self.bit = [0] * len(columns.times)
        self.returns: dict[int, int] = {~event: place for place, event in enumerate(events) if event < 0}
        self._class: dict[int, int] = {}
        self._steps: dict[tuple[int, int], int] = {}
        self.register = columns if isinstance(columns, RegisterColumns) else None
        self.outlook = None if self.register is None else Outlook(self.register, events)
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
        if key not in self._steps:
            self._steps[key] = self.columns.step(*key)
        return self._steps[key]

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
                identity = self.identity(event) if Rule.SYMMETRY in self.rules else event
                number = self._class[event] = classes.setdefault(identity, len(self.members))
                if number == len(self.members):
                    self.members.append([])
                self.members[number].append(event)
        self.available = [0] * len(self.members)

    def enter(self, operation: int) -> None:
        """Pass the call of the operation."""
        if self.bit[operation]:
            self.open[operation] = self.bit[operation]
        elif operation in self._class:
            self.available[self._class[operation]] += 1

    def leave(self, operation: int) -> None:
        """Pass the return of the operation."""
        del self.open[operation]

    def undo(self, event: int) -> None:
        """Take back the last event."""
        if event < 0:
            self.enter(~event)
        elif self.bit[event]:
            self.leave(event)
        elif event in self._class:
            self.available[self._class[event]] -= 1

    def absorbed(self, configuration: Configuration, operations: Sequence[int]) -> Configuration:
        """Rule GREEDY, for some of the open operations."""
        if Rule.GREEDY not in self.rules:
            return configuration
        state, mask, used, trail = configuration
        step, pure, bits = self.step, self.pure, self.bit
        for operation in operations:
            bit = bits[operation]
            if pure[operation] and bit and not mask & bit and step(state, operation) == state:
                mask |= bit
                trail = trail, operation
        return state, mask, used, trail

    def choices(self, position: int, configuration: Configuration, target: int) -> list[Choice]:
        """The ways to go on towards the return of `target`, the most promising last."""
        state, mask, used, _ = configuration
        live = Rule.LIVE in self.rules
        waits = [operation for operation, bit in self.open.items() if not mask & bit]
        ways = []
        for operation in waits:
            following = self.step(state, operation)
            if following != NOWHERE and not (live and self.is_doomed(position, waits, state, operation, following)):
                ways.append((self._helps(following, operation, target), -self.returns[operation], operation))
        ways.sort()
        if Rule.SYMMETRY in self.rules:
            first = {self.identity(operation): operation for _, _, operation in sorted(ways, key=lambda way: way[1])}
            ways = [way for way in ways if first[self.identity(way[2])] == way[2]]
        pending = []
        for number, members in enumerate(self.members):
            if used[number] < self.available[number]:
                operation = members[used[number]]
                following = self.step(state, operation)
                if following not in (NOWHERE, state) and self._is_useful(position, waits, state, operation, following):
                    pending.append((self._helps(following, operation, target), ~number))
        pending.sort(reverse=True)
        chosen = [way[-1] for way in ways]
        if pending and pending[0][0] and not (ways and ways[-1][0]):
            chosen.append(pending.pop(0)[1])
        return [choice for _, choice in pending] + chosen

    def _helps(self, following: int, operation: int, target: int) -> int:
        """How much sooner an operation leads to the target: 2 if it is the target, 1 if the target can be next."""
        if operation == target:
            return 2
        return int(self.register is not None and self.register.step(following, target) != NOWHERE)

    def apply(self, position: int, configuration: Configuration, choice: Choice) -> Configuration:
        """The configuration after the choice."""
        state, mask, used, trail = configuration
        operation = choice if choice >= 0 else self.members[~choice][used[~choice]]
        following = self.step(state, operation)
        if Rule.DEAD in self.rules:
            for dead in self.squeezed_in(position, mask, operation):
                mask |= self.bit[dead]
                trail = trail, dead
        if choice >= 0:
            mask |= self.bit[operation]
        else:
            used = (*used[:~choice], used[~choice] + 1, *used[~choice + 1 :])
        return self.absorbed((following, mask, used, (trail, operation)), list(self.open))

    def squeezed_in(self, position: int, mask: int, operation: int) -> Iterator[int]:
        """Rule DEAD: what comes just before the operation."""
        register, outlook = self.register, self.outlook
        if register is None or outlook is None or outlook.any_differs or register.kind[operation] != WRITE:
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

    def is_doomed(self, position: int, waits: Sequence[int], state: int, operation: int, following: int) -> bool:
        """Rule LIVE: whether the operation overwrites what somebody must still find and nobody can bring back."""
        register, outlook = self.register, self.outlook
        if register is None or outlook is None or following == state:
            return False
        if state in outlook.pending_produced or outlook.last_producer_call.get(state, -1) >= position:
            return False
        others = [each for each in waits if each != operation]
        if any(register.kind[each] in (WRITE, CAS) and register.b[each] == state for each in others):
            return False
        if outlook.last_observer_call.get(state, -1) >= position:
            return True
        return any(register.kind[each] in (READ, CAS) and register.a[each] == state for each in others)

    def _is_useful(self, position: int, waits: Sequence[int], state: int, operation: int, following: int) -> bool:
        if Rule.LIVE in self.rules and self.is_doomed(position, waits, state, operation, following):
            return False
        return Rule.DOMINANCE not in self.rules or self.is_wanted(position, waits, following)

    def is_wanted(self, position: int, waits: Sequence[int], value: int) -> bool:
        """Whether anybody may still find the value. If not, it is overwritten blindly, and was not needed."""
        register, outlook = self.register, self.outlook
        if register is None or outlook is None or outlook.any_differs or value in outlook.pending_taken:
            return True
        if outlook.last_observer_call.get(value, -1) >= position:
            return True
        return any(register.kind[each] in (READ, CAS) and register.a[each] == value for each in waits)


class Outlook:
    """What is still to come for each value of a register, in positions of events."""

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
        others = self._used.setdefault((position, state, mask), [])
        if used in others or (self._dominance and any(map(dominates, others, [used] * len(others)))):
            return False
        others.append(used)
        self.size += 1
        return True


def dominates(fewer: tuple[int, ...], more: tuple[int, ...]) -> bool:
    """Rule DOMINANCE: whether no pending operation was used more often."""
    return all(x <= y for x, y in zip(fewer, more, strict=True))


class DepthFirst:
    """Follows one order at a time and goes back where it fails. Fast where there is a linearization."""

    def __init__(self, window: Window, meter: Meter) -> None:
        self.window, self.meter = window, meter
        self.position = 0
        """The furthest event that was reached."""
        self.trail: Trail = None
        self._seen = Seen(Rule.DOMINANCE in window.rules)
        self._frames: list[tuple[int, Configuration, list[Choice]]] = []
        self._at = 0
        self._started = False

    @property
    def configurations(self) -> int:
        """How many were held so far."""
        return self._seen.size

    def run(self, limit: float) -> bool | None:
        """Decide; None if it has held that many configurations by then. Can be called again."""
        window, frames, seen = self.window, self._frames, self._seen
        if not self._started:
            self._started = True
            if self._arrive(window.start):
                return True
        while frames:
            if seen.size >= limit:
                return None
            self.meter.tick()
            position, configuration, choices = frames[-1]
            while self._at > position:
                self._at -= 1
                window.undo(window.events[self._at])
            if not choices:
                frames.pop()
            elif self._arrive(window.apply(position, configuration, choices.pop())):
                return True
        return False

    def _arrive(self, configuration: Configuration) -> bool:
        """Go on to the first return of an operation that is not linearized. Whether there was none."""
        window, events = self.window, self.window.events
        while self._at < len(events):
            event = events[self._at]
            if event >= 0:
                window.enter(event)
                configuration = window.absorbed(configuration, (event,))
            elif configuration[1] & window.bit[~event]:
                state, mask, used, trail = configuration
                configuration = state, mask ^ window.bit[~event], used, trail
                window.leave(~event)
            else:
                break
            self._at += 1
        self.position = max(self.position, self._at)
        if self._at == len(events):
            self.trail = configuration[3]
            return True
        if self._seen.add(self._at, configuration):
            self._frames.append((self._at, configuration, window.choices(self._at, configuration, ~events[self._at])))
        return False


class BreadthFirst:
    """Passes the events with all configurations at once. Fast where there is no order, and knows when it went wrong."""

    def __init__(self, window: Window, meter: Meter) -> None:
        self.window, self.meter = window, meter
        self.position = 0
        """The event that was reached."""
        self.configurations = 0
        """How many were looked at."""
        self._level = [window.start]

    @property
    def trail(self) -> Trail:
        return self._level[0][3]

    def states(self) -> tuple[int, ...]:
        """Those that are possible at the position."""
        return tuple(sorted({state for state, _, _, _ in self._level}))

    def run(self, limit: float) -> bool | None:
        """Decide; None if it has looked at that many configurations by then. Can be called again."""
        window, events = self.window, self.window.events
        while self.position < len(events):
            self.meter.tick()
            event = events[self.position]
            if event >= 0:
                window.enter(event)
                self._level = [window.absorbed(each, (event,)) for each in self._level]
            else:
                following = self._return(~event, limit)
                if not following:
                    return None if following is None else False
                self._level = following
                window.leave(~event)
            self.position += 1
        return True

    def _return(self, operation: int, limit: float) -> list[Configuration] | None:
        """The configurations in which the operation is linearized; None when the limit was reached before."""
        bit = self.window.bit[operation]
        ready = []
        seen = Seen(Rule.DOMINANCE in self.window.rules)
        # Those that used fewer pending operations come first, so that none is kept that a later one dominates.
        work: dict[int, list[Configuration]] = {}
        for configuration in self._level:
            work.setdefault(sum(configuration[2]), []).append(configuration)
        while work:
            total = min(work)
            configuration = work[total].pop()
            if not work[total]:
                del work[total]
            if not seen.add(self.position, configuration):
                continue
            if self.configurations >= limit:
                return None
            self.meter.tick()
            self.configurations += 1
            state, mask, used, trail = configuration
            if mask & bit:
                ready.append((state, mask ^ bit, used, trail))
                continue
            for choice in self.window.choices(self.position, configuration, operation):
                work.setdefault(total + (choice < 0), []).append(
                    self.window.apply(self.position, configuration, choice)
                )
        return ready
