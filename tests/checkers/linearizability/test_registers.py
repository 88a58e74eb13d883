"""Registers told from the columns of a history are those told from its operations, and so is what is said of them."""

import random

import pytest
from msgspec.structs import replace
from small import Maker

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import checker, kernel, linearizable
from splitbrain.checkers.linearizability.columns import register_columns
from splitbrain.checkers.linearizability.meter import Limits, SpentError
from splitbrain.checkers.linearizability.prepare import relevant
from splitbrain.checkers.linearizability.registers import registers
from splitbrain.checkers.models import by_name, kv
from splitbrain.histories.columns import Columns
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Value

KEYS: tuple[Value, ...] = ("x", 3, (1, "x"), None)
OTHER: tuple[Value, ...] = (True, 1.0, (1,), (True,), "1", -0.0)


def drawn(seed: int) -> History:
    """Operations on several keys, at the same time, some of them with values that Python takes for equal."""
    source = random.Random(seed)
    parts: list[list[Operation]] = []
    for key in source.sample(KEYS, source.randint(1, 4)):
        maker = Maker("cas-register", source, unique=source.random() < 0.5)
        make = source.choice((maker.linearizable, maker.corrupted))
        parts.append([replace(_confused(each, source), key=key) for each in make(source.randint(1, 6))])
    return _merged(parts, source)


def _confused(operation: Operation, source: random.Random) -> Operation:
    if operation.f == "cas" or source.random() < 0.9:
        return operation
    if operation.f == "write":
        return replace(operation, input=source.choice(OTHER))
    return replace(operation, output=source.choice(OTHER)) if operation.outcome == "ok" else operation


def _merged(parts: list[list[Operation]], source: random.Random) -> History:
    """The parts as one history, in which the events of each are in their order."""
    waiting = [
        sorted(
            [(each.call, each.index, True) for each in part]
            + [(each.return_, each.index, False) for each in part if each.return_ is not None]
        )
        for part in parts
    ]
    operations: list[Operation] = []
    places: dict[tuple[int, int], int] = {}
    rank = 0
    while any(waiting):
        number = source.choice([number for number, events in enumerate(waiting) if events])
        _, index, called = waiting[number].pop(0)
        if called:
            places[number, index] = len(operations)
            operations.append(replace(parts[number][index], index=len(operations), call=rank, return_=None))
        else:
            place = places[number, index]
            operations[place] = replace(operations[place], return_=rank)
        rank += 1
    return History(tuple(operations))


@pytest.fixture(params=[True, False], ids=["native", "python"], autouse=True)
def _with_and_without_native_code(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param and not kernel.NATIVE:
        pytest.skip("there is no native code here")
    monkeypatch.setattr(kernel, "NATIVE", request.param)


@pytest.mark.parametrize("model", ["register", "cas-register", "cas-register:1"])
def test_columns_are_those_of_the_operations(model: str) -> None:
    for seed in range(500):
        history = drawn(seed)
        judged_by = by_name(model)
        found = registers(judged_by, Columns.of(history.operations))
        if not history.columns.functions <= judged_by.functions:
            assert found == ()
            continue
        assert [each.key for each in found] == list(history.by_key())
        for each in found:
            operations = history.by_key()[each.key]
            present = relevant(judged_by, operations)
            assert each.operations == len(operations)
            assert list(each.rows) == [operation.index for operation in present]
            assert each.columns == register_columns(judged_by, present)


def test_what_is_said_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = linearizable(by_name("cas-register")).check
    for seed in range(400):
        history, budget = drawn(seed), Budget(seconds=None, configurations=100_000)
        said = judge(history, budget)
        with monkeypatch.context() as patch:
            patch.setattr(checker, "is_register", lambda _: False)
            assert judge(history, budget) == said, seed


def test_histories_that_take_operations() -> None:
    def history(f: str, given: Value, answer: Value) -> Columns:
        done = Operation(
            index=0, process=0, f=f, input=given, output=answer, outcome="ok", call=0, return_=1, invoked=0
        )
        return Columns.of([done])

    cas_register = by_name("cas-register")
    assert len(registers(cas_register, history("cas", (1, 2), True))) == 1
    assert registers(cas_register, history("cas", 1, True)) == ()
    assert registers(cas_register, history("cas", (1, 2, 3), True)) == ()
    assert registers(cas_register, history("cas", (1, 2), 1)) == ()
    assert registers(cas_register, history("append", 1, None)) == ()
    assert registers(kv(), history("get", None, "")) == ()
    assert registers(by_name("cas-register0"), history("read", None, None)) == ()
    assert not registers(cas_register, Columns.of([]))


def test_limits_end_it() -> None:
    many = drawn(0).operations * 2000
    with pytest.raises(SpentError):
        registers(by_name("cas-register"), Columns.of(many), Limits(seconds=0.0))
