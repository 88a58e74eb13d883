"""Verdicts and evidence against an enumeration of all orders, on random small histories (tests/helpers/small.py)."""

import pytest
from parts import parts
from small import MODELS, UNLIMITED, makers

from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.linearizability.checker import judge
from splitbrain.checkers.linearizability.confirm import is_evidence
from splitbrain.checkers.linearizability.find import from_conflicts, from_failing_prefix, from_stale_read
from splitbrain.checkers.linearizability.prepare import relevant, simplify
from splitbrain.checkers.linearizability.search import search
from splitbrain.checkers.linearizability.sound import omissions_are_sound
from splitbrain.checkers.linearizability.stale import first_stale_read
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.models import by_name
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History


@pytest.mark.parametrize("name", MODELS)
def test_verdicts_are_those_of_the_oracle(name: str) -> None:
    model = by_name(name)
    seen = {Validity.VALID: 0, Validity.INVALID: 0}
    for maker in makers(name, 2_000):
        operations = maker.corrupted(maker.random.randint(1, 7))
        (judgement,) = judge(model, History(tuple(operations)), UNLIMITED)
        expected = Validity.VALID if maker.is_linearizable(operations) else Validity.INVALID
        assert judgement.validity is expected, operations
        assert expected is Validity.INVALID or is_linearization(model, operations, judgement.order)
        seen[expected] += 1
    assert min(seen.values()) > 250


@pytest.mark.parametrize("name", MODELS)
def test_simplification_changes_no_verdict(name: str) -> None:
    model = by_name(name)
    for maker in makers(name, 1_000):
        operations = relevant(model, maker.corrupted(maker.random.randint(1, 7)))
        result = search(model, simplify(model, operations), UNLIMITED)
        assert (result.validity is Validity.VALID) == maker.is_linearizable(operations), operations


@pytest.mark.parametrize("name", MODELS)
def test_no_part_of_a_linearizable_history_is_evidence(name: str) -> None:
    """Every way to leave operations out, to make them optional, and to cut; of five operations and more, some ways."""
    model = by_name(name)
    passed = 0
    for maker in makers(name, 3_500):
        operations = maker.linearizable(maker.random.randint(1, 5))
        for evidence in parts(model, maker.random, operations):
            if omissions_are_sound(model, operations, evidence):
                passed += 1
                assert maker.is_linearizable(list(evidence.constraints)), (operations, evidence)
                assert not is_evidence(model, operations, evidence)
    assert passed > 20_000


@pytest.mark.parametrize("name", MODELS)
def test_evidence_is_always_found(name: str) -> None:
    model = by_name(name)
    found = 0
    for maker in makers(name, 2_500):
        operations = maker.corrupted(maker.random.randint(1, 8))
        if maker.is_linearizable(operations):
            continue
        verdict = linearizable(model).check(History(tuple(operations)), UNLIMITED)
        (evidence,) = verdict.evidence
        assert is_evidence(model, operations, evidence), (operations, evidence)
        assert not maker.is_linearizable(list(evidence.constraints))
        assert evidence.culprit in {operation.index for operation in evidence.constraints if operation.return_}
        assert evidence.anomaly
        if name == "register" and maker.unique:
            assert len(evidence.operations) <= 6, (operations, evidence)
        found += 1
    assert found > 250


@pytest.mark.parametrize("name", ["register", "cas-register"])
def test_what_is_called_a_stale_read_is_not_linearizable(name: str) -> None:
    model, found = by_name(name), 0
    for maker in makers(name, 3_000):
        operations = maker.corrupted(maker.random.randint(1, 8))
        stale = first_stale_read(model, relevant(model, operations))
        evidence = from_stale_read(model, operations)
        assert (stale is None) == (evidence is None)
        if evidence is not None:
            assert not maker.is_linearizable(operations)
            assert len(evidence.constraints) <= 3
            found += 1
    assert found > 100


def test_zones_find_every_violation_of_registers_with_unique_values() -> None:
    """And so do reductions of the failing prefix, which know nothing of zones."""
    model = by_name("register")
    for maker in makers("register", 2_000):
        maker.unique = True
        operations = maker.corrupted(maker.random.randint(2, 8))
        evidence = from_conflicts(model, operations)
        assert (evidence is None) == maker.is_linearizable(operations), operations
        if evidence is not None:
            other = from_failing_prefix(model, operations, lambda prefix: search(model, prefix, UNLIMITED).validity)
            assert other is not None
            assert len(other.operations) <= 6
