"""What the clients do next: small generators that are put together, after Jepsen's (jepsen.generator).

A generator is asked `next(context)` whenever a thread is free and answers with a `Request`, which is then invoked at
once, with `Wait`, or with `DONE`. It is told of every invocation and completion of its requests by `update`. It does
no I/O, knows no clock but `context.now`, and draws only from the source of randomness it was given. A generator owns
its state: use each one in one place.
"""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from ..histories.event import Completion, Invocation
from ..histories.operation import Value


@dataclass(frozen=True, slots=True)
class Request:
    """An operation to invoke now, by the given thread or, if that is None, by the one that has been free longest."""

    f: str
    key: Value = None
    input: Value = None
    thread: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing now: ask again at `until` (nanoseconds) or after the next update, whichever comes first.

    `until` None: only after an update.
    """

    until: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing any more."""


DONE: Final = Done()
Step: TypeAlias = Request | Wait | Done


@dataclass(frozen=True, slots=True)
class Context:
    """The moment at which a generator is asked: `free` threads (not empty, longest free first), out of `threads`."""

    now: int
    free: tuple[int, ...]
    threads: tuple[int, ...]

    def only(self, threads: Iterable[int]) -> "Context":
        """The same moment for a generator that may use some of the threads."""
        wanted = frozenset(threads)
        return Context(
            self.now,
            tuple(thread for thread in self.free if thread in wanted),
            tuple(thread for thread in self.threads if thread in wanted),
        )


@dataclass(frozen=True, slots=True)
class Update:
    """A request was invoked (`completion` is None) or completed."""

    thread: int
    op: Invocation
    completion: Completion | None = None


class Generator(Protocol):
    """See the module's text."""

    def next(self, context: Context) -> Step: ...
    def update(self, update: Update) -> None: ...


class Each:
    """The given requests, one after another."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = iter(requests)

    def next(self, context: Context) -> Step:
        return next(self._requests, DONE)

    def update(self, update: Update) -> None:
        pass


class Repeat:
    """What the function gives, again and again, without end."""

    def __init__(self, request: Callable[[], Request]) -> None:
        self._request = request

    def next(self, context: Context) -> Step:
        return self._request()

    def update(self, update: Update) -> None:
        pass


class Mix:
    """Each time one of several generators by weighted chance, among those that have a request. Done when all are."""

    def __init__(self, random: random.Random, *weighted: tuple[float, Generator]) -> None:
        self._random = random
        self._weighted = list(weighted)

    def next(self, context: Context) -> Step:
        candidates = list(self._weighted)
        waits: list[Wait] = []
        while candidates:
            chosen = self._random.choices(candidates, [weight for weight, _ in candidates])[0]
            candidates.remove(chosen)
            step = chosen[1].next(context)
            if isinstance(step, Request):
                return step
            if isinstance(step, Wait):
                waits.append(step)
            else:
                self._weighted.remove(chosen)
        return soonest(waits)

    def update(self, update: Update) -> None:
        for _, generator in self._weighted:
            generator.update(update)


class Limit:
    """At most `n` requests."""

    def __init__(self, n: int, generator: Generator) -> None:
        self._left = n
        self._generator = generator

    def next(self, context: Context) -> Step:
        if self._left == 0:
            return DONE
        step = self._generator.next(context)
        if isinstance(step, Request):
            self._left -= 1
        return step

    def update(self, update: Update) -> None:
        self._generator.update(update)


class TimeLimit:
    """No request later than `duration` nanoseconds after the first time it was asked."""

    def __init__(self, duration: int, generator: Generator) -> None:
        self._duration = duration
        self._generator = generator
        self._end: int | None = None

    def next(self, context: Context) -> Step:
        if self._end is None:
            self._end = context.now + self._duration
        if context.now >= self._end:
            return DONE
        step = self._generator.next(context)
        if isinstance(step, Wait):
            return Wait(self._end if step.until is None else min(step.until, self._end))
        return step

    def update(self, update: Update) -> None:
        self._generator.update(update)


class After:
    """Another generator, from `duration` nanoseconds after the first time that this one was asked."""

    def __init__(self, duration: int, generator: Generator) -> None:
        self._duration = duration
        self._generator = generator
        self._begin: int | None = None

    def next(self, context: Context) -> Step:
        if self._begin is None:
            self._begin = context.now + self._duration
        return Wait(self._begin) if context.now < self._begin else self._generator.next(context)

    def update(self, update: Update) -> None:
        self._generator.update(update)


class Stagger:
    """Leaves a gap of `interval` nanoseconds on average before each request.

    The gaps are log-uniform over three decades, so that requests come in bursts, where they overlap, with pauses
    between, where the system settles.
    """

    SPREAD = math.log(1000)

    def __init__(self, interval: int, random: random.Random, generator: Generator) -> None:
        # A log-uniform draw from [a, 1000 a] has the mean 999 a / ln 1000.
        self._shortest = interval * self.SPREAD / 999
        self._random = random
        self._generator = generator
        self._due: int | None = None

    def next(self, context: Context) -> Step:
        if self._due is None:
            self._due = context.now + self._gap()
        if context.now < self._due:
            return Wait(self._due)
        step = self._generator.next(context)
        if isinstance(step, Request):
            self._due = context.now + self._gap()
        return step

    def update(self, update: Update) -> None:
        self._generator.update(update)

    def _gap(self) -> int:
        return round(self._shortest * math.exp(self.SPREAD * self._random.random()))


class Phases:
    """One generator after another; each begins when the one before is done and all threads are free."""

    def __init__(self, *generators: Generator) -> None:
        self._left = list(generators)
        self._barrier = False

    def next(self, context: Context) -> Step:
        while self._left:
            if self._barrier and len(context.free) < len(context.threads):
                return Wait()
            self._barrier = False
            step = self._left[0].next(context)
            if not isinstance(step, Done):
                return step
            del self._left[0]
            self._barrier = True
        return DONE

    def update(self, update: Update) -> None:
        if self._left:
            self._left[0].update(update)


class PerKey:
    """An independent generator for each key; requests get their key here. Done when all keys are.

    The first keys are used more often than the last (log-uniform), so that some keys see many overlapping requests.
    """

    def __init__(self, random: random.Random, generators: Mapping[Value, Generator]) -> None:
        self._random = random
        self._generators = generators
        self._keys = list(generators)

    def next(self, context: Context) -> Step:
        candidates = list(self._keys)
        waits: list[Wait] = []
        while candidates:
            key = candidates.pop(log_uniform(self._random, len(candidates)))
            step = self._generators[key].next(context)
            if isinstance(step, Request):
                return replace(step, key=key)
            if isinstance(step, Wait):
                waits.append(step)
            else:
                self._keys.remove(key)
        return soonest(waits)

    def update(self, update: Update) -> None:
        self._generators[update.op.key].update(update)


class Reserve:
    """Threads set apart: the first `n` for the first generator, the next for the second, …, the rest for `rest`."""

    def __init__(self, *reserved: tuple[int, Generator], rest: Generator) -> None:
        self._sizes = [size for size, _ in reserved]
        self._generators = [*(generator for _, generator in reserved), rest]
        self._owner: dict[int, int] = {}
        self._turn = 0

    def next(self, context: Context) -> Step:
        groups = self._split(context.threads)
        waits: list[Wait] = []
        done = 0
        for turn in range(self._turn, self._turn + len(groups)):
            index = turn % len(groups)
            mine = context.only(groups[index])
            if not mine.free:
                waits.append(Wait())
                continue
            step = self._generators[index].next(mine)
            if isinstance(step, Request):
                self._turn = index + 1
                return replace(step, thread=mine.free[0] if step.thread is None else step.thread)
            if isinstance(step, Wait):
                waits.append(step)
            else:
                done += 1
        return DONE if done == len(groups) else soonest(waits)

    def update(self, update: Update) -> None:
        self._generators[self._owner[update.thread]].update(update)

    def _split(self, threads: tuple[int, ...]) -> list[tuple[int, ...]]:
        groups, start = [], 0
        for size in self._sizes:
            groups.append(threads[start : start + size])
            start += size
        groups.append(threads[start:])
        self._owner = {thread: index for index, group in enumerate(groups) for thread in group}
        return [group for group in groups if group]


class EachThread:
    """An own generator for every thread. Done when all are."""

    def __init__(self, make: Callable[[int], Generator]) -> None:
        self._make = make
        self._generators: dict[int, Generator] = {}
        self._done: set[int] = set()

    def next(self, context: Context) -> Step:
        waits: list[Wait] = []
        for thread in context.threads:
            if thread in self._done:
                continue
            if thread not in context.free:
                waits.append(Wait())
                continue
            if thread not in self._generators:
                self._generators[thread] = self._make(thread)
            step = self._generators[thread].next(context.only((thread,)))
            if isinstance(step, Request):
                return replace(step, thread=thread)
            if isinstance(step, Wait):
                waits.append(step)
            else:
                self._done.add(thread)
        return soonest(waits)

    def update(self, update: Update) -> None:
        if update.thread in self._generators:
            self._generators[update.thread].update(update)


class UntilOk:
    """Requests of the generator, one at a time, until one of them is ok."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._asked = False
        self._open: int | None = None
        self._ok = False

    def next(self, context: Context) -> Step:
        if self._ok:
            return DONE
        if self._open is not None:
            return Wait()
        step = self._generator.next(context)
        self._asked = isinstance(step, Request)
        return step

    def update(self, update: Update) -> None:
        # The runner invokes a request at once: the first update after a request is its invocation.
        if self._asked and update.completion is None:
            self._asked = False
            self._open = update.op.operation
        elif update.completion is not None and update.op.operation == self._open:
            self._open = None
            self._ok = update.completion.outcome == "ok"
        self._generator.update(update)


def soonest(waits: list[Wait]) -> Step:
    """What several generators without a request amount to: the earliest wait, or done if none waits."""
    if not waits:
        return DONE
    times = [wait.until for wait in waits if wait.until is not None]
    return Wait(min(times) if times else None)


def log_uniform(random: random.Random, count: int) -> int:
    """A number from 0 to count - 1; small ones are more likely, each doubling of the range equally so."""
    return int(math.exp(random.random() * math.log(count + 1))) - 1
