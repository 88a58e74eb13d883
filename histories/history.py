"""One run's operations and nemesis events, in the order in which they happened."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..errors import HistoryError
from .columns import Columns
from .event import Completion, Event, Invocation, NemesisEvent
from .operation import Operation, Outcome, Value
from .value import ATOMS, to_value

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class History:
    """What happened in one run.

    `operations` are in the order of their invocations, `nemesis` in the order of the journal. `warnings` are sentences
    about what a loader had to leave out or to rearrange.
    """

    operations: tuple[Operation, ...] = ()
    nemesis: tuple[NemesisEvent, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_events(cls, events: Iterable[Event], warnings: Sequence[str] = ()) -> "History":
        """Pair invocations with completions; the order of `events` is the real-time order.

        Raises `HistoryError` where the events cannot have been recorded by one recorder: a completion without its
        invocation, of another process or earlier than it; a second completion; an operation number used twice; a
        process that invokes while its last operation is open or after one that ended `info`; a key that is not null,
        an integer, a string or a list of those; anything that is not a value (see `to_value`).
        """
        operations, nemesis = _Pairing().pair(events)
        return cls(operations, nemesis, tuple(warnings))

    @classmethod
    def from_columns(
        cls, columns: Columns, nemesis: Sequence[NemesisEvent] = (), warnings: Sequence[str] = ()
    ) -> "History":
        """The same from columns: the operations are made when they are first asked for."""
        history = _InColumns.__new__(_InColumns)
        vars(history).update(columns=columns, nemesis=tuple(nemesis), warnings=tuple(warnings))
        return history

    @cached_property
    def columns(self) -> Columns:
        """The operations in columns."""
        return Columns.of(self.operations)

    @cached_property
    def counts(self) -> Mapping[tuple[str, Outcome], int]:
        """How many operations have that `f` and that outcome."""
        return Counter((operation.f, operation.outcome) for operation in self.operations)

    @cached_property
    def is_whole(self) -> bool:
        """Whether operations are numbered by their places, as they are but in a part of a history."""
        return all(operation.index == place for place, operation in enumerate(self.operations))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        mine, others = (self.operations, self.nemesis, self.warnings), (other.operations, other.nemesis, other.warnings)
        return mine == others

    def __len__(self) -> int:
        """How many operations there are."""
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        """The operations in the order of their invocations."""
        return iter(self.operations)

    def by_key(self) -> Mapping[Value, tuple[Operation, ...]]:
        """The operations of each key, in their order in the history; keys in the order of first use."""
        return self._by_key

    def by_process(self) -> Mapping[int, tuple[Operation, ...]]:
        """The operations of each process, in their order in the history; processes in the order of first use."""
        return self._by_process

    @cached_property
    def span(self) -> tuple[int, int]:
        """Earliest and latest time of any event, in nanoseconds; (0, 0) of an empty history."""
        times = [operation.invoked for operation in self.operations]
        times += [operation.completed for operation in self.operations if operation.completed is not None]
        times += [event.time for event in self.nemesis]
        return (min(times), max(times)) if times else (0, 0)

    def events(self) -> Iterator[Event]:
        """The events that the history was made from, in order; `History.from_events` of them gives it back.

        Nemesis events are put among the others by their time.
        """
        waiting = list(reversed(self.nemesis))
        for event in _in_order(self.operations):
            while waiting and waiting[-1].time <= event.time:
                yield waiting.pop()
            yield event
        yield from reversed(waiting)

    def to_pandas(self) -> "pd.DataFrame":
        """A data frame with one row per operation (columns: see `histories.table`). Imports pandas."""
        from .table import to_pandas

        return to_pandas(self)

    @cached_property
    def _by_key(self) -> dict[Value, tuple[Operation, ...]]:
        views: dict[Value, list[Operation]] = {}
        for operation in self.operations:
            views.setdefault(operation.key, []).append(operation)
        return {key: tuple(view) for key, view in views.items()}

    @cached_property
    def _by_process(self) -> dict[int, tuple[Operation, ...]]:
        views: dict[int, list[Operation]] = {}
        for operation in self.operations:
            views.setdefault(operation.process, []).append(operation)
        return {process: tuple(view) for process, view in views.items()}


class _InColumns(History):
    """A history that was loaded into columns."""

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(self.columns.operations())

    @cached_property
    def counts(self) -> Mapping[tuple[str, Outcome], int]:
        return self.columns.counts()

    @cached_property
    def is_whole(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        return repr(History(self.operations, self.nemesis, self.warnings))


class _Pairing:
    """Pairs the events of one history. Raises `HistoryError` while it stands at the event that breaks a rule."""

    def __init__(self) -> None:
        self.invocations: list[tuple[int, Invocation]] = []
        self.completions: list[tuple[int, Completion] | None] = []
        self.nemesis: list[NemesisEvent] = []
        self.position: dict[int, int] = {}
        """Operation number to position in the two lists."""
        self.busy: dict[int, int] = {}
        """Process to the number of its operation that is open, or ended `info`."""

    def pair(self, events: Iterable[Event]) -> tuple[tuple[Operation, ...], tuple[NemesisEvent, ...]]:
        rank = 0
        for event in events:
            kind = type(event)
            if kind is Invocation:
                self.invoke(rank, event)  # type: ignore[arg-type]  # `type() is` is twice as fast as isinstance here
            elif kind is Completion:
                self.complete(rank, event)  # type: ignore[arg-type]
            elif isinstance(event, NemesisEvent):
                self.nemesis.append(event)
                continue
            else:
                raise HistoryError(f"{kind.__name__} is not an event of a history")
            rank += 1
        pairs = zip(self.invocations, self.completions, strict=True)
        operations = tuple([_operation(index, *pair) for index, pair in enumerate(pairs)])
        return operations, tuple(self.nemesis)

    def invoke(self, rank: int, event: Invocation) -> None:
        number, process = event.operation, event.process
        if number in self.position:
            raise HistoryError(f"operation {number} is invoked a second time: every operation needs its own number")
        if process in self.busy:
            raise HistoryError(self._why_busy(event))
        if type(event.key) is not str or type(event.input) not in ATOMS:
            event = replace(event, key=_to_key(event.key), input=to_value(event.input))
        self.busy[process] = number
        self.position[number] = len(self.invocations)
        self.invocations.append((rank, event))
        self.completions.append(None)

    def complete(self, rank: int, event: Completion) -> None:
        number, process = event.operation, event.process
        position = self.position.get(number)
        if position is None:
            raise HistoryError(f"operation {number} is completed ({event.outcome}) but was never invoked")
        invocation = self.invocations[position][1]
        if self.completions[position] is not None:
            raise HistoryError(f"operation {number} is completed a second time ({event.outcome})")
        if invocation.process != process:
            raise HistoryError(
                f"operation {number} is completed by process {process} but was invoked by process {invocation.process}"
            )
        if event.time < invocation.time:
            raise HistoryError(
                f"operation {number} completes at {event.time} ns, before its invocation at {invocation.time} ns"
            )
        if type(event.output) not in ATOMS:
            event = replace(event, output=to_value(event.output))
        self.completions[position] = (rank, event)
        if event.outcome != "info":
            del self.busy[process]

    def _why_busy(self, event: Invocation) -> str:
        last = self.busy[event.process]
        ended = self.completions[self.position[last]] is not None
        state = f"after its operation {last} ended info" if ended else f"while its operation {last} is open"
        return (
            f"process {event.process} invokes operation {event.operation} {state}: "
            "its thread must go on under a fresh process number"
        )


def _operation(index: int, invoked: tuple[int, Invocation], completed: tuple[int, Completion] | None) -> Operation:
    call, invocation = invoked
    if completed is None:
        return Operation(
            index=index,
            process=invocation.process,
            f=invocation.f,
            key=invocation.key,
            input=invocation.input,
            call=call,
            invoked=invocation.time,
            node=invocation.node,
        )
    rank, completion = completed
    return Operation(
        index=index,
        process=invocation.process,
        f=invocation.f,
        key=invocation.key,
        input=invocation.input,
        output=completion.output,
        outcome=completion.outcome,
        call=call,
        return_=None if completion.outcome == "info" else rank,
        invoked=invocation.time,
        completed=completion.time,
        node=invocation.node,
        error=completion.error,
    )


def _to_key(raw: object) -> Value:
    """The key as a value. Raises `HistoryError` if it is none.

    Python takes 1, 1.0 and True for the same key, JSON does not, so only integers pass.
    """
    key = to_value(raw)
    require_key(key)
    return key


def require_key(key: Value) -> None:
    """Raises `HistoryError` if the value is no key."""
    if isinstance(key, tuple):
        for item in key:
            require_key(item)
    elif isinstance(key, bool | float):
        raise HistoryError(f"{key!r} is a key: use null, integers, strings or lists of those")


def _in_order(operations: Iterable[Operation]) -> list[Invocation | Completion]:
    """The events of the operations by rank. A completion `info` has no rank of its own: it fills one left over."""
    events: list[tuple[int, Invocation | Completion]] = []
    unknown: list[Operation] = []
    for operation in operations:
        events.append((operation.call, _invocation(operation)))
        if operation.return_ is not None:
            events.append((operation.return_, _completion(operation)))
        elif operation.completed is not None:
            unknown.append(operation)
    events.sort(key=itemgetter(0))
    if not unknown:
        return [event for _, event in events]
    return _fill_gaps(events, unknown)


def _fill_gaps(
    events: Sequence[tuple[int, Invocation | Completion]], unknown: Iterable[Operation]
) -> list[Invocation | Completion]:
    """The events with the completions `info` of the operations in the gaps of the ranks, earliest completed first."""
    filled: list[Invocation | Completion] = []
    called = {operation.call: operation for operation in unknown}
    eligible: list[tuple[int, int, Operation]] = []
    for rank, event in events:
        while len(filled) < rank and eligible:
            filled.append(_completion(heappop(eligible)[2]))
        filled.append(event)
        if rank in called:
            operation = called[rank]
            heappush(eligible, (operation.completed or 0, operation.index, operation))
    while eligible:
        filled.append(_completion(heappop(eligible)[2]))
    return filled


def _invocation(operation: Operation) -> Invocation:
    return Invocation(
        operation=operation.index,
        process=operation.process,
        f=operation.f,
        key=operation.key,
        input=operation.input,
        time=operation.invoked,
        node=operation.node,
    )


def _completion(operation: Operation) -> Completion:
    return Completion(
        operation=operation.index,
        process=operation.process,
        outcome=operation.outcome,
        output=operation.output,
        time=operation.invoked if operation.completed is None else operation.completed,
        error=operation.error,
    )
