"""The general engine in Python: what `_native/search.hpp` does, and what serves where that was not built.

Depth first and breadth first by turns (windowed.py says what from), so that it is never much slower than the better of
them; and, whenever depth first is stuck, a look at whether the events around have an order at all (segments.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from .columns import RegisterColumns
from .meter import NO_LIMITS, Limits, Meter, Reason, SpentError
from .segments import segment
from .windowed import ALL_RULES, Choice, Columns, Configuration, Rule, Seen, Trail, Way, Window, in_order, unwound

PATIENCE: Final = 1_000
"""How many configurations to hold without getting any further before the first look at a segment."""

SHARE: Final = 10_000
"""How many configurations to hold before the other way is tried, beside one for each event."""

CONFIGURATION: Final = 500
"""About how many bytes a configuration takes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found out. Operations are meant by their numbers in the columns.

    `valid` is None where a limit, the `reason`, was reached; else `way` is the one that decided. `order` is a
    linearization, if there is one. `operation` is how far the search got: the one at whose return there was no way to
    go on. Without LIVE that is the end of the shortest prefix that is not linearizable; breadth first, `states` are
    those possible just before. By a segment, there is no order from the call or return of `since` on, whatever was
    before.
    """

    valid: bool | None
    way: Way = Way.BOTH
    reason: Reason = Reason.NONE
    order: Sequence[int] = ()
    operation: int | None = None
    since: int | None = None
    states: tuple[int, ...] = ()
    configurations: int = 0


def search(
    columns: Columns,
    limits: Limits = NO_LIMITS,
    rules: Rule = ALL_RULES,
    way: Way = Way.BOTH,
    patience: int = PATIENCE,
) -> Answer:
    """Search for a linearization, one way until it has used its share of configurations, then the other, and so on.

    Shares double, and so does `patience` after each look at a segment. Raises what the columns' `step` raises.
    """
    meter = Meter(limits)
    return _Search(_looked_after(columns, meter), limits, meter, rules, way, patience).run()


def _looked_after(columns: Columns, meter: Meter) -> Columns:
    """The same columns, with a look at the limits before each step of a model: it may take its time."""
    if isinstance(columns, RegisterColumns):
        return columns
    table = columns

    def step(state: int, code: int) -> int:
        meter.look()
        return table.step(state, code)

    return replace(table, step=step)


class _Search:
    def __init__(self, columns: Columns, limits: Limits, meter: Meter, rules: Rule, way: Way, patience: int) -> None:
        self.columns, self.rules, self.way, self.patience = columns, rules, way, max(1, patience)
        self.events = in_order(columns.times)
        self.meter = meter
        window = Window(columns, self.events, rules)
        self.depth = DepthFirst(window, self.meter)
        self.breadth = BreadthFirst(window.at_the_beginning(), self.meter, [columns.initial])
        self.most = float("inf") if limits.configurations is None else limits.configurations
        self.in_segments = 0
        self.meter.watch(lambda: CONFIGURATION * (self.depth.configurations + self.breadth.held))

    @property
    def used(self) -> int:
        return self.depth.configurations + self.breadth.configurations + self.in_segments

    def run(self) -> Answer:
        share = SHARE + len(self.events)
        try:
            self.meter.look()
            while self.used < self.most:
                answer = self._run_deep(share) or self._run_broad(share)
                if answer is not None:
                    return answer
                share *= 2
            reason = Reason.CONFIGURATIONS
        except SpentError as spent:
            reason = spent.args[0]
        reached = self._operation(max(self.depth.position, self.breadth.position))
        return Answer(None, reason=reason, operation=reached, configurations=self.used)

    def _run_deep(self, share: int) -> Answer | None:
        if self.way is Way.BREADTH:
            return None
        limit = min(share, self.most - self.used + self.depth.configurations)
        while True:
            valid = self.depth.run(limit, self.patience if self.way is Way.BOTH else limit)
            if valid:
                order = unwound(self.depth.trail)
                return Answer(True, Way.DEPTH, order=order, configurations=self.used)
            if valid is False:
                operation = self._operation(self.depth.position)
                return Answer(False, Way.DEPTH, operation=operation, configurations=self.used)
            if self.depth.configurations >= limit:
                return None
            answer = self._refutation()
            if answer is not None:
                return answer
            self.patience *= 2

    def _run_broad(self, share: int) -> Answer | None:
        if self.way is Way.DEPTH:
            return None
        valid = self.breadth.run(min(share, self.most - self.used + self.breadth.configurations))
        if valid is None:
            return None
        if valid:
            return Answer(True, Way.BREADTH, order=unwound(self.breadth.trail), configurations=self.used)
        operation, states = self._operation(self.breadth.position), self.breadth.states()
        return Answer(False, Way.BREADTH, operation=operation, states=states, configurations=self.used)

    def _refutation(self) -> Answer | None:
        """The answer if events around that at which the search is stuck have no order, whatever was before.

        Segments grow with patience, so that all of this takes no longer than the search does.
        """
        if not isinstance(self.columns, RegisterColumns):
            return None
        part = segment(self.columns, self.events, self.depth.position, 4 + self.patience // 16)
        events = in_order(part.columns.times)
        breadth = BreadthFirst(Window(part.columns, events, self.rules), self.meter, part.starts)
        valid = breadth.run(min(500 + self.patience, self.most - self.used))
        self.in_segments += breadth.configurations
        if valid is not False:
            return None
        operation, since = part.numbers[~events[breadth.position]], self._operation(part.begin)
        if Rule.LIVE not in self.rules and self.events[self.depth.position] != ~operation:
            return None  # Without looking ahead, all before the event at which the search is stuck is linearizable.
        return Answer(False, Way.SEGMENT, operation=operation, since=since, configurations=self.used)

    def _operation(self, place: int) -> int | None:
        return max(self.events[place], ~self.events[place]) if place < len(self.events) else None


class DepthFirst:
    """Follows one order at a time and goes back where it fails. Fast where there is a linearization."""

    def __init__(self, window: Window, meter: Meter) -> None:
        self.window, self.meter = window, meter
        self.position = 0
        """The furthest event that was reached."""
        self.trail: Trail = None
        self._seen = Seen(window.dominance)
        self._frames: list[tuple[int, Configuration, list[Choice]]] = []
        self._at = 0
        self._started = False
        self._held_at_furthest = 0

    @property
    def configurations(self) -> int:
        """How many were held so far."""
        return self._seen.size

    def run(self, limit: float, patience: float) -> bool | None:
        """Decide; None if by then it has held `limit` configurations, or `patience` of them since it got any further.

        Can be called again.
        """
        window, frames, seen = self.window, self._frames, self._seen
        self._held_at_furthest = seen.size
        if not self._started:
            self._started = True
            if self._arrive(window.start):
                return True
        while frames:
            if seen.size >= limit or seen.size - self._held_at_furthest >= patience:
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
        bits, pure = window.bit, window.pure
        at, end = self._at, len(events)
        while at < end:
            self.meter.tick()
            event = events[at]
            if event >= 0:
                window.enter(event)
                if pure[event] and bits[event]:
                    configuration = window.absorbed(configuration, (event,))
            elif configuration[1] & bits[~event]:
                state, mask, used, trail = configuration
                configuration = state, mask ^ bits[~event], used, trail
                window.leave(~event)
            else:
                break
            at += 1
        self._at = at
        if at > self.position:
            self.position, self._held_at_furthest = at, self._seen.size
        if at == end:
            self.trail = configuration[3]
            return True
        if self._seen.add(at, configuration):
            self._frames.append((at, configuration, window.choices(at, configuration, ~events[at])))
        return False


class BreadthFirst:
    """Passes the events with all configurations at once. Fast where there is no order, and knows when it went wrong.

    `starts` are the states in which the object may be at first.
    """

    def __init__(self, window: Window, meter: Meter, starts: Sequence[int]) -> None:
        self.window, self.meter = window, meter
        self.position = 0
        """The event that was reached."""
        self.configurations = 0
        """How many were looked at."""
        self.held = 0
        """About how many are held now."""
        self._level: list[Configuration] = [(start, *window.start[1:]) for start in starts]

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
                if window.pure[event] and window.bit[event]:
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
        if all(mask & bit for _, mask, _, _ in self._level):
            return [(state, mask ^ bit, used, trail) for state, mask, used, trail in self._level]
        ready: list[Configuration] = []
        seen = Seen(self.window.dominance)
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
            self.held = len(self._level) + len(ready) + seen.size
            state, mask, used, trail = configuration
            if mask & bit:
                ready.append((state, mask ^ bit, used, trail))
                continue
            for choice in self.window.choices(self.position, configuration, operation):
                work.setdefault(total + (choice < 0), []).append(
                    self.window.apply(self.position, configuration, choice)
                )
        return ready
