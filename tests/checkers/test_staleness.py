"""Bounds on how stale reads were, against all orders of all operations."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, permutations

import pytest
from register_histories import Shape, made, shapes

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import cas_register, register
from splitbrain.checkers.staleness import measure, sentence, staleness
from splitbrain.checkers.verdict import Validity
from splitbrain.checkers.write_orders import Write, age, by_end, by_need, by_zone, no_older_than_one
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Value

NO_CAS = {"cas": False, "keys": 1, "unique": True}


def one_after_another(*steps: tuple[str, Value]) -> History:
    """`f` and the value written or found; each operation takes 5 ns, and 5 ns pass between them."""
    events: list[Event] = []
    for number, (f, value) in enumerate(steps):
        given, output = (None, value) if f == "read" else (value, None)
        events.append(Invocation(operation=number, process=number, f=f, key="x", input=given, time=10 * number))
        events.append(Completion(operation=number, process=number, outcome="ok", output=output, time=10 * number + 5))
    return History.from_events(events)


def oldest(operations: tuple[Operation, ...]) -> int | None:
    """The oracle: how old the stalest read is in the best order of all operations; None if there is no order."""
    present = [each for each in operations if each.outcome == "ok" or (each.outcome == "info" and each.f == "write")]
    required = {each.index for each in present if each.outcome == "ok"}
    best: dict[tuple[frozenset[int], tuple[Value, ...]], int | None] = {}

    def rest(done: frozenset[int], values: tuple[Value, ...]) -> int | None:
        """The age that operations to come cannot avoid."""
        if required <= done:
            return 0
        if (done, values) not in best:
            found: list[int] = []
            for each in present:
                if each.index in done or any(other.precedes(each) for other in present if other.index not in done):
                    continue
                if each.f == "write":
                    after, here = rest(done | {each.index}, (each.input, *values)), 0
                elif each.output in values:
                    after, here = rest(done | {each.index}, values), values.index(each.output)
                else:
                    continue
                if after is not None:
                    found.append(max(after, here))
            best[done, values] = min(found, default=None)
        return best[done, values]

    return rest(frozenset(), (None,))


def test_bounds_hold_and_are_exact_up_to_one_write() -> None:
    seen: Counter[int | None] = Counter()
    loose = 0
    for choose, shape in shapes("staleness", 12_000, **NO_CAS):
        shape.wrong, shape.crash = choose.choice([0.3, 0.8]), choose.choice([0, 0.1])
        shape.size, shape.processes = choose.randint(2, 8), choose.randint(2, 5)
        history = made(choose, shape)
        expected = oldest(history.operations)
        seen[expected] += 1
        (measured,) = measure(register(), history) or (None,)
        if measured is None:
            continue
        assert (measured.unexplained > 0) == (expected is None), history.operations
        if expected is None:
            continue
        assert measured.most is not None
        assert measured.least <= expected <= measured.most, (measured, history.operations)
        assert expected > 1 or measured.least == measured.most, (measured, history.operations)
        assert max(measured.ages, default=0) <= expected
        loose += measured.least < measured.most
    assert min(seen[age] for age in (0, 1, 2, 3)) > 50, seen
    assert loose < 10


def drawn(choose: random.Random, count: int, width: int) -> list[Write]:
    """Random writes, about `width` of them at a time, read up to some time after they ended."""
    calls = sorted(choose.sample(range(0, 30 * count, 3), count))
    ends = [call + 1 + 3 * choose.randrange(width) for call in calls]
    taken: set[int] = set()
    writes = []
    for call, end in zip(calls, ends, strict=True):
        while end in taken:
            end += 3
        taken.add(end)
        seen = -1 if choose.random() < 0.3 else call + 2 + 3 * choose.randrange(2 * width)
        writes.append(Write(call, end, seen))
    return writes


def test_orders_respect_real_time() -> None:
    for seed in range(300):
        choose = random.Random(seed)
        writes = drawn(choose, choose.randint(1, 40), choose.choice([5, 40, 200]))
        for order in (by_zone(writes), by_end(writes), by_need(writes), no_older_than_one(writes)):
            if order is not None:
                assert sorted(order) == list(range(len(writes)))
                assert respects_real_time(writes, order)
        found = no_older_than_one(writes)
        assert found is None or age(writes, found) <= 1


def test_orders_with_no_read_older_than_one_write_are_found() -> None:
    """Against all orders of the writes that respect real time."""
    seen: Counter[int] = Counter()
    gap: Counter[int] = Counter()
    for seed in range(4_000):
        choose = random.Random(seed)
        writes = drawn(choose, choose.randint(2, 6), choose.choice([5, 20, 60]))
        ages = [age(writes, order) for order in permutations(range(len(writes))) if respects_real_time(writes, order)]
        assert (no_older_than_one(writes) is not None) == (min(ages) <= 1)
        assert (age(writes, by_zone(writes)) == 0) == (min(ages) == 0)
        seen[min(ages)] += 1
        gap[min(age(writes, order(writes)) for order in (by_zone, by_end, by_need)) - min(ages)] += 1
    assert min(seen[age] for age in (0, 1, 2)) > 200, seen
    assert gap[0] > 0.9 * sum(gap.values()), gap


def respects_real_time(writes: Sequence[Write], order: Sequence[int]) -> bool:
    latest_calls = accumulate((writes[each].call for each in order), max)
    return all(writes[each].end > latest for each, latest in zip(order, latest_calls, strict=True))


def test_zones_agree_with_the_linearizability_checker() -> None:
    for choose, shape in shapes("atomic", 500, **NO_CAS):
        shape.size, shape.wrong = choose.randint(10, 40), choose.choice([0, 0.03, 0.1])
        history = made(choose, shape)
        (measured,) = measure(register(), history)
        verdict = linearizable(register()).check(history, Budget())
        assert (verdict.validity is Validity.VALID) == (measured.most == 0 and not measured.unexplained)


def test_a_read_between_three_and_five_writes_old() -> None:
    history = one_after_another(("write", 1), ("write", 2), ("write", 3), ("read", 1))
    (measured,) = measure(register(), history)
    assert (measured.least, measured.most, measured.ages) == (2, 2, {2: 1})
    assert measured.stalest == history.operations[3]
    assert measured.overdue == 30 - 15
    assert sentence([measured]) == 'the stalest reads were 2 writes old, on key "x"'


@pytest.mark.parametrize(
    ("allowed", "expected"), [(0, Validity.INVALID), (1, Validity.INVALID), (2, Validity.VALID), (3, Validity.VALID)]
)
def test_checker_takes_what_is_allowed(allowed: int, expected: Validity) -> None:
    history = one_after_another(("write", 1), ("write", 2), ("write", 3), ("read", 1))
    assert staleness(register(), allowed).check(history, Budget()).validity is expected


def test_values_written_twice_leave_the_upper_bound_open() -> None:
    history = one_after_another(("write", 1), ("write", 2), ("write", 2), ("read", 1))
    verdict = staleness(register(), 2).check(history, Budget())
    assert verdict.validity is Validity.UNKNOWN
    assert verdict.reason == 'the stalest reads were at least 2 writes old, on key "x"'


def test_linearizable_histories_have_no_stale_reads() -> None:
    for choose, shape in shapes("fresh", 3_000, wrong=0):
        shape.size = choose.randint(2, 14)
        for measured in measure(cas_register(), made(choose, shape)):
            assert measured.least == 0
            assert measured.most in (0, None)
            assert measured.unexplained == 0


def test_long_histories() -> None:
    history = made(random.Random(1), Shape(size=20_000, processes=10, crash=0.001, cas=False, wrong=0.0))
    (measured,) = measure(register(), history)
    assert measured.most == 0
    history = made(random.Random(1), Shape(size=3_000, processes=10, crash=0.001, cas=False, wrong=0.01))
    (measured,) = measure(register(), history)
    assert measured.most is not None
    assert 100 < measured.least <= measured.most
