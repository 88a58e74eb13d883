"""When which fault was active, as the journal saw it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..histories.event import NemesisEvent
from ..nemesis.fault import NO_TARGET
from .words import Clock, plain


@dataclass(frozen=True)
class Span:
    """One fault from its start to its stop (nanoseconds); `stop` is None for one that was never undone."""

    unit: int | None
    family: str
    start: int
    stop: int | None
    targets: tuple[str, ...]
    detail: str


def spans(events: Iterable[NemesisEvent]) -> tuple[Span, ...]:
    """Every fault that began, in the order of beginning: a `heal` ends whatever is still active."""
    begun: list[NemesisEvent] = []
    ended: dict[int, int] = {}
    for event in events:
        if event.what == "start":
            begun.append(event)
        elif event.what in ("stop", "heal"):
            for position, start in enumerate(begun):
                if position not in ended and (event.what == "heal" or _same(start, event)):
                    ended[position] = event.time
                    if event.what == "stop":
                        break
    return tuple(
        Span(start.unit, start.fault or "fault", start.time, ended.get(position), start.targets, start.detail or "")
        for position, start in enumerate(begun)
    )


def active(faults: Iterable[Span], first: int, last: int) -> tuple[Span, ...]:
    """Those that were active at some time between `first` and `last`, both included, and had somebody to hit."""
    hits = (fault for fault in faults if not fault.detail.startswith(NO_TARGET))
    return tuple(fault for fault in hits if fault.start <= last and (fault.stop is None or fault.stop >= first))


def in_words(fault: Span, clock: Clock) -> str:
    """As in `partition s1 | s2, s3 (0.500–2.000 s)`."""
    what = plain(fault.detail or ", ".join(fault.targets))
    return f"{' '.join(filter(None, (plain(fault.family), what)))} ({clock.between(fault.start, fault.stop)})"


def _same(start: NemesisEvent, stop: NemesisEvent) -> bool:
    return start.unit == stop.unit and (stop.fault is None or start.fault == stop.fault)
