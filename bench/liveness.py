"""After heal: does every client get an answer to every kind of operation?"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from .generators import Context, Request, Step, Update, Wait, soonest
from .test import MILLISECOND, SECOND


class Probes:
    """A generator that makes every thread invoke a request of each kind until one is ok, for at most `bound` ns each.

    A probe that ends otherwise is tried anew after a short pause. `missed` has one sentence for each probe that was
    not ok within `bound` of its first try.
    """

    PAUSE = 50 * MILLISECOND

    def __init__(self, probes: Sequence[Callable[[], Request]], bound: int, threads: int) -> None:
        self.missed: list[str] = []
        self._bound = bound
        self._left = {thread: list(probes) for thread in range(threads)}
        self._f: dict[int, str] = {}
        self._tried: dict[int, int] = {}
        self._again: dict[int, int] = {}

    def next(self, context: Context) -> Step:
        waits: list[Wait] = []
        for thread in context.threads:
            if thread not in context.free:
                waits.append(Wait())
                continue
            if self._left[thread] and context.now >= self.deadline(thread, context.now):
                self._give_up(thread)
            if not self._left[thread]:
                continue
            if context.now >= self._again.get(thread, 0):
                self._tried.setdefault(thread, context.now)
                request = self._left[thread][0]()
                self._f[thread] = request.f
                return replace(request, thread=thread)
            waits.append(Wait(self._again[thread]))
        return soonest(waits)

    def update(self, update: Update) -> None:
        if update.completion is None:
            return
        thread = update.thread
        if update.completion.outcome == "ok":
            del self._left[thread][0]
            self._tried.pop(thread, None)
        else:
            self._again[thread] = min(update.completion.time + self.PAUSE, self.deadline(thread, 0))

    def deadline(self, thread: int, now: int) -> int:
        """Until when the thread's current probe has time; one that begins now has the whole bound."""
        return self._tried.get(thread, now) + self._bound

    def _give_up(self, thread: int) -> None:
        del self._left[thread][0]
        del self._tried[thread]
        self.missed.append(f"client c{thread}: no {self._f[thread]} was ok within {self._bound / SECOND:g} s")
