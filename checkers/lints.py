"""Signs that a history was recorded in a way that makes verdicts wrong or weak. Warnings, never a verdict."""

import re
from collections.abc import Callable, Hashable, Iterator
from itertools import islice, pairwise
from operator import gt
from typing import Final

from ..histories.columns import NEVER, OUTCOMES, Columns
from ..histories.history import History
from .models.values import canonical, show

DOUBTFUL: Final = re.compile(
    r"time[d -]*out|deadline|reset by peer|broken pipe|unexpected eof|connection (was )?(closed|lost|aborted)",
    re.IGNORECASE,
)
"""What an error says when nobody knows whether the operation took effect."""

OK, FAIL = OUTCOMES.index("ok"), OUTCOMES.index("fail")

REUSED: Final = 0.1
"""Which part of the writes may write a value that was written before, without a warning."""


def lints(history: History) -> tuple[str, ...]:
    """One sentence for each sign of misuse, with the first operation that shows it."""
    return tuple(text for lint in _LINTS for text in lint(history.columns))


def timeouts_that_failed(columns: Columns) -> Iterator[str]:
    """`fail` means "certainly not"; a timeout means "unknown"."""
    doubtful = {each for each in set(columns.error) if DOUBTFUL.search(str(columns.values[each] or ""))}
    if not doubtful:
        return
    ends = zip(columns.outcome, columns.error, strict=True)
    found = [row for row, (outcome, error) in enumerate(ends) if outcome == FAIL and error in doubtful]
    if found:
        yield (
            f"{_counted(len(found), 'operation')} failed with an error that leaves the outcome open (first: operation "
            f"{found[0]}, {show(columns.values[columns.error[found[0]]])}); record such as info, unless the system "
            "says that nothing happened"
        )


def nothing_acknowledged(columns: Columns) -> Iterator[str]:
    """A history in which nothing was ok proves nothing."""
    if len(columns) and OK not in columns.outcome:
        yield f"none of the {len(columns)} operations was ok, so there is nothing to check"


def values_reused(columns: Columns) -> Iterator[str]:
    """Unique values make verdicts fast and evidence short."""
    mutators = {each for each in set(columns.f) if columns.values[each] in ("write", "put", "add", "enqueue", "append")}
    numbers: dict[Hashable, int] = {}
    same = [numbers.setdefault(canonical(value), len(numbers)) for value in columns.values]
    rows = zip(columns.f, columns.key, columns.input, strict=True)
    written = [same[key] * len(numbers) + same[given] for f, key, given in rows if f in mutators]
    total, again = len(written), len(written) - len(set(written))
    if again > REUSED * total:
        yield (
            f"{again} of {total} writes write a value that was written before; with unique values checks are "
            "faster and find more"
        )


def overlapping_processes(columns: Columns) -> Iterator[str]:
    """A process does one operation at a time, and none after one whose outcome is unknown."""
    last: dict[int, int] = {}
    returned: dict[int, int] = {}
    for row, (process, call, end) in enumerate(zip(columns.process, columns.call, columns.return_, strict=True)):
        if process in last and returned[process] >= call:
            why = "is unknown" if returned[process] == NEVER else "came later"
            yield (
                f"process {process} invoked operation {row} although the outcome of its operation {last[process]} "
                f"{why}; a process does one at a time, and none after one of unknown outcome"
            )
            return
        last[process], returned[process] = row, end


def clock_backwards(columns: Columns) -> Iterator[str]:
    """Times that contradict the order of events are of no use, and may mean that events were merged wrongly."""
    times = _times(columns)
    if not any(map(gt, times, islice(times, 1, None))):
        return
    place = next(place for place, (time, then) in enumerate(pairwise(times), 1) if then < time)
    ranks = sorted({*columns.call, *columns.return_} - {NEVER})
    both = zip(columns.call, columns.return_, strict=True)
    row = next(row for row, (call, end) in enumerate(both) if ranks[place] in (call, end))
    yield (
        f"the clock went back by {(times[place - 1] - times[place]) / 1e6:.3g} ms at operation {row}; the order of "
        "events counts, not their times"
    )


def _times(columns: Columns) -> list[int]:
    """The times of calls and returns, in the order of events."""
    last = max((rank for ranks in (columns.call, columns.return_) for rank in ranks if rank != NEVER), default=0)
    at: list[int | None] = [None] * (last + 1)
    for ranks, times in ((columns.call, columns.invoked), (columns.return_, columns.completed)):
        for rank, time in zip(ranks, times, strict=True):
            if rank != NEVER:
                at[rank] = time
    return [time for time in at if time is not None]


_LINTS: Final[tuple[Callable[[Columns], Iterator[str]], ...]] = (
    nothing_acknowledged,
    timeouts_that_failed,
    values_reused,
    overlapping_processes,
    clock_backwards,
)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
