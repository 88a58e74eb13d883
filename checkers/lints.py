"""Signs that a history was recorded in a way that makes verdicts wrong or weak. Warnings, never a verdict."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from ..histories.history import History
from ..histories.operation import Operation
from .models.values import canonical, show

DOUBTFUL: Final = re.compile(
    r"time[d -]*out|deadline|reset by peer|broken pipe|unexpected eof|connection (was )?(closed|lost|aborted)",
    re.IGNORECASE,
)
"""What an error says when nobody knows whether the operation took effect."""

REUSED: Final = 0.1
"""Which part of the writes may write a value that was written before, without a warning."""


def lints(history: History) -> tuple[str, ...]:
    """One sentence for each sign of misuse, with the first operation that shows it."""
    operations = history.operations
    return tuple(text for lint in _LINTS for text in lint(operations))


def timeouts_that_failed(operations: tuple[Operation, ...]) -> Iterator[str]:
    """`fail` means "certainly not"; a timeout means "unknown"."""
    found = [each for each in operations if each.outcome == "fail" and DOUBTFUL.search(each.error or "")]
    if found:
        first = found[0]
        yield (
            f"{_counted(len(found), 'operation')} failed with an error that leaves the outcome open (first: operation "
            f"{first.index}, {show(first.error)}); record such as info, unless the system says that nothing happened"
        )


def nothing_acknowledged(operations: tuple[Operation, ...]) -> Iterator[str]:
    """A history in which nothing was ok proves nothing."""
    if operations and not any(each.outcome == "ok" for each in operations):
        yield f"none of the {len(operations)} operations was ok, so there is nothing to check"


def values_reused(operations: tuple[Operation, ...]) -> Iterator[str]:
    """Unique values make verdicts fast and evidence short."""
    written = Counter(
        (canonical(each.key), canonical(each.input))
        for each in operations
        if each.f in ("write", "put", "add", "enqueue", "append")
    )
    total = sum(written.values())
    again = total - len(written)
    if again > REUSED * total:
        yield (
            f"{again} of {total} writes write a value that was written before; with unique values checks are "
            "faster and find more"
        )


def overlapping_processes(operations: tuple[Operation, ...]) -> Iterator[str]:
    """A process does one operation at a time, and none after one whose outcome is unknown."""
    last: dict[int, Operation] = {}
    for operation in operations:
        before = last.get(operation.process)
        if before is not None and not before.precedes(operation):
            why = "is unknown" if before.return_ is None else "came later"
            yield (
                f"process {operation.process} invoked operation {operation.index} although the outcome of its "
                f"operation {before.index} {why}; a process does one at a time, and none after one of unknown outcome"
            )
            return
        last[operation.process] = operation


def clock_backwards(operations: tuple[Operation, ...]) -> Iterator[str]:
    """Times that contradict the order of events are of no use, and may mean that events were merged wrongly."""
    events = sorted(
        [(each.call, each.invoked, each) for each in operations]
        + [(each.return_, each.completed, each) for each in operations if each.return_ is not None],
        key=lambda event: event[0],
    )
    latest = None
    for _, time, operation in events:
        if time is None:
            continue
        if latest is not None and time < latest:
            yield (
                f"the clock went back by {(latest - time) / 1e6:.3g} ms at operation {operation.index}; the order of "
                "events counts, not their times"
            )
            return
        latest = time


_LINTS: Final[tuple[Callable[[tuple[Operation, ...]], Iterator[str]], ...]] = (
    nothing_acknowledged,
    timeouts_that_failed,
    values_reused,
    overlapping_processes,
    clock_backwards,
)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
