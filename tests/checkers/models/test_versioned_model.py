"""The model of a value with versions, judged by the checker."""

import pytest
from handmade import build

from splitbrain.checkers.check import check
from splitbrain.checkers.models.versioned import versioned
from splitbrain.errors import HistoryError
from splitbrain.histories.operation import Value


def verdict(*rows: tuple[str, Value, Value, int, int]) -> tuple[str, str]:
    """What is found about operations (f, input, output, call, return), each by a process of its own."""
    steps = [(process, f, given, output, "ok", call, end) for process, (f, given, output, call, end) in enumerate(rows)]
    found = check(build(steps), versioned())  # type: ignore[arg-type]
    return found.validity.value, found.evidence[0].anomaly if found.evidence else ""


def test_versions_follow_each_other() -> None:
    rows: list[tuple[str, Value, Value, int, int]] = [
        ("get", None, (None, 0), 0, 1),
        ("put", ("a", 0), True, 2, 3),
        ("put", ("b", 0), False, 4, 5),
        ("put", ("b", 1), True, 6, 7),
        ("get", None, ("b", 2), 8, 9),
    ]
    assert verdict(*rows) == ("valid", "")


def test_a_value_whose_put_was_refused() -> None:
    rows: list[tuple[str, Value, Value, int, int]] = [("put", ("a", 0), False, 0, 10), ("get", None, ("a", 1), 2, 3)]
    assert verdict(*rows) == ("invalid", "refused, yet visible")


def test_a_version_that_nobody_wrote() -> None:
    assert verdict(("put", ("a", 0), True, 0, 1), ("get", None, ("b", 1), 2, 3)) == ("invalid", "version nobody wrote")


def test_two_puts_on_one_version() -> None:
    rows: list[tuple[str, Value, Value, int, int]] = [("put", ("a", 0), True, 0, 1), ("put", ("b", 0), True, 2, 3)]
    assert verdict(*rows) == ("invalid", "two puts replaced one version")


def test_a_put_without_version_is_refused() -> None:
    with pytest.raises(HistoryError, match="operation 0: the input of a put is a value and the version"):
        verdict(("put", "a", True, 0, 1))
