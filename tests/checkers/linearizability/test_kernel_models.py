"""Models that are nothing but a `step`, nondeterministic ones among them, through the kernel's table."""

import random
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import engines, general, kernel, windowed
from splitbrain.checkers.linearizability.columns import TableColumns, TooManyStatesError, table_columns
from splitbrain.checkers.linearizability.prepare import relevant
from splitbrain.checkers.linearizability.search import search
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.linearizability.windowed import Rule, Way
from splitbrain.checkers.models.model import ANY, Model, State, Step
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.operation import Operation

UNLIMITED = Budget(seconds=None, configurations=None)


def counter(state: State, operation: Operation) -> tuple[Step, ...]:
    assert isinstance(state, int)
    return ((state, state),) if operation.f == "get" else ((ANY, (state + 1) % 4),)


def queue(state: State, operation: Operation) -> tuple[Step, ...]:
    assert isinstance(state, tuple)
    if operation.f == "put":
        return ((ANY, (*state, operation.input)),)
    return ((state[0], state[1:]),) if state else ((None, state),)


def lossy(state: State, operation: Operation) -> tuple[Step, ...]:
    """A register whose writes may be lost."""
    assert isinstance(state, int)
    return ((state, state),) if operation.f == "get" else ((ANY, operation.input), (ANY, state))


def stale(state: State, operation: Operation) -> tuple[Step, ...]:
    """A register with two values, of which a read may find either."""
    assert isinstance(state, tuple)
    if operation.f == "get":
        return tuple((value, state) for value in dict.fromkeys(state))
    return ((ANY, (state[1], operation.input)),)


def guarded(state: State, operation: Operation) -> tuple[Step, ...]:
    """A lock that cannot be taken twice."""
    if operation.f == "get":
        return ((None, 1),) if state == 0 else ()
    return ((None, 0),) if state == 1 else ()


MODELS = {
    "counter": (counter, 0),
    "queue": (queue, ()),
    "lossy": (lossy, 0),
    "stale": (stale, (0, 0)),
    "guarded": (guarded, 0),
}


def model_of(name: str, hint: bool = False) -> Model:
    step, initial = MODELS[name]
    reads: Callable[[Operation], bool] = lambda operation: hint and operation.f == "get"  # noqa: E731
    return Model(name, frozenset({"get", "put"}), initial, step, is_read=reads)


def histories(name: str, count: int, size: int) -> Iterator[list[Operation]]:
    """Random histories of an object of the model, some answers replaced."""
    step, initial = MODELS[name]
    for number in range(count):
        choose = random.Random(f"{name} {number}")
        state: State = initial
        wrong = choose.choice([0, 0.2, 0.5])
        operations: list[Operation] = []
        running: list[tuple[int, bool]] = []
        position = 0
        for _ in range(6 * size):
            if len(operations) < size and len(running) < 4 and (not running or choose.random() < 0.4):
                index, given = len(operations), choose.randint(1, 3)
                f = choose.choice(["get", "put"])
                operation = Operation(index=index, process=index, f=f, call=position, invoked=0)
                operations.append(replace(operation, input=given if f == "put" else None))
                running.append((index, False))
                position += 1
            elif running:
                index, done = running.pop(choose.randrange(len(running)))
                steps = step(state, operations[index])
                if done:
                    operations[index] = replace(operations[index], outcome="ok", return_=position)
                    position += 1
                elif choose.random() < 0.9 and steps:
                    output, state = choose.choice(steps)
                    if output is not ANY:
                        operations[index] = replace(operations[index], output=output)
                    running.append((index, True))
        for each in operations:
            if each.outcome != "ok":
                operations[each.index] = replace(each, output=None)
            elif each.output is not None and choose.random() < wrong:
                operations[each.index] = replace(each, output=choose.randint(0, 3))
            elif name == "guarded" and choose.random() < wrong:
                operations[each.index] = replace(each, f="get")
        yield operations


def is_linearizable(model: Model, operations: list[Operation]) -> bool:
    """The oracle: tries every order, state by state."""
    required = {each.index for each in operations if each.outcome == "ok"}
    seen = set()
    work: list[tuple[frozenset[int], State]] = [(frozenset(), model.initial)]
    while work:
        done, state = work.pop()
        if required <= done:
            return True
        left = [each for each in operations if each.index not in done]
        for each in left:
            if not any(other.precedes(each) for other in left):
                for following in model.after(state, each):
                    item = done | {each.index}, following
                    if item not in seen:
                        seen.add(item)
                        work.append(item)
    return False


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
    def small(model: Model, operations: list[Operation]) -> TableColumns:
        return table_columns(model, operations, states=16)

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
