"""Signs of misuse in histories."""

from typing import TypeAlias

from handmade import build
from msgspec.structs import replace

from splitbrain.checkers.lints import lints
from splitbrain.histories.history import History
from splitbrain.histories.operation import Outcome, Value

Step: TypeAlias = "tuple[int, str, Value, Value, Outcome, int, int | None]"


def test_a_clean_history_has_none() -> None:
    assert lints(build([(0, "write", 1, None, "ok", 0, 1), (1, "read", None, 1, "ok", 2, 3)])) == ()
    assert lints(History(())) == ()


def test_timeouts_recorded_as_failures() -> None:
    history = build(
        [(0, "write", 1, None, "fail", 0, 1), (1, "read", None, None, "ok", 2, 3)], error="context deadline exceeded"
    )
    [text] = lints(history)
    assert text.startswith(
        '1 operation failed with an error that leaves the outcome open (first: operation 0, "context'
    )


def test_refusals_are_no_timeouts() -> None:
    steps = [(0, "write", 1, None, "fail", 0, 1), (1, "read", None, None, "ok", 2, 3)]
    assert lints(build(steps, error="not leader")) == ()  # type: ignore[arg-type]
    assert lints(build(steps, error="no connection: reset by peer")) == ()  # type: ignore[arg-type]
    reads = [(0, "write", 1, None, "ok", 0, 1), (1, "read", None, None, "fail", 2, 3)]
    assert lints(build(reads, error="timed out")) == ()  # type: ignore[arg-type]


def test_nothing_acknowledged() -> None:
    assert lints(build([(0, "write", 1, None, "info", 0, 1)])) == (
        "none of the 1 operations was ok, so there is nothing to check",
    )


def test_values_written_again_and_again() -> None:
    history = build([(0, "write", value % 3, None, "ok", 2 * value, 2 * value + 1) for value in range(20)])
    [text] = lints(history)
    assert text.startswith("17 of 20 writes write a value that was written before")


def test_a_process_that_goes_on_after_an_unknown_outcome() -> None:
    first, second = build([(0, "write", 1, None, "info", 0, 1), (1, "read", None, 1, "ok", 2, 3)]).operations
    [text] = lints(History((first, replace(second, process=0))))
    assert text.startswith("process 0 invoked operation 1 although the outcome of its operation 0 is unknown")


def test_a_process_that_overlaps_itself() -> None:
    first, second = build([(0, "write", 1, None, "ok", 0, 5), (1, "read", None, 1, "ok", 2, 3)]).operations
    [text] = lints(History((first, replace(second, process=0))))
    assert "operation 1 although the outcome of its operation 0 came later" in text


def test_a_clock_that_goes_back() -> None:
    first, second = build([(0, "write", 1, None, "ok", 0, 5), (1, "read", None, 1, "ok", 6, 7)]).operations
    [text] = lints(History((first, replace(second, invoked=2_000_000, completed=8_000_000))))
    assert text == "the clock went back by 3 ms at operation 1; the order of events counts, not their times"


def test_failures_that_took_as_long_as_each_other() -> None:
    ends: list[Step] = [
        (process, "write", process, None, "fail", 10 * process, 100_000 + 10 * process) for process in range(3)
    ]
    answered: list[Step] = [(9, "read", None, None, "ok", 200_000 + 2 * each, 200_001 + 2 * each) for each in range(5)]
    assert any("like at a deadline" in text for text in lints(build([*ends, *answered])))
    quick: list[Step] = [(each[0], each[1], each[2], each[3], each[4], each[5], each[5] + 1) for each in ends]
    assert lints(build([*quick, *answered])) == ()


def test_refused_writes_that_were_found() -> None:
    steps: list[Step] = [(0, "write", 1, None, "fail", 0, 1), (1, "read", None, 1, "ok", 2, 3)]
    [text] = lints(build(steps))
    assert text.startswith("1 operation failed, yet what it would have written was found (first: operation 0)")
    again: list[Step] = [*steps, (2, "write", 1, None, "info", 4, 5)]
    assert not any("failed, yet" in text for text in lints(build(again)))
