"""Verdicts, names of anomalies and evidence on histories small enough to read."""

import re
from collections.abc import Hashable, Sequence

import pytest
from msgspec.structs import replace

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import is_evidence, kernel, linearizable
from splitbrain.checkers.linearizability.columns import RegisterColumns
from splitbrain.checkers.linearizability.general import Answer
from splitbrain.checkers.linearizability.meter import Limits
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.models import Model, by_name
from splitbrain.checkers.models.model import Step
from splitbrain.checkers.verdict import Validity, Verdict
from splitbrain.errors import HistoryError, UsageError
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Outcome, Value

BUDGET = Budget(seconds=None, configurations=100_000)

Row = tuple[str, Value, object, int, int | None]
"""`f`, input, answer (or "?" for unknown, "refused"), position of the call, and of the return."""


def history(*rows: Row, key: Value = "x") -> list[Operation]:
    operations = []
    for index, (f, given, answer, call, end) in enumerate(rows):
        outcome: Outcome = "info" if answer == "?" else "fail" if answer == "refused" else "ok"
        operations.append(
            Operation(
                index=index,
                process=index,
                f=f,
                key=key,
                input=given,
                output=answer if outcome == "ok" else None,  # type: ignore[arg-type]
                outcome=outcome,
                call=call,
                return_=end,
                invoked=call,
                completed=end,
            )
        )
    return operations


def check(name: str, operations: Sequence[Operation], budget: Budget = BUDGET) -> Verdict:
    return linearizable(by_name(name)).check(History(tuple(operations)), budget)


VIOLATIONS: dict[str, tuple[str, list[Row], list[int], int]] = {
    "value nobody wrote": (
        "register",
        [("write", 1, None, 0, 1), ("read", None, 7, 2, 3)],
        [1],
        1,
    ),
    "read before its write": (
        "register",
        [("read", None, 1, 0, 1), ("write", 1, None, 2, 3)],
        [0, 1],
        0,
    ),
    "stale read": (
        "register",
        [
            ("write", 1, None, 0, 1),
            ("write", 2, None, 2, 3),
            ("read", None, 2, 4, 5),
            ("read", None, 1, 6, 7),
            ("write", 3, None, 8, 9),
        ],
        [0, 1, 3],
        3,
    ),
    "lost write": (
        "register",
        [("write", 1, None, 0, 1), ("write", 2, None, 2, 3), ("read", None, 1, 4, 5), ("read", None, 1, 6, 7)],
        [0, 1, 2],
        2,
    ),
    "refused, yet visible": (
        "cas-register",
        [("write", 1, None, 0, 1), ("cas", (1, 2), "refused", 2, 3), ("read", None, 2, 4, 5)],
        [1, 2],
        2,
    ),
    "two successful compare-and-sets of one value": (
        "cas-register",
        [("write", 1, None, 0, 1), ("cas", (1, 2), True, 2, 5), ("cas", (1, 3), True, 3, 4)],
        [0, 1, 2],
        1,
    ),
    "duplicate append": (
        "kv",
        [("append", "a", None, 0, 1), ("append", "b", "ab", 2, 3), ("get", None, "aba", 4, 5)],
        [0, 1, 2],
        2,
    ),
    "not linearizable": (
        "cas-register",
        [("write", 1, None, 0, 1), ("cas", (1, 2), False, 2, 3), ("write", 3, None, 4, 5)],
        [0, 1],
        1,
    ),
}


@pytest.mark.parametrize("anomaly", VIOLATIONS)
def test_anomalies_are_named_and_shown(anomaly: str) -> None:
    model, rows, shown, culprit = VIOLATIONS[anomaly]
    verdict = check(model, history(*rows))
    (evidence,) = verdict.evidence
    assert verdict.validity is Validity.INVALID
    assert verdict.reason == f'1 of 1 key not linearizable; first: {anomaly} on key "x"'
    assert evidence.anomaly == anomaly
    assert [operation.index for operation in evidence.operations] == shown
    assert evidence.culprit == culprit
    assert evidence.key == "x"


def test_a_refused_operation_is_context_and_constrains_nothing() -> None:
    (evidence,) = check("cas-register", history(*VIOLATIONS["refused, yet visible"][1])).evidence
    assert evidence.context == {1}
    assert [operation.index for operation in evidence.constraints] == [2]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("write", 1, "?", 0, None), ("read", None, None, 1, 2), ("read", None, 1, 3, 4)],
        [("write", 1, "?", 0, None), ("read", None, None, 1, 2)],
        [("write", 1, "refused", 0, 1), ("read", None, None, 2, 3)],
        [("read", None, "?", 0, None), ("write", 1, None, 1, 2)],
        [("write", 1, None, 0, 3), ("read", None, None, 1, 2)],
        [("cas", (None, 1), "?", 0, None), ("cas", (1, 2), "?", 1, None), ("read", None, 2, 2, 3)],
        [("write", 5, None, 0, 1), ("write", 6, "?", 2, None), ("cas", (5, 7), False, 3, 4)],
    ],
)
def test_what_is_linearizable_is_valid(rows: list[Row]) -> None:
    verdict = check("cas-register", history(*rows))
    assert (verdict.validity, verdict.evidence) == (Validity.VALID, ())


@pytest.mark.parametrize(("written", "read"), [(1, True), (True, 1), (1, 1.0), (0, False), ((1,), (True,))])
def test_a_value_that_came_back_with_another_type_is_not_the_one_written(written: Value, read: Value) -> None:
    verdict = check("register", history(("write", written, None, 0, 1), ("read", None, read, 2, 3)))
    assert [evidence.anomaly for evidence in verdict.evidence] == ["value nobody wrote"]


def test_a_long_chain_of_compare_and_sets_is_shown_link_by_link() -> None:
    rows: list[Row] = [("write", 0, None, 0, 1)]
    rows += [("cas", (number, number + 1), True, 2 * number + 2, 2 * number + 3) for number in range(6)]
    (evidence,) = check("cas-register", history(*rows, ("read", None, 1, 100, 101))).evidence
    assert [operation.index for operation in evidence.operations] == [0, 1, 2, 7]


def keyed(count: int, bad: Sequence[int]) -> list[Operation]:
    """A write and a read for each of so many keys; the reads of the bad ones are stale, those of later keys earlier."""
    operations = []
    for number in range(count):
        start = 4 * (count - number)
        rows = history(
            ("write", 1, None, start, start + 1),
            ("read", None, None if number in bad else 1, start + 2, start + 3),
            key=f"k{number}",
        )
        operations += [replace(each, process=2 * number + each.index) for each in rows]
    operations.sort(key=lambda each: each.call)
    return [replace(each, index=index) for index, each in enumerate(operations)]


def test_every_invalid_key_is_counted_and_the_earliest_are_shown() -> None:
    verdict = check("register", keyed(8, bad=[1, 3, 4, 6, 7]))
    assert [evidence.key for evidence in verdict.evidence] == ["k7", "k6", "k4"]
    assert verdict.reason == '5 of 8 keys not linearizable; first: lost write on key "k7"'
    assert verdict.details["keys"] == {"valid": 3, "invalid": 5, "unknown": 0}


def test_verdicts_are_the_same_each_time() -> None:
    operations = keyed(5, bad=[2])
    assert check("register", operations) == check("register", operations)


def hard(key: Value = "x") -> list[Operation]:
    """Twelve concurrent writes of two values, and reads that no order of them explains."""
    rows: list[Row] = [("write", number % 2, None, number, 100 + number) for number in range(12)]
    rows += [("read", None, number % 2, 20 + 2 * number, 21 + 2 * number) for number in range(14)]
    return history(*rows, key=key)


def test_a_search_that_is_given_up_is_unknown_and_says_how_far_it_got_and_what_to_try() -> None:
    verdict = check("register", hard(), Budget(seconds=None, configurations=50))
    assert verdict.validity is Validity.UNKNOWN
    assert re.fullmatch(
        r'1 of 1 key undecided: on key "x" the search reached 50 configurations; it got to the return of operation '
        r"\d+ at 0.\d{3} s, \d+ of 26 operations; give it more configurations, or .*",
        verdict.reason,
    )
    assert check("register", hard(), Budget(seconds=0.0)).reason.startswith(
        '1 of 1 key undecided: on key "x" the time was used up; it had only begun; give it more time, or '
    )


def test_an_invalid_key_beats_an_unknown_one() -> None:
    first = hard("a")
    second = history(("write", 1, None, 200, 201), ("cas", (1, 2), False, 202, 203), key="b")
    moved = [replace(each, index=each.index + len(first), process=each.process + len(first)) for each in second]
    verdict = check("cas-register", first + moved, Budget(seconds=None, configurations=50))
    assert verdict.validity is Validity.INVALID
    assert verdict.details["keys"] == {"valid": 0, "invalid": 1, "unknown": 1}


def test_an_engine_that_gives_a_wrong_order_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(columns: RegisterColumns, _limits: Limits) -> Answer:
        return Answer(True, order=tuple(reversed(range(len(columns.kind)))))

    monkeypatch.setattr(kernel, "zones", wrong)
    verdict = check("register", history(("write", 1, None, 0, 1), ("read", None, 1, 2, 3)))
    assert verdict.validity is Validity.UNKNOWN
    assert "defect of the checker" in verdict.reason


def test_operations_that_the_model_does_not_know_are_an_error() -> None:
    with pytest.raises(HistoryError, match="operation 0 is a append: the model register has read, write"):
        check("register", history(("append", "a", None, 0, 1)))


@pytest.mark.parametrize(
    ("order", "right"),
    [
        ([0, 1, 2], True),
        ([0, 2, 1], False),  # the read returned before 1 was called
        ([0, 1], False),  # 2 is missing
        ([0, 1, 2, 2], False),
        ([0, 1, 2, 3], False),  # a failure
        ([0, 4, 1, 2], True),  # of unknown outcome
        ([4, 0, 1, 2], True),
        ([0, 1, 4, 2], False),  # the read answered something else
        ([0, 1, 2, 9], False),
    ],
)
def test_orders_are_verified(order: list[int], right: bool) -> None:
    operations = history(
        ("write", 1, None, 0, 1),
        ("write", 2, None, 2, 3),
        ("read", None, 2, 4, 5),
        ("write", 3, "refused", 6, 7),
        ("write", 4, "?", 0, None),
    )
    assert is_linearization(by_name("register"), operations, order) is right


def bag_step(state: Hashable, operation: Operation) -> tuple[Step, ...]:
    """Something may be taken out of a bag in any order."""
    assert isinstance(state, frozenset)
    if operation.f == "put":
        return ((None, state | {operation.input}),)
    return tuple((item, state - {item}) for item in sorted(state)) or ((None, state),)


BAG = Model("bag", frozenset({"put", "take"}), frozenset(), bag_step)


@pytest.mark.parametrize(
    ("rows", "valid"),
    [
        ([("put", 1, None, 0, 1), ("put", 2, None, 2, 3), ("take", None, 2, 4, 5), ("take", None, 1, 6, 7)], True),
        ([("put", 1, None, 0, 1), ("take", None, "?", 2, None), ("take", None, None, 3, 4)], True),
        ([("put", 1, None, 0, 1), ("put", 2, "?", 2, None), ("take", None, 2, 3, 4), ("take", None, 1, 5, 6)], True),
        ([("put", 1, None, 0, 1), ("take", None, 1, 2, 3), ("take", None, 1, 4, 5), ("put", 2, None, 6, 7)], False),
        ([("put", 1, None, 0, 1), ("put", True, None, 2, 3), ("take", None, 1.0, 4, 5)], False),
    ],
)
def test_a_model_that_is_no_more_than_a_step_is_enough(rows: list[Row], valid: bool) -> None:
    operations = history(*rows)
    verdict = linearizable(BAG).check(History(tuple(operations)), BUDGET)
    assert verdict.validity is (Validity.VALID if valid else Validity.INVALID)
    assert [is_evidence(BAG, operations, evidence) for evidence in verdict.evidence] == [True] * (not valid)


def test_an_object_on_which_nothing_happened_is_valid() -> None:
    verdict = check("register", history(("write", 1, "refused", 0, 1), ("read", None, "?", 2, None)))
    assert verdict.validity is Validity.VALID


def forced(name: str, engine: str, operations: Sequence[Operation]) -> Verdict:
    return linearizable(by_name(name), engine).check(History(tuple(operations)), BUDGET)


@pytest.mark.parametrize("engine", ["zones", "search", "porcupine"])
def test_an_engine_can_be_asked_for(engine: str) -> None:
    good = history(("write", 1, None, 0, 1), ("read", None, 1, 2, 3))
    bad = history(("write", 1, None, 0, 1), ("read", None, None, 2, 3))
    verdict = forced("register", engine, good)
    assert (verdict.validity, forced("register", engine, bad).validity) == (Validity.VALID, Validity.INVALID)
    assert forced("register", engine, bad).evidence == check("register", bad).evidence
    by_key = verdict.details["by_key"]
    assert isinstance(by_key, list)
    assert (by_key[0]["engine"], by_key[0]["choice"]) == (engine, "it was asked for")


@pytest.mark.parametrize(
    ("name", "engine", "rows", "why"),
    [
        ("register", "zones", [("write", 1, None, 0, 1), ("write", 1, None, 2, 3)], "a value is written twice"),
        ("register", "queues", [("write", 1, None, 0, 1)], "it is for another model than register"),
        ("kv", "zones", [("put", "a", None, 0, 1)], "its operations do not just read, write and compare"),
        ("kv", "strings", [("put", "a", None, 0, 1), ("put", "a", None, 2, 3)], "a text is written twice"),
    ],
)
def test_an_engine_that_does_not_apply_is_an_error(name: str, engine: str, rows: list[Row], why: str) -> None:
    with pytest.raises(UsageError, match=f'engine {engine} does not apply to key "x": {why}'):
        forced(name, engine, history(*rows))


def test_an_engine_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(UsageError, match="no engine named 'magic': choose one of zones, strings, sets"):
        linearizable(by_name("register"), "magic")


def test_of_very_many_keys_those_that_are_wrong_are_listed_first() -> None:
    verdict = check("register", keyed(1_100, bad=[500]))
    listed = verdict.details["by_key"]
    assert isinstance(listed, list)
    assert len(listed) == 1_000
    assert (listed[0]["key"], listed[0]["validity"]) == ("k500", "invalid")
    assert verdict.details["engines"] == {"zones": {"keys": 1_100, "native": kernel.NATIVE}}
