"""Sequential consistency, against trying all orders."""

from collections import Counter
from collections.abc import Hashable, Sequence

import pytest
from msgspec.structs import replace
from register_histories import made, shapes

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.interleaving import interleave
from splitbrain.checkers.models import Model, cas_register, counter, grow_only_set, kv, mutex, queue, register
from splitbrain.checkers.models.model import ANY
from splitbrain.checkers.models.register import access
from splitbrain.checkers.models.values import canonical
from splitbrain.checkers.saturation import saturate
from splitbrain.checkers.sequential import decide, sequential
from splitbrain.checkers.sequential_orders import guess, is_sequential
from splitbrain.checkers.sessions import broken
from splitbrain.checkers.verdict import Validity
from splitbrain.checkers.version_graph import version_graph
from splitbrain.checkers.versions import versions
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Value

Row = tuple[int, str, Value, Value, Value]


def of(*rows: Row) -> History:
    """Process, `f`, key, input and output of operations one after another."""
    events: list[Event] = []
    for number, (process, f, key, given, output) in enumerate(rows):
        events.append(Invocation(operation=number, process=process, f=f, key=key, input=given, time=2 * number))
        events.append(Completion(operation=number, process=process, outcome="ok", output=output, time=2 * number + 1))
    return History.from_events(events)


def possible(model: Model, operations: Sequence[Operation]) -> bool:
    """The oracle: try all orders, one operation at a time."""
    sessions: dict[int, list[Operation]] = {}
    for operation in operations:
        if operation.outcome != "fail":
            sessions.setdefault(operation.process, []).append(operation)
    lines = list(sessions.values())
    keys = list(dict.fromkeys(each.key for each in operations))
    tried: set[tuple[tuple[int, ...], tuple[Hashable, ...]]] = set()

    def rest(done: tuple[int, ...], states: tuple[Hashable, ...]) -> bool:
        if not any(each.outcome == "ok" for place, line in zip(done, lines, strict=True) for each in line[place:]):
            return True
        if (done, states) in tried:
            return False
        tried.add((done, states))
        for process, line in enumerate(lines):
            if done[process] == len(line):
                continue
            operation = line[done[process]]
            one = keys.index(operation.key)
            for after in model.after(states[one], operation):
                further = (*done[:process], done[process] + 1, *done[process + 1 :])
                if rest(further, (*states[:one], after, *states[one + 1 :])):
                    return True
        return False

    return rest((0,) * len(lines), (model.initial,) * len(keys))


def without_what_nobody_shows(operations: Sequence[Operation]) -> list[Operation]:
    """As if those that found what none of these wrote had not told what they found."""
    kept = []
    for operation in operations:
        done = access(operation)
        written = {access(each).writes for each in operations if each.key == operation.key}
        if operation.outcome != "ok" or done.reads in (ANY, None) or done.reads in written:
            kept.append(operation)
        elif operation.f == "cas":
            assert isinstance(operation.input, tuple)
            kept.append(replace(operation, f="write", input=operation.input[1], output=None))
    return kept


def test_all_that_is_said_of_small_histories_is_true() -> None:
    seen: Counter[tuple[bool, bool, bool]] = Counter()
    model = cas_register()
    for choose, shape in shapes("sequential", 6_000):
        shape.size = choose.randint(2, 10)
        history = made(choose, shape)
        operations = history.operations
        expected = possible(model, operations)
        registers = {each.key: (each, version_graph(each)) for each in versions(model, history)}
        found = decide(model, operations, registers)
        assert found.validity is (Validity.VALID if expected else Validity.INVALID), (found, operations)
        shown = [each for each in operations if each.index in found.operations]
        if not expected:
            assert len(shown) == 1 or not possible(model, without_what_nobody_shows(shown)), (found, shown)
            assert (len({each.key for each in shown}) == 1) == (found.scope == "one key")
        assert interleave(model, operations).order is not None or not expected
        pairs = [each for each, _ in registers.values()]
        saturated = saturate(pairs)
        assert not (saturated.cycle and expected), (saturated, operations)
        order = guess(pairs, [version_graph(each) for each in pairs])
        guessed = order is not None and is_sequential(model, operations, order)
        assert expected or not guessed
        seen[expected, guessed, bool(saturated.cycle)] += 1
    assert seen[True, True, False] > 20 * seen[True, False, False], seen
    assert sum(count for (expected, _, _), count in seen.items() if not expected) > 500, seen
    assert seen[False, False, True] > 300, seen


def test_on_one_key_the_session_guarantees_are_sequential_consistency() -> None:
    seen: Counter[bool] = Counter()
    for choose, shape in shapes("one key", 3_000, keys=1, cas=False, unique=True):
        shape.size = choose.randint(2, 12)
        history = made(choose, shape)
        kept = not any(each.order == "any" for each in broken(register(), history))
        kept = kept and not any(each.unwritten for each in versions(register(), history))
        assert kept == possible(register(), history.operations), history.operations
        seen[kept] += 1
    assert min(seen.values()) > 500, seen


@pytest.mark.parametrize("model", [cas_register(), register()], ids=lambda model: model.name)
def test_an_order_with_anything_wrong_is_refused(model: Model) -> None:
    history = of((0, "write", "x", 1, None), (0, "read", "x", None, 1), (1, "write", "x", 2, None))
    accepted = [
        order
        for order in ((0, 1, 2), (2, 0, 1), (0, 2, 1), (1, 0, 2), (0, 1), (0, 1, 2, 2), (0, 1, 2, 3))
        if is_sequential(model, history.operations, order)
    ]
    assert accepted == [(0, 1, 2), (2, 0, 1)]


def test_keys_by_themselves_do_not_make_a_whole() -> None:
    """Each of two processes writes its own key, and then does not see what the other wrote before."""
    history = of(
        (0, "write", "x", 1, None),
        (0, "read", "y", None, None),
        (1, "write", "y", 1, None),
        (1, "read", "x", None, None),
    )
    verdict = sequential(register()).check(history, Budget())
    assert verdict.validity is Validity.INVALID
    assert verdict.details["scope"] == "all keys"
    assert verdict.details["operations"] == (0, 1, 2, 3)
    for key in ("x", "y"):
        alone = History(tuple(each for each in history.operations if each.key == key))
        assert sequential(register()).check(alone, Budget()).validity is Validity.VALID


def test_reads_of_the_past_are_allowed() -> None:
    history = of(
        (0, "write", "x", 1, None), (0, "write", "x", 2, None), (1, "read", "x", None, None), (1, "read", "x", None, 1)
    )
    verdict = sequential(register()).check(history, Budget())
    assert verdict.validity is Validity.VALID
    assert verdict.details["ordered"] == 4


@pytest.mark.parametrize(
    ("model", "rows", "expected"),
    [
        (kv(), [(0, "put", "x", "a", None), (1, "get", "x", None, "")], True),
        (kv(), [(0, "put", "x", "a", None), (0, "get", "x", None, "")], False),
        (grow_only_set(), [(0, "add", None, 1, None), (1, "read", None, None, ())], True),
        (grow_only_set(), [(0, "add", None, 1, None), (0, "read", None, None, ())], False),
        (counter(), [(0, "add", None, 1, None), (1, "read", None, None, 0), (1, "read", None, None, 1)], True),
        (counter(), [(0, "add", None, 1, None), (1, "read", None, None, 1), (1, "read", None, None, 0)], False),
        (queue(), [(0, "enqueue", None, 1, None), (1, "dequeue", None, None, None)], True),
        (queue(), [(0, "enqueue", None, 1, None), (0, "dequeue", None, None, None)], False),
        (mutex(), [(0, "acquire", None, None, None), (1, "acquire", None, None, None)], False),
    ],
    ids=lambda given: given.name if isinstance(given, Model) else None,
)
def test_other_models(model: Model, rows: list[Row], expected: bool) -> None:
    verdict = sequential(model).check(of(*rows), Budget())
    assert (verdict.validity is Validity.VALID) == expected
    assert possible(model, of(*rows).operations) == expected


def test_what_is_not_decided_is_unknown() -> None:
    rows: list[Row] = [(process, "write", "x", each % 2, None) for each in range(9) for process in range(5)]
    history = of(*rows, *[(process, "read", "x", None, 1 - process % 2) for process in range(5)])
    verdict = sequential(register()).check(history, Budget(configurations=2))
    assert verdict.validity is Validity.UNKNOWN
    assert "configurations" in verdict.reason


def test_values_are_told_apart() -> None:
    assert canonical(True) != canonical(1)
    history = of((0, "write", "x", 1, None), (1, "read", "x", None, True))
    assert sequential(register()).check(history, Budget()).validity is Validity.INVALID
