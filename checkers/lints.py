"""Signs that a history was recorded in a way that makes verdicts wrong or weak. Warnings, never a verdict."""

import re
from collections.abc import Callable, Hashable, Iterator
from itertools import islice, pairwise
from operator import gt
from statistics import median
from typing import Final

from ..histories.columns import NEVER, NO_TIME, OUTCOMES, Columns
from ..histories.history import History
from ..histories.operation import Value
from .models.model import ANY, Anything
from .models.values import canonical, show

DOUBTFUL: Final = re.compile(
    r"time[d -]*out|deadline|reset by peer|broken pipe|unexpected eof|connection (was )?(closed|lost|aborted)",
    re.IGNORECASE,
)
"""What an error says when nobody knows whether the operation took effect."""

NOTHING_SENT: Final = "no connection: "
"""How an error begins that came before anything was asked, whatever the rest of it says."""

READS: Final = ("read", "get")
"""Operations that have no effect."""

OK, FAIL = OUTCOMES.index("ok"), OUTCOMES.index("fail")

REUSED: Final = 0.1
"""Which part of the writes may write a value that was written before, without a warning."""

LOOKED_AT: Final = 100_000
"""In how many operations such are looked for."""

MANY: Final = 3
ALIKE: Final = 0.98
LONG: Final = 10
"""How many failures have to take how much of the same time, and that how many times as long as half of the answers."""


def lints(history: History) -> tuple[str, ...]:
    """One sentence for each sign of misuse, with the first operation that shows it."""
    return tuple(text for lint in _LINTS for text in lint(history.columns))


def timeouts_that_failed(columns: Columns) -> Iterator[str]:
    """`fail` means "certainly not"; a timeout means "unknown". Of a read it does not matter."""
    doubtful = _doubtful(columns)
    if not doubtful:
        return
    reads = {each for each in set(columns.f) if columns.values[each] in READS}
    ends = zip(columns.outcome, columns.error, columns.f, strict=True)
    found = [
        row for row, (outcome, error, f) in enumerate(ends) if outcome == FAIL and error in doubtful and f not in reads
    ]
    if found:
        yield (
            f"{_counted(len(found), 'operation')} failed with an error that leaves the outcome open (first: operation "
            f"{found[0]}, {show(columns.values[columns.error[found[0]]])}); record such as info, unless the system "
            "says that nothing happened"
        )


def _doubtful(columns: Columns) -> set[int]:
    said = {each: str(columns.values[each] or "") for each in set(columns.error)}
    return {each for each, text in said.items() if DOUBTFUL.search(text) and not text.startswith(NOTHING_SENT)}


def failures_at_the_deadline(columns: Columns) -> Iterator[str]:
    """Other failures that took the same, long time have run into a deadline, whatever their error says."""
    doubtful = _doubtful(columns)
    rows = zip(columns.outcome, columns.error, columns.invoked, columns.completed, strict=True)
    took: dict[int, list[int]] = {OK: [], FAIL: []}
    for outcome, error, invoked, completed in rows if FAIL in columns.outcome else ():
        if outcome in took and error not in doubtful and completed != NO_TIME:
            took[outcome].append(completed - invoked)
    longest = max(took[FAIL], default=0)
    at_the_end = sum(duration >= ALIKE * longest for duration in took[FAIL])
    if at_the_end >= MANY and longest >= LONG * median(took[OK] or [0]):
        yield (
            f"{at_the_end} operations failed after {longest / 1e9:.3g} s, like at a deadline; if that is one, nobody "
            "knows whether they took effect: record such as info"
        )


def failures_that_were_seen(columns: Columns) -> Iterator[str]:
    """What a refused operation would have written was found: the system, or who recorded it, did not tell the truth."""
    if FAIL not in columns.outcome:
        return
    numbers: dict[Hashable, int] = {}
    same = [numbers.setdefault(canonical(value), len(numbers)) for value in columns.values]
    names = {each: columns.values[each] for each in set(columns.f)}
    refused: dict[tuple[int, int], int] = {}
    written: set[tuple[int, int]] = set()
    found: set[tuple[int, int]] = set()
    rows = zip(columns.f, columns.outcome, columns.key, columns.input, columns.output, strict=True)
    for row, (f, outcome, key, given, output) in enumerate(rows):
        if names[f] == "read" and outcome == OK:
            found.add((same[key], same[output]))
        value = _written(names[f], columns.values[given])
        if value is ANY:
            continue
        place = same[key], numbers.setdefault(canonical(value), len(numbers))
        if outcome == FAIL:
            refused.setdefault(place, row)
        else:
            written.add(place)
    visible = [row for place, row in refused.items() if place in found and place not in written]
    if visible:
        yield (
            f"{_counted(len(visible), 'operation')} failed, yet what {'they' if len(visible) > 1 else 'it'} would have "
            f"written was found (first: operation {min(visible)}): either the system refuses what it does, or an "
            "unknown outcome was recorded as fail"
        )


def _written(f: Value, given: Value) -> "Value | Anything":
    """The value that an operation on a register would write; ANY of others."""
    if f == "write":
        return given
    return given[1] if f == "cas" and isinstance(given, tuple) and len(given) == 2 else ANY


def nothing_acknowledged(columns: Columns) -> Iterator[str]:
    """A history in which nothing was ok proves nothing."""
    if len(columns) and OK not in columns.outcome:
        yield f"none of the {len(columns)} operations was ok, so there is nothing to check"


def values_reused(columns: Columns) -> Iterator[str]:
    """Unique values make verdicts fast and evidence short."""
    mutators = {each for each in set(columns.f) if columns.values[each] in ("write", "put", "add", "enqueue", "append")}
    rows = islice(zip(columns.f, columns.key, columns.input, strict=True), LOOKED_AT)
    pairs = [(key, given) for f, key, given in rows if f in mutators]
    values = columns.values
    total, again = len(pairs), len(pairs) - len({(key, canonical(values[given])) for key, given in pairs})
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
    both = list(islice(zip(columns.call, columns.return_, strict=True), LOOKED_AT))
    ranks = sorted({rank for each in both for rank in each} - {NEVER})
    row = next(row for row, (call, end) in enumerate(both) if ranks[place] in (call, end))
    yield (
        f"the clock went back by {(times[place - 1] - times[place]) / 1e6:.3g} ms at operation {row}; the order of "
        "events counts, not their times"
    )


def _times(columns: Columns) -> list[int]:
    """The times of calls and returns, in the order of events, of the first operations."""
    rows = slice(LOOKED_AT)
    ranked = (columns.call[rows], columns.invoked[rows]), (columns.return_[rows], columns.completed[rows])
    last = max((rank for ranks, _ in ranked for rank in ranks if rank != NEVER), default=0)
    at: list[int | None] = [None] * (last + 1)
    for ranks, times in ranked:
        for rank, time in zip(ranks, times, strict=True):
            if rank != NEVER:
                at[rank] = time
    return [time for time in at if time is not None]


_LINTS: Final[tuple[Callable[[Columns], Iterator[str]], ...]] = (
    nothing_acknowledged,
    timeouts_that_failed,
    failures_at_the_deadline,
    failures_that_were_seen,
    values_reused,
    overlapping_processes,
    clock_backwards,
)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
