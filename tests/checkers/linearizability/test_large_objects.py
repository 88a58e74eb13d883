"""Evidence from thousands of operations on one object: small, confirmed, the same each time."""

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from register_histories import Shape, made
from small import makers
from small_objects import Maker
from small_objects import Shape as ObjectShape

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import find, is_evidence, linearizable, part
from splitbrain.checkers.models import Model, by_name
from splitbrain.checkers.verdict import Evidence, Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation

BUDGET = Budget(seconds=None)

Change = Callable[[Operation, Operation], Operation]


def evidence_in(model: Model, operations: list[Operation]) -> Evidence:
    """The only evidence, checked, and found again."""
    verdict = linearizable(model).check(History(tuple(operations)), BUDGET)
    assert verdict.validity is Validity.INVALID
    assert verdict == linearizable(model).check(History(tuple(operations)), BUDGET)
    (evidence,) = verdict.evidence
    assert is_evidence(model, operations, evidence)
    return evidence


def spoilt(operations: list[Operation], f: str, change: Change, distance: int = 40) -> list[Operation]:
    """The operations with one, at 98 %, changed by what an earlier one answered."""
    place = next(i for i in range(len(operations) * 98 // 100, len(operations)) if is_answered(operations[i], f))
    earlier = [each for each in operations[:place] if is_answered(each, f)][-distance]
    return [*operations[:place], change(operations[place], earlier), *operations[place + 1 :]]


def is_answered(operation: Operation, f: str) -> bool:
    return operation.f == f and operation.outcome == "ok" and operation.output not in (None, "", (), 0)


def take_answer(operation: Operation, earlier: Operation) -> Operation:
    return replace(operation, output=earlier.output)


@pytest.mark.parametrize("cas", [False, True])
@pytest.mark.parametrize("unique", [True, False])
def test_registers(unique: bool, cas: bool) -> None:
    shape = Shape(size=4_000, processes=6, cas=cas, unique=unique, crash=0.002)
    operations = list(made(random.Random(f"{unique} {cas}"), shape).operations)
    if not unique:
        operations = with_a_value_that_is_gone(operations)
        evidence = evidence_in(by_name("cas-register"), operations)
    else:
        evidence = evidence_in(by_name("cas-register"), spoilt(operations, "read", take_answer))
    assert len(evidence.operations) <= 6
    assert evidence.anomaly in ("stale read", "lost write", "not linearizable")
    assert 0 < len(evidence.states) <= 6


def with_a_value_that_is_gone(operations: list[Operation]) -> list[Operation]:
    """What was there at first is written by the first operation instead; a read at 98 % still finds it."""

    def moved(operation: Operation) -> Operation:
        end = None if operation.return_ is None else operation.return_ + 2
        operation = replace(operation, index=operation.index + 1, call=operation.call + 2, return_=end)
        if operation.f == "read" and operation.outcome == "ok" and operation.output is None:
            return replace(operation, output=9)
        if isinstance(operation.input, tuple) and operation.input[0] is None:
            return replace(operation, input=(9, operation.input[1]))
        return operation

    first = Operation(index=0, process=99, f="write", key=0, input=9, outcome="ok", call=0, return_=1, invoked=0)
    changed = [first, *map(moved, operations)]
    late = next(i for i in range(len(changed) * 98 // 100, len(changed)) if is_answered(changed[i], "read"))
    return [*changed[:late], replace(changed[late], output=9), *changed[late + 1 :]]


@pytest.mark.parametrize("name", ["register", "cas-register", "kv"])
def test_what_finds_evidence_in_large_objects_finds_it_in_small_ones(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it can be compared with every order."""
    monkeypatch.setattr(find, "LARGE", 1)
    monkeypatch.setattr(find, "SMALL", 1)
    monkeypatch.setattr(part, "SIZES", (1, 2, 4))
    model, found, missed = by_name(name), 0, 0
    for maker in makers(name, 2_000):
        operations = maker.corrupted(maker.random.randint(4, 8))
        if maker.is_linearizable(operations):
            continue
        verdict = linearizable(model).check(History(tuple(operations)), BUDGET)
        assert verdict.validity is Validity.INVALID
        for evidence in verdict.evidence:
            assert is_evidence(model, operations, evidence)
            assert not maker.is_linearizable(list(evidence.constraints))
            assert name != "register" or not maker.unique or len(evidence.operations) <= 6
        found += bool(verdict.evidence)
        missed += not verdict.evidence
    assert found > 200
    assert missed == 0


def test_what_goes_wrong_early_in_a_long_history_is_found_there() -> None:
    operations = list(made(random.Random(1), Shape(size=4_000, processes=6, unique=False, crash=0)).operations)
    place = next(place for place, each in enumerate(operations) if is_answered(each, "read"))
    evidence = evidence_in(
        by_name("cas-register"), [*operations[:place], replace(operations[place], output=9), *operations[place + 1 :]]
    )
    assert [each.index for each in evidence.operations] == [place]
    assert evidence.anomaly == "value nobody wrote"


def test_a_stale_read_among_more_clients_than_can_be_searched() -> None:
    shape = Shape(size=3_000, processes=40, unique=False, crash=0)
    operations = with_a_value_that_is_gone(list(made(random.Random(3), shape).operations))
    verdict = linearizable(by_name("cas-register")).check(History(tuple(operations)), Budget(None, 10_000))
    (evidence,) = verdict.evidence
    assert (evidence.anomaly, len(evidence.operations)) == ("stale read", 3)
    assert is_evidence(by_name("cas-register"), operations, evidence)


def test_a_long_chain_of_compare_and_sets_is_entered_near_its_end() -> None:
    operations = [
        Operation(
            index=number,
            process=0,
            f="cas",
            input=(number or None, number + 1),
            output=True,
            outcome="ok",
            call=2 * number,
            return_=2 * number + 1,
            invoked=0,
        )
        for number in range(3_000)
    ]
    stale = replace(operations[-1], f="read", input=None, output=2_990)
    evidence = evidence_in(by_name("cas-register"), [*operations[:-1], stale])
    assert len(evidence.operations) <= 3
    assert evidence.anomaly == "stale read"


def objects(model: Model, size: int, crash: float = 0.0) -> list[Operation]:
    shape = ObjectShape(size=size, processes=6, crash=crash, refuse=0, wrong=0, twice=0)
    return Maker(model, random.Random(model.name), shape).history()


@pytest.mark.parametrize(
    ("name", "f", "distance", "anomalies", "largest"),
    [
        ("kv", "get", 40, {"stale read", "lost write", "not linearizable"}, 4),
        ("set", "read", 40, {"stale read", "lost element"}, 3),
        ("counter", "read", 40, {"went back", "lost increment"}, 20),
        ("queue", "dequeue", 40, {"dequeued twice"}, 3),
    ],
)
def test_other_models(name: str, f: str, distance: int, anomalies: set[str], largest: int) -> None:
    model = by_name(name)
    operations = spoilt(objects(model, 2_500), f, take_answer, distance)
    evidence = evidence_in(model, operations)
    assert len(evidence.operations) <= largest
    assert evidence.anomaly in anomalies


def test_a_lost_element_of_a_set_that_is_read_once_is_two_operations() -> None:
    adds = [
        Operation(
            index=number,
            process=0,
            f="add",
            input=number,
            outcome="ok",
            call=2 * number,
            return_=2 * number + 1,
            invoked=0,
        )
        for number in range(3_000)
    ]
    found = tuple(number for number in range(3_000) if number != 1_234)
    read = replace(adds[-1], f="read", input=None, output=found, index=3_000, call=6_000, return_=6_001)
    evidence = evidence_in(by_name("set"), [*adds, read])
    assert [each.index for each in evidence.operations] == [1_234, 3_000]
    assert evidence.elements == (1_234,)
    assert [each.output for each in evidence.constraints] == [None, ()]
    assert (evidence.anomaly, evidence.states) == ("lost element", ("{1234}",))


def test_a_refused_append_that_is_found_is_named() -> None:
    operations = objects(by_name("kv"), 2_500)
    place = next(i for i in range(2_450, 2_500) if is_answered(operations[i], "get"))
    last = next(
        each for each in reversed(operations[:place]) if each.f == "append" and each.precedes(operations[place])
    )
    found = operations[place].output
    if not isinstance(found, str) or str(last.input) not in found:
        pytest.skip("it was replaced")
    refused = [replace(each, outcome="fail") if each is last else each for each in operations]
    evidence = evidence_in(by_name("kv"), refused)
    assert evidence.anomaly == "refused, yet visible"
    assert last.index in evidence.context
