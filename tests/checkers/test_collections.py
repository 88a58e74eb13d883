"""Sets, queues, counters, locks, unique ids: what is found, and that nothing is where a linearization exists."""

from collections.abc import Sequence

import pytest
from handmade import Step, build
from small_objects import histories, is_linearizable, medium, tiny

from splitbrain.checkers.checker import Budget, Checker
from splitbrain.checkers.counters import counter
from splitbrain.checkers.locks import lock
from splitbrain.checkers.models import counter as counter_model
from splitbrain.checkers.models import grow_only_set, mutex, queue
from splitbrain.checkers.models.model import Model
from splitbrain.checkers.queues import total_queue
from splitbrain.checkers.sets import set_full
from splitbrain.checkers.unique_ids import unique_ids
from splitbrain.checkers.verdict import Validity, Verdict
from splitbrain.histories.history import History
from splitbrain.histories.operation import Value


def judged(checker: Checker, *steps: Step) -> Verdict:
    return checker.check(build(steps), Budget())


def anomalies(verdict: Verdict) -> list[tuple[str, Value]]:
    findings = verdict.details["findings"]
    assert isinstance(findings, list)
    return [(each["anomaly"], each["value"]) for each in findings]


@pytest.mark.parametrize(
    ("model", "checker"),
    [
        (grow_only_set(), set_full(linearizable=True)),
        (queue(), total_queue()),
        (counter_model(), counter),
        (mutex(), lock()),
    ],
    ids=lambda value: value.name,
)
@pytest.mark.parametrize(("shape", "count"), [(tiny, 5_000), (medium, 300)])
def test_nothing_is_found_where_a_linearization_exists(
    model: Model, checker: Checker, shape: object, count: int
) -> None:
    found = 0
    for operations in histories(model, count, shape):  # type: ignore[arg-type]
        verdict = checker.check(History(tuple(operations)), Budget())
        if verdict.validity is Validity.INVALID:
            found += 1
            if shape is tiny or found < 20:
                assert not is_linearizable(model, operations), (verdict.reason, operations)
    assert found > count / 100


def test_a_lost_element() -> None:
    verdict = judged(
        set_full(),
        (0, "add", "a", None, "ok", 0, 1),
        (0, "add", "b", None, "ok", 2, 3),
        (1, "read", None, ("a", "b"), "ok", 4, 5),
        (1, "read", None, ("b",), "ok", 6, 7),
    )
    assert verdict.reason == 'lost: "a" (operations 0, 3)'


def test_a_stale_read_is_told_and_wrong_only_where_linearizability_is_asked_for() -> None:
    steps: Sequence[Step] = (
        (0, "add", "a", None, "ok", 0, 1),
        (1, "read", None, (), "ok", 2, 4),
        (1, "read", None, ("a",), "ok", 6, 7),
    )
    verdict = judged(set_full(), *steps)
    assert verdict.validity is Validity.VALID
    assert verdict.details["stale"] == 1
    assert verdict.details["stable_latencies_ns"] == dict.fromkeys(("0.5", "0.95", "0.99", "1.0"), 3_000_000)
    assert anomalies(judged(set_full(linearizable=True), *steps)) == [("stale", "a")]


def test_elements_that_nobody_added_or_that_were_refused_or_come_twice() -> None:
    verdict = judged(
        set_full(),
        (0, "add", "a", None, "fail", 0, 1),
        (0, "add", "b", None, "info", 2, 3),
        (1, "read", None, ("a", "b", "b", "c"), "ok", 4, 5),
    )
    assert anomalies(verdict) == [("refused, yet visible", "a"), ("duplicated", "b"), ("never added", "c")]
    assert verdict.details["recovered"] == 1


def test_an_element_that_no_read_could_know_is_not_lost() -> None:
    verdict = judged(
        set_full(),
        (1, "read", None, (), "ok", 0, 4),
        (0, "add", "a", None, "ok", 1, 2),
    )
    assert verdict.validity is Validity.VALID
    assert verdict.details["never read"] == 1


def test_a_set_that_nobody_read_is_not_judged() -> None:
    assert judged(set_full(), (0, "add", "a", None, "ok", 0, 1)).validity is Validity.UNKNOWN


def test_an_element_that_never_comes_out_is_lost_once_the_queue_was_found_empty() -> None:
    steps: Sequence[Step] = (
        (0, "enqueue", "a", None, "ok", 0, 1),
        (0, "enqueue", "b", None, "ok", 2, 3),
        (0, "dequeue", None, "b", "ok", 4, 5),
    )
    assert judged(total_queue(), *steps).validity is Validity.VALID
    assert anomalies(judged(total_queue(), *steps, (0, "dequeue", None, None, "ok", 6, 7))) == [("lost", "a")]
    assert anomalies(judged(total_queue(), *steps, (0, "drain", None, (), "ok", 6, 7))) == [("lost", "a")]


def test_a_dequeue_of_unknown_outcome_may_have_taken_what_is_missing() -> None:
    verdict = judged(
        total_queue(),
        (0, "enqueue", "a", None, "ok", 0, 1),
        (1, "dequeue", None, None, "info", 2, 3),
        (0, "drain", None, (), "ok", 6, 7),
        (0, "enqueue", "b", None, "ok", 8, 9),
        (0, "dequeue", None, "b", "ok", 10, 11),
        (0, "dequeue", None, None, "ok", 12, 13),
    )
    assert verdict.validity is Validity.VALID


def test_elements_that_come_out_too_often_or_from_nowhere() -> None:
    steps: Sequence[Step] = (
        (0, "enqueue", "a", None, "ok", 0, 1),
        (1, "dequeue", None, "a", "ok", 2, 3),
        (1, "dequeue", None, "a", "ok", 4, 5),
        (0, "enqueue", "b", None, "fail", 6, 7),
        (1, "drain", None, ("b", "c"), "ok", 8, 9),
    )
    never = [("refused, yet dequeued", "b"), ("never enqueued", "c")]
    assert anomalies(judged(total_queue(), *steps)) == [*never, ("dequeued too often", "a")]
    assert anomalies(judged(total_queue(at_most_once=False), *steps)) == never


def test_counters_have_bounds() -> None:
    steps: Sequence[Step] = (
        (0, "add", 5, None, "ok", 0, 1),
        (0, "add", 2, None, "info", 2, 3),
        (1, "add", -3, None, "ok", 4, 9),
    )
    for value, valid in ((1, False), (2, True), (5, True), (7, True), (8, False)):
        verdict = judged(counter, *steps, (2, "read", None, value, "ok", 5, 6))
        assert (verdict.validity is Validity.VALID) == valid
    assert judged(counter, *steps, (2, "read", None, 8, "ok", 5, 6)).reason == "outside of 2 to 7: 8 (operations 3)"


def test_a_lock_held_by_two() -> None:
    verdict = judged(
        lock(),
        (0, "acquire", None, None, "ok", 0, 1),
        (1, "acquire", None, None, "ok", 2, 3),
        (0, "release", None, None, "ok", 4, 5),
    )
    assert anomalies(verdict) == [("held by two", "x")]
    assert judged(lock(leases=True), (0, "acquire", None, None, "ok", 0, 1)).validity is Validity.VALID


def test_tokens_must_grow() -> None:
    verdict = judged(
        lock(leases=True),
        (0, "acquire", None, 7, "ok", 0, 1),
        (1, "acquire", None, 6, "ok", 2, 3),
        (2, "acquire", None, 8, "ok", 4, 10),
        (3, "acquire", None, 8, "ok", 5, 11),
    )
    assert [name for name, _ in anomalies(verdict)] == ["token not greater than before", "token given out twice"]


def test_ids_are_given_out_once() -> None:
    steps: Sequence[Step] = ((0, "generate", None, 1, "ok", 0, 1), (1, "generate", None, 2, "ok", 2, 3))
    assert judged(unique_ids, *steps).reason == "all 2 ids differ"
    assert anomalies(judged(unique_ids, *steps, (0, "generate", None, 1, "ok", 4, 5))) == [("given out twice", 1)]
    assert judged(unique_ids, (0, "generate", None, None, "info", 0, 1)).validity is Validity.UNKNOWN
