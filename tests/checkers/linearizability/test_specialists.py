"""The engines for one model each, against every order of small histories and against porcupine on longer ones."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from handmade import build
from parts import parts
from small import UNLIMITED
from small_objects import histories, is_linearizable, medium, tiny

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import judge
from splitbrain.checkers.linearizability.choose import decide
from splitbrain.checkers.linearizability.confirm import is_evidence
from splitbrain.checkers.linearizability.prepare import relevant
from splitbrain.checkers.linearizability.search import search
from splitbrain.checkers.linearizability.sound import omissions_are_sound
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.models import by_name
from splitbrain.checkers.models.model import ANY, Model, State, Step
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Outcome, Value

ENGINES = {"kv": "strings", "set": "sets", "counter": "counters", "queue": "queues", "mutex": "locks"}


def compare(model: Model, operations: list[Operation], valid: Callable[[], bool]) -> str:
    """How an engine of one model decided, which has to be right; "" where none applies."""
    result = decide(model, relevant(model, operations), UNLIMITED)
    if result.engine != ENGINES[model.name]:
        assert result.choice.startswith(f"not {ENGINES[model.name]}: ")
        return ""
    assert (result.validity is Validity.VALID) == valid(), operations
    if result.validity is Validity.VALID:
        assert is_linearization(model, operations, result.order), operations
        return "valid"
    assert result.conflict is not None
    assert result.conflict.operations
    return result.conflict.anomaly


@pytest.mark.parametrize("name", ENGINES)
def test_verdicts_are_those_of_the_oracle(name: str) -> None:
    model = by_name(name)
    seen = Counter(
        compare(model, operations, lambda operations=operations: is_linearizable(model, operations))  # type: ignore[misc]
        for operations in histories(model, 20_000)
    )
    assert seen["valid"] > 8_000
    assert 200 < seen[""] < 4_000
    assert seen.total() - seen["valid"] - seen[""] > 1_500


@pytest.mark.parametrize("name", ENGINES)
def test_verdicts_are_those_of_porcupine(name: str) -> None:
    model = by_name(name)
    seen: Counter[str] = Counter()
    for operations in histories(model, 500, medium):
        known = search(model, relevant(model, operations), Budget(seconds=None, configurations=10_000)).validity
        if known is not Validity.UNKNOWN:
            seen[compare(model, operations, lambda known=known: known is Validity.VALID)] += 1  # type: ignore[misc]
    assert seen["valid"] > 100
    assert seen.total() - seen["valid"] - seen[""] > 50
    assert seen.total() > 480


@pytest.mark.parametrize("name", ENGINES)
def test_no_part_of_a_linearizable_history_is_evidence(name: str) -> None:
    model = by_name(name)
    passed = 0
    choose = random.Random(name)
    for operations in histories(model, 300, lambda choose: replace(tiny(choose), wrong=0)):
        for evidence in parts(model, choose, operations):
            if omissions_are_sound(model, operations, evidence):
                passed += 1
                assert is_linearizable(model, list(evidence.constraints)), (operations, evidence)
    assert passed > 500


@pytest.mark.parametrize("name", ENGINES)
def test_evidence_is_always_found(name: str) -> None:
    model = by_name(name)
    found = 0
    for operations in histories(model, 1_000):
        (judgement,) = judge(model, History(tuple(operations)), UNLIMITED)
        if judgement.validity is Validity.INVALID:
            assert judgement.evidence is not None, operations
            assert is_evidence(model, operations, judgement.evidence)
            assert not is_linearizable(model, list(judgement.evidence.constraints))
            found += 1
    assert found > 80


def sequence(*steps: tuple[str, Value, Value]) -> list[Operation]:
    """Operations (f, input, output; "?" where it is unknown) one after another, each by its own process."""
    done = []
    for number, (f, given, output) in enumerate(steps):
        outcome: Outcome = "info" if output == "?" else "ok"
        answer = None if output == "?" else output
        done.append((number, f, given, answer, outcome, 2 * number, 2 * number + 1))
    return list(build(done).operations)


@pytest.mark.parametrize(
    ("name", "steps", "anomaly", "shown"),
    [
        ("kv", [("append", "a", None), ("get", None, "aa")], "duplicate append", 2),
        ("kv", [("append", "a", None), ("get", None, "b")], "value nobody wrote", 1),
        ("kv", [("append", "a", None), ("get", None, None)], "value nobody wrote", 1),
        ("kv", [("append", "a", None), ("get", None, "")], "stale read", 2),
        ("kv", [("get", None, "a"), ("append", "a", None)], "read before its write", 2),
        ("kv", [("append", "a", None), ("put", "b", None), ("get", None, "ab")], "put that replaced nothing", 2),
        ("kv", [("append", "a", None), ("append", "b", None), ("get", None, "ba")], "appends out of order", 3),
        ("kv", [("append", "a", None), ("append", "b", None), ("get", None, "b")], "lost write", 3),
        ("kv", [("append", "a", "?"), ("append", "b", "a")], "append that answers another string", 1),
        ("set", [("add", 1, None), ("read", None, ())], "lost element", 2),
        ("set", [("add", 1, None), ("read", None, ()), ("read", None, (1,))], "stale read", 2),
        ("set", [("add", 1, None), ("read", None, (True,))], "element nobody added", 1),
        ("set", [("add", 1, None), ("read", None, (1, 1))], "element there twice", 1),
        ("set", [("read", None, (1,)), ("add", 1, None)], "read before its add", 2),
        ("set", [("add", 1, None), ("read", None, None)], "not a set", 1),
        ("queue", [("dequeue", None, 1)], "element nobody enqueued", 1),
        ("queue", [("enqueue", 1, None), ("dequeue", None, 1), ("dequeue", None, 1)], "dequeued twice", 3),
        ("queue", [("dequeue", None, 1), ("enqueue", 1, None)], "dequeued before it was enqueued", 2),
        ("queue", [("enqueue", 1, None), ("dequeue", None, None)], "lost element", 2),
        ("queue", [("enqueue", 1, None), ("enqueue", 2, None), ("dequeue", None, 2)], "lost element", 3),
        (
            "queue",
            [("enqueue", 1, None), ("enqueue", 2, None), ("dequeue", None, 2), ("dequeue", None, 1)],
            "out of order",
            4,
        ),
        ("queue", [("enqueue", 1, None), ("dequeue", None, None), ("dequeue", None, 1)], "found empty, yet was not", 3),
        ("counter", [("inc", None, None), ("read", None, 2)], "value out of bounds", 1),
        ("counter", [("inc", None, None), ("read", None, 0)], "lost increment", 2),
        ("counter", [("add", 5, None), ("add", 7, None), ("read", None, 13)], "value out of bounds", 1),
        ("counter", [("inc", None, "?"), ("read", None, 1), ("read", None, 0)], "went back", 2),
        ("mutex", [("acquire", None, None), ("acquire", None, None)], "two owners", 2),
        ("mutex", [("release", None, None)], "released without being held", 1),
    ],
)
def test_anomalies_have_names(name: str, steps: list[tuple[str, Value, Value]], anomaly: str, shown: int) -> None:
    model, operations = by_name(name), sequence(*steps)
    result = decide(model, relevant(model, operations), UNLIMITED)
    assert result.validity is Validity.INVALID
    assert result.conflict is not None
    assert (result.conflict.anomaly, len(result.conflict.operations)) == (anomaly, shown)


def test_a_refused_element_that_is_read_is_called_so() -> None:
    model = by_name("set")
    history = build([(0, "add", 1, None, "fail", 0, 1), (1, "read", None, (1,), "ok", 2, 3)])
    (judgement,) = judge(model, history, UNLIMITED)
    assert judgement.evidence is not None
    assert judgement.evidence.anomaly == "refused, yet visible"
    assert judgement.evidence.context == {0}


@pytest.mark.parametrize(
    ("name", "steps", "reason"),
    [
        ("kv", [("append", "a", None), ("append", "a", None)], "a text is written twice"),
        ("kv", [("append", "", None)], "an empty text is written"),
        ("kv", [("append", "a", None), ("put", "aa", None)], "strings can be cut into texts in more than one way"),
        ("set", [("add", 1, None), ("add", 1, None)], "an element is added twice"),
        ("queue", [("enqueue", 1, None), ("enqueue", 1, None)], "a value is enqueued twice"),
        ("counter", [("add", 1, None), ("add", 2, None)], "it does not go in equal steps"),
        ("counter", [("add", 1, 1)], "an operation answers the sum that it led to"),
    ],
)
def test_what_an_engine_does_not_apply_to_is_searched(
    name: str, steps: list[tuple[str, Value, Value]], reason: str
) -> None:
    result = decide(by_name(name), sequence(*steps), UNLIMITED)
    assert result.validity is Validity.VALID
    assert (result.engine, result.choice) == ("search", f"not {ENGINES[name]}: {reason}")


def test_a_pending_dequeue_takes_what_nobody_got() -> None:
    queue = by_name("queue")
    before = [("enqueue", 1, None), ("dequeue", None, "?"), ("enqueue", 2, None), ("dequeue", None, 2)]
    assert decide(queue, sequence(*before, ("dequeue", None, None)), UNLIMITED).validity is Validity.VALID
    assert decide(queue, sequence(*before, ("enqueue", 3, None)), UNLIMITED).validity is Validity.VALID
    late = [("enqueue", 1, None), ("enqueue", 2, None), ("dequeue", None, 2), ("dequeue", None, "?")]
    assert decide(queue, sequence(*late), UNLIMITED).validity is Validity.INVALID


def test_another_model_of_the_same_name_is_searched() -> None:
    def bag(state: State, operation: Operation) -> tuple[Step, ...]:
        assert isinstance(state, frozenset)
        if operation.f == "enqueue":
            return ((ANY, state | {operation.input}),)
        return tuple((value, state - {value}) for value in state) or ((None, state),)

    model = Model("queue", frozenset({"enqueue", "dequeue"}), frozenset(), bag)
    operations = sequence(("enqueue", 1, None), ("enqueue", 2, None), ("dequeue", None, 2), ("dequeue", None, 1))
    result = decide(model, operations, UNLIMITED)
    assert (result.validity, result.engine) == (Validity.VALID, "search")
    assert decide(by_name("queue"), operations, UNLIMITED).validity is Validity.INVALID
