"""The model of transactions: what it allows, and that its hints change no verdict."""

import random
from dataclasses import replace as changed

import pytest
from handmade import build
from msgspec.structs import replace
from small_objects import is_linearizable

from splitbrain.checkers.check import check
from splitbrain.checkers.models.model import ANY, Model, State
from splitbrain.checkers.models.transactions import transactions
from splitbrain.errors import HistoryError
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Value

Row = tuple[str, Value, Value, int, int]


def verdict(*rows: Row) -> str:
    """What is found about operations (f, input, output, call, return), each by a process of its own."""
    steps = [(process, f, given, output, "ok", call, end) for process, (f, given, output, call, end) in enumerate(rows)]
    return check(build(steps), transactions()).validity.value  # type: ignore[arg-type]


def test_transactions_one_after_the_other() -> None:
    rows: list[Row] = [
        ("multi_get", ("x", "y"), ("", ""), 0, 1),
        ("multi_put", (("x", "1"), ("y", "2")), None, 2, 3),
        ("swap", ("x", "y"), ("2", "1"), 4, 5),
        ("multi_get", ("y", "x", "z"), ("1", "2", ""), 6, 7),
    ]
    assert verdict(*rows) == "valid"


@pytest.mark.parametrize(
    "last",
    [
        ("multi_get", ("x", "y"), ("1", ""), 2, 5),
        ("swap", ("x", "y"), ("", ""), 4, 5),
        ("multi_get", ("x",), ("3",), 4, 5),
    ],
    ids=["fractured", "lost", "invented"],
)
def test_what_no_order_explains(last: Row) -> None:
    assert verdict(("multi_put", (("x", "1"), ("y", "2")), None, 0, 3), last) == "invalid"


def test_long_fork_is_not_serializable() -> None:
    rows: list[Row] = [
        ("multi_put", (("x", "1"),), None, 0, 10),
        ("multi_put", (("y", "1"),), None, 0, 10),
        ("multi_get", ("x", "y"), ("1", ""), 1, 9),
        ("multi_get", ("x", "y"), ("", "1"), 1, 9),
    ]
    assert verdict(*rows) == "invalid"


@pytest.mark.parametrize(
    ("f", "given"), [("swap", ("x",)), ("swap", ("x", "x")), ("multi_get", "x"), ("multi_put", ("x", "y"))]
)
def test_inputs_of_another_form(f: str, given: Value) -> None:
    with pytest.raises(HistoryError, match=f"operation 0: the input of {f} is"):
        verdict((f, given, None, 0, 1), ("multi_get", ("x",), ("",), 2, 3))


def drawn(model: Model, choose: random.Random) -> list[Operation]:
    """A small history by the model: operations take effect while they are open, or crash; some answers are replaced."""
    state: State = model.initial
    operations: list[Operation] = []
    running: list[tuple[int, bool]] = []
    wrong, crash = choose.choice([0, 0.3, 0.6]), choose.choice([0.1, 0.5])
    position, size = 0, choose.randint(2, 8)
    while len(operations) < size or running:
        if len(operations) < size and (not running or (len(running) < 4 and choose.random() < 0.5)):
            index = len(operations)
            f = choose.choice(["multi_get", "multi_put", "swap"])
            keys: Value = tuple(choose.sample("xyz", 2 if f == "swap" else choose.randint(1, 3)))
            if f == "multi_put":
                assert isinstance(keys, tuple)
                keys = tuple((key, choose.choice("1234")) for key in keys)
            operations.append(Operation(index=index, process=index, f=f, input=keys, call=position, invoked=0))
            running.append((index, False))
        else:
            index, done = running.pop(choose.randrange(len(running)))
            if done:
                operations[index] = replace(operations[index], outcome="ok", return_=position)
            elif choose.random() < 1 - crash / 2:
                [(output, state)] = model.step(state, operations[index])
                answer = None if output is ANY else output
                operations[index] = replace(operations[index], output=answer)
                if choose.random() < 1 - crash / 2:
                    running.append((index, True))
        position += 1
    for index, each in enumerate(operations):
        if each.outcome != "ok":
            operations[index] = replace(each, output=None)
        elif isinstance(each.output, tuple) and choose.random() < wrong:
            operations[index] = replace(each, output=tuple(choose.choice(["", "1", "2"]) for _ in each.output))
    return operations


def test_the_hints_change_no_verdict() -> None:
    model = transactions()
    bare = changed(model, is_read=lambda _: False, observes=lambda _operation, _mutator: True)
    verdicts = {True: 0, False: 0}
    for number in range(600):
        operations = drawn(model, random.Random(f"transactions {number}"))
        expected = is_linearizable(bare, operations)
        verdicts[expected] += 1
        found = check(History(tuple(operations)), model).validity.value
        assert found == ("valid" if expected else "invalid"), operations
    assert min(verdicts.values()) >= 100
