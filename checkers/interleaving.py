"""A bounded search for a sequential order: one that keeps the order of each process, and that the models allow.

A configuration is how far each process got, and the states of all objects. Where a read is possible it comes at once:
it changes nothing, so whatever follows is possible after it as well. Of operations on registers (models with `access`)

* none replaces a value that is still needed and that nobody is going to write again;
* a write of what nobody will find comes at once if nobody will find what it replaces: in any order that goes on from
  here it can be moved to the front.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeAlias

from ..histories.operation import Operation, Value
from .linearizability.columns import NOWHERE, Table, TooManyStatesError
from .models.model import ANY, Access, Model
from .models.values import canonical

HELD: Final = 20_000_000
"""How many numbers the configurations held may have altogether."""

STATES: Final = 1_000_000
"""How many states the objects may have altogether."""


@dataclass(frozen=True, slots=True)
class Found:
    """`order`, of operation indexes, if there is one; `reason`, if that is not known."""

    order: tuple[int, ...] | None = None
    reason: str = ""


def interleave(
    model: Model,
    operations: Sequence[Operation],
    links: Iterable[tuple[int, int]] = (),
    deadline: float | None = None,
    configurations: int | None = None,
) -> Found:
    """Look for a sequential order of operations on any objects. Refused ones have none, unknown ones may.

    `links` holds pairs of operation indexes, the first of which is known to come first. `deadline` is a time of
    `monotonic`.
    """
    search = _Search(model, [each for each in operations if each.outcome != "fail"], links)
    limit = HELD // (len(search.start) + 1)
    if configurations is not None:
        limit = min(limit, configurations)
    try:
        return search.run(deadline, limit)
    except TooManyStatesError:
        return Found(reason=f"the model has more than {STATES} states")


_Order: TypeAlias = "tuple[int, _Order] | None"
"""Operation numbers, the last one first."""


class _Search:
    """Operations have numbers, by process and then in the order of their calls.

    A configuration holds for each process the number of its next operation, then for each object that of its state.
    """

    def __init__(self, model: Model, operations: Sequence[Operation], links: Iterable[tuple[int, int]]) -> None:
        processes: dict[int, list[Operation]] = {}
        for operation in operations:
            processes.setdefault(operation.process, []).append(operation)
        self.operations = [operation for session in processes.values() for operation in session]
        self.processes = len(processes)
        self.process = [place for place, session in enumerate(processes.values()) for _ in session]
        first = 0
        starts: list[int] = []
        self.ends: list[int] = []
        for session in processes.values():
            starts.append(first)
            first += len(session)
            self.ends.append(first)
        self.goals = starts[:]
        for number, operation in enumerate(self.operations):
            if operation.outcome == "ok":
                self.goals[self.process[number]] = number + 1
        objects: dict[Value, int] = {}
        self.object = [objects.setdefault(model.partition(each), len(objects)) for each in self.operations]
        self.table = Table(model, STATES)
        self.code = [self.table.code(operation) for operation in self.operations]
        self.pure = [model.is_read(operation) for operation in self.operations]
        self.start = (*starts, *[self.table.state((model.initial,))] * len(objects))
        number_of = {operation.index: number for number, operation in enumerate(self.operations)}
        self.before: dict[int, list[int]] = {}
        for before, after in links:
            if before in number_of and after in number_of:
                self.before.setdefault(number_of[after], []).append(number_of[before])
        self.steps: dict[tuple[int, int], int] = {}
        self.needs = None if model.access is None else _Needs(self, model.access)

    def run(self, deadline: float | None, limit: int) -> Found:
        seen: set[tuple[int, ...]] = set()
        stack: list[tuple[tuple[int, ...], _Order]] = [(self.start, None)]
        while stack:
            configuration, order = self.settled(*stack.pop())
            if configuration in seen:
                continue
            if all(map(int.__ge__, configuration, self.goals)):
                return Found(self.indexes(order))
            if len(seen) >= limit:
                return Found(reason=f"no order among {limit:,} configurations")
            if deadline is not None and monotonic() > deadline:
                return Found(reason="the time is used up")
            seen.add(configuration)
            stack += [(self.after(configuration, each), (each, order)) for each in self.choices(configuration)]
        return Found()

    def settled(self, configuration: tuple[int, ...], order: _Order) -> tuple[tuple[int, ...], _Order]:
        """After all that comes at once."""
        now = list(configuration)
        waiting = list(range(self.processes))
        while waiting:
            process = waiting.pop()
            number = now[process]
            if number < self.ends[process] and self.comes_at_once(now, number):
                now[self.processes + self.object[number]] = self.step(now, number)
                now[process] += 1
                order = number, order
                waiting = list(range(self.processes))
        return tuple(now), order

    def comes_at_once(self, now: Sequence[int], number: int) -> bool:
        if not self.pure[number] and not (self.needs and self.needs.nobodys(now, number)):
            return False
        return self.enabled(now, number) and self.step(now, number) != NOWHERE

    def choices(self, now: Sequence[int]) -> Iterator[int]:
        """What may come next, the earliest call last."""
        heads = [now[process] for process in range(self.processes) if now[process] < self.ends[process]]
        for number in sorted(heads, key=lambda each: self.operations[each].call, reverse=True):
            possible = self.enabled(now, number) and self.step(now, number) != NOWHERE
            if possible and not (self.needs and self.needs.takes_away(now, number)):
                yield number

    def enabled(self, now: Sequence[int], number: int) -> bool:
        return all(now[self.process[each]] > each for each in self.before.get(number, ()))

    def step(self, now: Sequence[int], number: int) -> int:
        state, code = now[self.processes + self.object[number]], self.code[number]
        if (state, code) not in self.steps:
            self.steps[state, code] = self.table.step(state, code)
        return self.steps[state, code]

    def after(self, configuration: Sequence[int], number: int) -> tuple[int, ...]:
        now = list(configuration)
        now[self.processes + self.object[number]] = self.step(now, number)
        now[self.process[number]] += 1
        return tuple(now)

    def indexes(self, order: _Order) -> tuple[int, ...]:
        found = []
        while order is not None:
            number, order = order
            found.append(self.operations[number].index)
        return tuple(found[::-1])


_Value: TypeAlias = "tuple[int, Hashable]"
"""A value of an object."""


class _Needs:
    """Who finds and who writes which value of which register: for each process its last operation that does."""

    def __init__(self, search: _Search, access: Callable[[Operation], Access]) -> None:
        self.search = search
        self.needed: dict[_Value, dict[int, int]] = {}
        """By operations `ok`."""
        self.found: dict[_Value, dict[int, int]] = {}
        """By operations of any outcome."""
        self.written: dict[_Value, dict[int, int]] = {}
        self.writes: list[Hashable] = []
        self.swaps: list[bool] = []
        self.differs: set[int] = set()
        """Objects of which somebody found that they did not hold a value."""
        assert search.table.model.access is not None
        for number, operation in enumerate(search.operations):
            done = access(operation)
            place, process = search.object[number], search.process[number]
            if done.reads is not ANY:
                self.found.setdefault((place, done.reads), {})[process] = number
                if operation.outcome == "ok":
                    self.needed.setdefault((place, done.reads), {})[process] = number
            if done.writes is not ANY:
                self.written.setdefault((place, done.writes), {})[process] = number
            if done.differs is not ANY:
                self.differs.add(place)
            self.writes.append(done.writes)
            self.swaps.append(done.reads is not ANY)

    def takes_away(self, now: Sequence[int], number: int) -> bool:
        """Whether the operation replaces a value that is still needed, and that nobody is going to write again."""
        if self.writes[number] is ANY:
            return False
        value = self._held(now, number)
        if value == (self.search.object[number], self.writes[number]):
            return False
        return self._to_come(self.needed, value, now, number) and not self._to_come(self.written, value, now, number)

    def nobodys(self, now: Sequence[int], number: int) -> bool:
        """Whether it is a write of what nobody will find, in the place of what nobody will find."""
        place = self.search.object[number]
        if self.writes[number] is ANY or self.swaps[number] or place in self.differs:
            return False
        values = self._held(now, number), (place, self.writes[number])
        return not any(self._to_come(self.found, value, now, number) for value in values)

    def _held(self, now: Sequence[int], number: int) -> _Value:
        place = self.search.object[number]
        (state,) = self.search.table.states[now[self.search.processes + place]]
        return place, canonical(state)

    def _to_come(self, who: dict[_Value, dict[int, int]], value: _Value, now: Sequence[int], besides: int) -> bool:
        return any(last >= now[process] and last != besides for process, last in who.get(value, {}).items())
