"""Counts, and what makes a history vacuous."""

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.stats import ENOUGH, count, stats, vacuous
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Outcome


def history(*operations: tuple[str, Outcome]) -> History:
    return History(
        tuple(
            Operation(index=index, process=index, f=f, outcome=outcome, call=index, invoked=0)
            for index, (f, outcome) in enumerate(operations)
        )
    )


def test_counts_by_function_and_outcome() -> None:
    counts = count(history(("write", "ok"), ("read", "info"), ("write", "fail"), ("write", "ok")))
    assert counts == {
        "read": {"invoked": 1, "ok": 0, "fail": 0, "info": 1},
        "write": {"invoked": 3, "ok": 2, "fail": 1, "info": 0},
    }
    assert list(counts) == ["read", "write"]


def test_nothing_ok_is_vacuous() -> None:
    assert vacuous(history()) == "none of the 0 operations was ok"
    assert vacuous(history(("read", "info"), ("write", "fail"))) == "none of the 2 operations was ok"


def test_a_function_that_never_succeeds_is_vacuous_once_it_was_tried_often() -> None:
    often: list[tuple[str, Outcome]] = [("cas", "fail")] * ENOUGH
    assert vacuous(history(("read", "ok"), *often)) == f"none of the {ENOUGH} operations cas was ok"
    assert vacuous(history(("read", "ok"), *often[1:])) is None
    assert vacuous(history(("read", "ok"), ("cas", "ok"), *often)) is None


def test_the_checker_says_so() -> None:
    assert stats.check(history(("read", "ok")), Budget()).validity is Validity.VALID
    verdict = stats.check(history(("read", "info")), Budget())
    assert verdict.validity is Validity.UNKNOWN
    assert verdict.reason == "none of the 1 operations was ok"
