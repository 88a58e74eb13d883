"""Models that are nothing but a `step`, nondeterministic ones among them, through the kernel's table."""

from collections.abc import Callable

import pytest
from step_models import MODELS, histories, is_linearizable, model_of

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import engines, general, kernel, windowed
from splitbrain.checkers.linearizability.columns import TableColumns, TooManyStatesError, table_columns
from splitbrain.checkers.linearizability.meter import Limits, Reason
from splitbrain.checkers.linearizability.prepare import relevant
from splitbrain.checkers.linearizability.search import search
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.linearizability.windowed import Rule, Way
from splitbrain.checkers.models import kv
from splitbrain.checkers.models.model import Model, State, Step
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.operation import Operation

UNLIMITED = Budget(seconds=None, configurations=None)


@pytest.mark.parametrize("hint", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_tables_give_the_verdicts_of_the_oracle(name: str, hint: bool) -> None:
    if hint and name in ("guarded", "queue"):
        pytest.skip("its get changes the state")
    model = model_of(name, hint)
    seen = {True: 0, False: 0}
    for operations in histories(name, 500, 7):
        expected = is_linearizable(model, operations)
        present = relevant(model, operations)
        for engine in kernel.search, general.search:
            for way in Way.DEPTH, Way.BREADTH:
                columns = table_columns(model, present)
                for rules in windowed.ALL_RULES, windowed.ALL_RULES & ~Rule.GREEDY:
                    answer = engine(columns, rules=rules, way=way)
                    assert answer.valid is expected, (operations, answer)
                    order = [present[number].index for number in answer.order]
                    assert not expected or is_linearization(model, operations, order)
        seen[expected] += 1
    assert min(seen.values()) > 40


@pytest.mark.parametrize("name", MODELS)
def test_longer_histories_have_the_verdicts_of_porcupine(name: str) -> None:
    model = model_of(name)
    decided = 0
    for operations in histories(name, 100, 25):
        expected = search(model, operations, Budget(seconds=None, configurations=5_000)).validity
        if expected is Validity.UNKNOWN:
            continue
        decided += 1
        result = engines.decide(model, operations, UNLIMITED)
        assert result.validity is expected
        assert result.engine == "search"
        assert expected is Validity.INVALID or is_linearization(model, operations, result.order)
    assert decided > 50


def test_too_many_states_fall_back_to_porcupine(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(model: Model, operations: list[Operation], limits: Limits) -> TableColumns:
        return table_columns(model, operations, states=16, limits=limits)

    model = model_of("queue")
    monkeypatch.setattr(engines, "table_columns", small)
    used = set()
    for operations in histories("queue", 150, 6):
        result = engines.decide(model, operations, UNLIMITED)
        used.add(result.engine)
        assert (result.validity is Validity.VALID) == is_linearizable(model, operations)
    assert used == {"search", "porcupine"}


@pytest.mark.parametrize("engine", [kernel.search, general.search])
def test_a_table_that_overflows_says_so(engine: Callable[[TableColumns], object]) -> None:
    model = model_of("queue")
    operations = next(each for each in histories("queue", 100, 30) if sum(one.f == "put" for one in each) > 10)
    with pytest.raises(TooManyStatesError):
        engine(table_columns(model, operations, states=3))


@pytest.mark.parametrize("engine", [kernel.search, general.search])
def test_errors_of_a_model_come_through(engine: Callable[[TableColumns], object]) -> None:
    def broken(state: State, operation: Operation) -> tuple[Step, ...]:
        raise ZeroDivisionError

    (operations,) = histories("counter", 1, 7)
    with pytest.raises(ZeroDivisionError):
        engine(table_columns(Model("broken", frozenset({"get", "put"}), 0, broken), operations))


def test_states_that_are_large_use_up_the_memory() -> None:
    """Twenty appends of one text and another at the same time, of a hundred kilobytes: a million such strings."""
    rows = [("append", "ab"[number % 2] * 100_000) for number in range(20)]
    operations = [
        Operation(index=place, process=place, f=f, input=text, outcome="ok", call=place, return_=100 + place, invoked=0)
        for place, (f, text) in enumerate(rows)
    ]
    operations.append(
        Operation(index=20, process=20, f="get", output="?", outcome="ok", call=50, return_=200, invoked=0)
    )
    answer = engines.search_table(kv(), operations, Limits(bytes=50_000_000))
    assert answer.valid is None
    assert answer.reason is Reason.MEMORY
