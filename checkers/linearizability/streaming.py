"""Checking while the run goes on: at which event its history stops being linearizable.

All configurations that are possible are held (just-in-time linearization, as in windowed.py, but nobody knows yet what
open operations will answer). A configuration is a state; the open operations that took effect and changed it, with what
they may answer; for every other open operation what it may answer if it took effect, without changing anything, at some
moment since its call; and the operations of unknown outcome that did not take effect so far. Only the return of an
operation makes the checker choose: it tries sequences of operations up to one after which the answer is explained.

A *blind* operation (a write) leaves the same state whatever was there. It is never tried just before another blind one:
nobody but operations open then could notice that it took effect. Instead, when one of these returns, or the blind one
itself, and a blind operation was applied since both were called, then the first is put just before that one afterwards.
So for reads and writes there are about as many configurations as writes that are open.

Memory: what is open, and what each may answer; and a count for each kind of operation of unknown outcome.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping
from math import inf
from typing import Final, NamedTuple, TypeAlias

from ...errors import HistoryError
from ...histories.event import Completion, Event, Invocation
from ...histories.operation import Operation, Outcome, Value
from ..models.model import ANY, Model, State
from ..models.values import canonical, show
from ..verdict import Violation

CONFIGURATIONS: Final = 2_000
"""How many may be held at once for one key; then it is left to the check of the whole history."""

Answers: TypeAlias = frozenset[Hashable]
"""Outputs that the model allows."""


class Streaming:
    """Takes the events of a history one by one.

    It reports exactly where the events so far stop being linearizable, and nothing after that. A key on which too many
    configurations are possible is given up: it is in `given_up`, and no violation on it will be seen.
    """

    def __init__(self, model: Model, configurations: int = CONFIGURATIONS) -> None:
        self.given_up: list[Value] = []
        self._model = model
        self._limit = configurations
        self._objects: dict[Value, _Object | None] = {}
        self._key: dict[int, Value] = {}
        self._events = 0

    @property
    def configurations(self) -> int:
        """How many are held, of all keys."""
        return sum(len(one.configurations) for one in self._objects.values() if one is not None)

    def feed(self, event: Event) -> Violation | None:
        """Take the next event. A violation if it makes what was taken so far not linearizable.

        Raises HistoryError for an operation that the model does not know.
        """
        self._events += 1
        if isinstance(event, Invocation):
            self._invoke(event)
        elif isinstance(event, Completion):
            key = self._key.pop(event.operation)
            one = self._objects[key]
            try:
                if one is not None and not one.complete(event.operation, event.outcome, event.output, self._events):
                    self._objects[key] = None
                    on = "" if key is None else f" on key {show(key)}"
                    return Violation("not linearizable" + on, event.operation, event.time)
            except _TooManyError:
                self._objects[key] = None
                self.given_up.append(key)
        return None

    def _invoke(self, event: Invocation) -> None:
        operation = Operation(
            index=event.operation,
            process=event.process,
            f=event.f,
            key=event.key,
            input=event.input,
            call=self._events,
            invoked=event.time,
        )
        if event.f not in self._model.functions:
            known = ", ".join(sorted(self._model.functions))
            raise HistoryError(f"operation {event.operation} is a {event.f}: the model {self._model.name} has {known}")
        key = self._model.partition(operation)
        self._key[event.operation] = key
        if key not in self._objects:
            self._objects[key] = _Object(self._model, self._limit)
        one = self._objects[key]
        if one is not None:
            one.invoke(operation)


class _TooManyError(Exception):
    """There are more configurations than may be held."""


class _Idle(NamedTuple):
    """What an operation may answer having changed nothing, and the event at which a blind one was applied last."""

    answers: Answers
    blind_at: int = 0


class _Configuration(NamedTuple):
    """`done`: open operations that changed the state. `idle`: all other open ones. `lost`: of each kind the calls."""

    state: State
    done: Mapping[int, Answers]
    idle: Mapping[int, _Idle]
    lost: Mapping[Hashable, tuple[int, ...]]
    just_blind: bool = False
    """Whether the operation applied last is a blind one, which is worth it only if something comes of it."""

    def key(self) -> Hashable:
        return canonical(self.state), frozenset(self.done.items()), self.just_blind

    def without(self, index: int) -> "_Configuration":
        """The configuration when the open operation has returned."""
        done = {one: answers for one, answers in self.done.items() if one != index}
        idle = {one: what for one, what in self.idle.items() if one != index}
        return self._replace(done=done, idle=idle, just_blind=False)

    def with_one_less(self, kind: Hashable, before: float = inf) -> "_Configuration":
        """Without the last called of those lost before some event: the others can take effect at more moments."""
        calls = self.lost[kind]
        place = bisect_left(calls, before) - 1
        left = {**self.lost, kind: calls[:place] + calls[place + 1 :]}
        return self._replace(lost={kind: calls for kind, calls in left.items() if calls})

    def dominates(self, other: "_Configuration") -> bool:
        """Whether all that the other can become this one can become too; they have the same key."""
        for kind, calls in other.lost.items():
            own = self.lost.get(kind, ())
            if len(own) < len(calls) or any(mine > call for mine, call in zip(own, calls, strict=False)):
                return False
        return all(
            self.idle[index].answers >= what.answers and self.idle[index].blind_at >= what.blind_at
            for index, what in other.idle.items()
        )


class _Object:
    """The configurations of one object."""

    def __init__(self, model: Model, limit: int) -> None:
        self.model = model
        self.limit = limit
        self.open: dict[int, Operation] = {}
        self.kinds: dict[Hashable, Operation] = {}
        """One operation of each kind of lost ones."""
        self.blind: dict[int, bool] = {}
        self.configurations = [_Configuration(model.initial, {}, {}, {})]
        self.now = 0

    def invoke(self, operation: Operation) -> None:
        self.open[operation.index] = operation
        self.blind[operation.index] = self.model.blind(operation) == operation
        self.configurations = [
            each._replace(idle={**each.idle, operation.index: _Idle(self.unchanged(each.state, operation))})
            for each in self.configurations
        ]

    def complete(self, index: int, outcome: Outcome, output: Value, now: int) -> bool:
        """Take in the completion. Whether there is a linearization."""
        self.now = now
        if outcome == "ok":
            self.configurations = self._returned(index, output)
        elif outcome == "fail":
            self.configurations = [each.without(index) for each in self.configurations if index not in each.done]
        else:
            self._lose(self.open[index])
        del self.open[index]
        used = {self.kinds[kind].index for each in self.configurations for kind in each.lost}
        self.kinds = {kind: operation for kind, operation in self.kinds.items() if operation.index in used}
        self.blind = {one: self.blind[one] for one in (*self.open, *used)}
        return bool(self.configurations)

    def _lose(self, operation: Operation) -> None:
        """From now on it may take effect at any time, or never."""
        kind = operation.f, canonical(operation.input), self.model.beside(operation)
        kept = _Frontier()
        for each in self.configurations:
            after = each.without(operation.index)
            if operation.index not in each.done and not self.model.is_read(operation):
                self.kinds.setdefault(kind, operation)
                calls = tuple(sorted((*each.lost.get(kind, ()), operation.call)))
                after = after._replace(lost={**each.lost, kind: calls})
            kept.add(after)
        self.configurations = kept.all()

    def _returned(self, index: int, output: Value) -> list[_Configuration]:
        """The configurations in which the operation took effect and may have answered this."""
        ready, seen = _Frontier(), _Frontier()
        # With each, whether one that is ready led to it: then nothing counts but that the operation itself is applied.
        work: list[tuple[_Configuration, bool]] = []
        for each in self.configurations:
            before = [*self._inserted(each, index, output)] if index in each.idle else []
            for after in before:
                ready.add(after)
            work.append((each, self.blind[index] and bool(before)))
        while work:
            each, known = work.pop()
            if not seen.add(each):
                continue
            if len(seen) + len(ready) > self.limit:
                raise _TooManyError
            if index in each.done:
                if self._agrees(output, each.done[index]):
                    ready.add(each.without(index))
                continue
            if not known and self._agrees(output, each.idle[index].answers):
                known = True
                ready.add(each.without(index))
            if not (known and self.model.is_read(self.open[index])):
                work += [(after, known) for after in self._applied(each, index, output)]
        return ready.all()

    def _applied(self, each: _Configuration, index: int, output: Value) -> Iterator[_Configuration]:
        """The configuration with one operation more."""
        for other in each.idle:
            operation = self.open[other]
            for answers, following in self._steps(each, operation):
                if (
                    self._agrees(output, answers)
                    if other == index
                    else self._leads_on(each, other, following, index, output)
                ):
                    done = {**each.done, other: answers}
                    idle = {one: what for one, what in each.idle.items() if one != other}
                    yield self._moved(each._replace(done=done, idle=idle), operation, following)
        for kind in each.lost:
            operation = self.kinds[kind]
            for _, following in self._steps(each, operation):
                if self._leads_on(each, operation.index, following, index, output):
                    yield self._moved(each.with_one_less(kind), operation, following)

    def _leads_on(self, each: _Configuration, applied: int, following: State, index: int, output: Value) -> bool:
        """Whether an operation is not blind, or something can come of the state that it leaves."""
        if not self.blind[applied] or self._agrees(output, self.unchanged(following, self.open[index])):
            return True
        after = each._replace(state=following, just_blind=True)
        others = [self.open[other] for other in each.idle if not self.blind[other]]
        others += [operation for kind in each.lost if not self.blind[(operation := self.kinds[kind]).index]]
        return any(self._steps(after, other) for other in others)

    def _steps(self, each: _Configuration, operation: Operation) -> list[tuple[Answers, State]]:
        """What the operation may answer, and the states that follow: other ones, unless it is blind."""
        blind = self.blind[operation.index]
        if self.model.is_read(operation) or (blind and each.just_blind):
            return []
        found: dict[Hashable, tuple[set[Hashable], State]] = {}
        for answer, following in self.model.step(each.state, operation):
            found.setdefault(canonical(following), (set(), following))[0].add(answer)
        if not blind:
            found.pop(canonical(each.state), None)
        return [(frozenset(answers), following) for answers, following in found.values()]

    def _moved(self, each: _Configuration, operation: Operation, following: State) -> _Configuration:
        """The configuration in its next state, in which all idle operations may have taken effect."""
        blind = self.blind[operation.index]
        idle = {
            one: _Idle(what.answers | self.unchanged(following, self.open[one]), self.now if blind else what.blind_at)
            for one, what in each.idle.items()
        }
        return each._replace(state=following, idle=idle, just_blind=blind)

    def _inserted(self, each: _Configuration, index: int, output: Value) -> Iterator[_Configuration]:
        """The configurations that the operation returns in thanks to a blind one put just before another.

        That is the operation itself if it is blind, else one that left something for it to find.
        """
        at = each.idle[index].blind_at
        if not at:
            return
        each = each._replace(just_blind=False)
        for other in (index,) if self.blind[index] else each.idle:
            operation = self.open[other]
            if self.blind[other] and operation.call < at:
                for answers, left in self._steps(each, operation):
                    if self._agrees(output, answers if other == index else self.unchanged(left, self.open[index])):
                        after = self._seen(each, left, at).without(other)
                        yield (
                            after
                            if other == index
                            else after._replace(done={**after.done, other: answers}).without(index)
                        )
        for kind, calls in () if self.blind[index] else each.lost.items():
            operation = self.kinds[kind]
            if self.blind[operation.index] and calls[0] < at:
                for _, left in self._steps(each, operation):
                    if self._agrees(output, self.unchanged(left, self.open[index])):
                        yield self._seen(each.with_one_less(kind, at), left, at).without(index)

    def _seen(self, each: _Configuration, left: State, at: int) -> _Configuration:
        """The configuration when the object was in that state just before the event, which those open then may know."""
        idle = {
            one: what._replace(answers=what.answers | self.unchanged(left, self.open[one]))
            if self.open[one].call < at
            else what
            for one, what in each.idle.items()
        }
        return each._replace(idle=idle)

    def unchanged(self, state: State, operation: Operation) -> Answers:
        """What the operation may answer in the state if it leaves it as it is."""
        same = canonical(state)
        steps = self.model.step(state, operation)
        return frozenset(answer for answer, following in steps if canonical(following) == same)

    def _agrees(self, output: Value, answers: Answers) -> bool:
        return any(answer is ANY or self.model.agrees(output, answer) for answer in answers)


class _Frontier:
    """Configurations without those that another one dominates: that may answer no more, and lost no fewer."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, list[_Configuration]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, each: _Configuration) -> bool:
        """Take a configuration, unless another dominates it. Whether it was taken."""
        others = self._by_key.setdefault(each.key(), [])
        if any(other.dominates(each) for other in others):
            return False
        kept = [other for other in others if not each.dominates(other)]
        self._size += 1 + len(kept) - len(others)
        others[:] = (*kept, each)
        return True

    def all(self) -> list[_Configuration]:
        return [each for others in self._by_key.values() for each in others]
