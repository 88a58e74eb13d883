"""Which fault was active when."""

from handmade import MS

from splitbrain.histories.event import NemesisEvent
from splitbrain.reports.faults import active, in_words, spans
from splitbrain.reports.words import Clock


def event(what: str, time: int, unit: int | None = None, fault: str | None = None) -> NemesisEvent:
    return NemesisEvent(what=what, time=time * MS, unit=unit, fault=fault, targets=("s1",) if fault else ())


def test_starts_and_stops_are_paired_by_unit() -> None:
    found = spans(
        [event("start", 1, 0, "kill"), event("start", 2, 1, "kill"), event("stop", 3, 1), event("stop", 4, 0, "kill")]
    )
    assert [(span.unit, span.start, span.stop) for span in found] == [(0, 1 * MS, 4 * MS), (1, 2 * MS, 3 * MS)]


def test_heal_ends_what_is_active_and_nothing_else() -> None:
    found = spans(
        [
            event("start", 1, 0, "kill"),
            event("stop", 2, 0, "kill"),
            event("start", 3, 1, "pause"),
            event("heal", 5),
            event("start", 6, 2, "pause"),
        ]
    )
    assert [span.stop for span in found] == [2 * MS, 5 * MS, None]
    assert in_words(found[2], Clock()) == "pause s1 (from 0.006 s on)"


def test_active_includes_both_ends() -> None:
    found = spans([event("start", 2, 0, "kill"), event("stop", 4, 0, "kill")])
    assert [bool(active(found, first * MS, last * MS)) for first, last in ((0, 1), (0, 2), (3, 3), (4, 9), (5, 9))] == [
        False,
        True,
        True,
        True,
        False,
    ]
