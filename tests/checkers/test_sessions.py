"""Session guarantees: broken ones are found and named, and never on a linearizable history."""

import random
from itertools import permutations

import pytest
from register_histories import Shape, made, shapes

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.models import cas_register, register
from splitbrain.checkers.models.model import ANY
from splitbrain.checkers.sessions import Broken, broken, sessions
from splitbrain.checkers.verdict import Validity
from splitbrain.checkers.version_graph import Guarantee
from splitbrain.checkers.versions import Versions, versions
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Value

RYW, MR = Guarantee.READ_YOUR_WRITES, Guarantee.MONOTONIC_READS
MW, WFR = Guarantee.MONOTONIC_WRITES, Guarantee.WRITES_FOLLOW_READS


def one_after_another(*steps: tuple[int, str, Value]) -> History:
    """Process, `f`, and the value written, found, or swapped, on key x; nothing is concurrent."""
    events: list[Event] = []
    for number, (process, f, value) in enumerate(steps):
        given = None if f == "read" else value
        output = {"read": value, "write": None, "cas": True}[f]
        call = Invocation(operation=number, process=process, f=f, key="x", input=given, time=2 * number)
        answer = Completion(operation=number, process=process, outcome="ok", output=output, time=2 * number + 1)
        events += [call, answer]
    return History.from_events(events)


def kinds(history: History) -> set[tuple[Guarantee, str]]:
    return {(each.guarantees, each.order) for each in broken(cas_register(), history)}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(1, "write", 1), (1, "read", None)], {(RYW, "any")}, id="own write not there"),
        pytest.param(
            [(1, "write", 1), (2, "write", 2), (2, "read", 1)], {(RYW, "real-time")}, id="own write older than another"
        ),
        pytest.param(
            [(1, "write", 1), (2, "read", 1), (2, "read", None)], {(MR, "any")}, id="back to the initial value"
        ),
        pytest.param(
            [(1, "write", 1), (3, "write", 2), (2, "read", 1), (2, "read", 2), (2, "read", 1)],
            {(MR, "any")},
            id="there and back",
        ),
        pytest.param(
            [(1, "write", 1), (2, "write", 2), (3, "read", 2), (3, "read", 1)],
            {(MR, "real-time")},
            id="reads against the order of writes",
        ),
        pytest.param(
            [(1, "write", 1), (1, "write", 2), (3, "read", 2), (3, "read", 1)],
            {(MR | MW, "any"), (MR, "real-time")},
            id="writes of one process seen the other way round",
        ),
        pytest.param(
            [(1, "write", 1), (2, "read", 1), (2, "write", 2), (3, "read", 2), (3, "read", 1)],
            {(MR | WFR, "any"), (MR, "real-time")},
            id="a write seen before what its writer had read",
        ),
        pytest.param(
            [(2, "read", 1), (2, "write", 2), (1, "read", 2), (1, "write", 1)],
            {(WFR, "any")},
            id="each wrote after reading the other",
        ),
        pytest.param(
            [(1, "write", 1), (1, "write", 2), (2, "cas", (2, 3)), (2, "cas", (3, 4)), (1, "read", 2)],
            set(),
            id="stale, yet in no session",
        ),
        pytest.param(
            [(1, "write", 1), (2, "cas", (1, 2)), (3, "read", 2), (3, "read", 1)], {(MR, "any")}, id="back over a swap"
        ),
        pytest.param(
            [(1, "cas", (2, 1)), (1, "write", 2)],
            {(MW, "any"), (Guarantee(0), "real-time")},
            id="a swap of what its process wrote only later",
        ),
        pytest.param(
            [(1, "cas", (2, 1)), (2, "cas", (1, 2))], {(Guarantee(0), "any")}, id="swaps in a circle: no order at all"
        ),
        pytest.param(
            [(1, "write", 2), (2, "write", 1), (3, "cas", (3, 2))], set(), id="a value of two writers is passed over"
        ),
    ],
)
def test_hand_made_violations(steps: list[tuple[int, str, Value]], expected: set[tuple[Guarantee, str]]) -> None:
    assert kinds(one_after_another(*steps)) == expected


def test_verdict_explains() -> None:
    history = one_after_another((1, "write", 1), (1, "write", 2), (3, "read", 2), (3, "read", 1))
    verdict = sessions(register()).check(history, Budget())
    assert verdict.validity is Validity.INVALID
    assert verdict.details["guarantees"] == {
        "read-your-writes": "held",
        "monotonic-reads": "broken-in-real-time",
        "monotonic-writes": "not-with:monotonic-reads",
        "writes-follow-reads": "held",
    }
    assert verdict.reason == (
        'monotonic-reads and monotonic-writes do not hold together on key "x": '
        "write(1) by process 1 came before write(2) by process 1 (monotonic-writes); "
        "read() → 2 by process 3 came before read() → 1 by process 3 (monotonic-reads)"
    )


def test_nothing_traceable_is_unknown() -> None:
    assert sessions(register()).check(one_after_another((1, "write", 1)), Budget()).validity is Validity.UNKNOWN


def test_linearizable_histories_keep_all_guarantees() -> None:
    """Crashed, refused and concurrent operations, several registers, values written more than once."""
    reads = 0
    for choose, shape in shapes("linearizable", 10_000, wrong=0):
        shape.size = choose.randint(2, 16)
        history = made(choose, shape)
        assert broken(cas_register(), history) == (), history.operations
        reads += sum(each.f == "read" and each.outcome == "ok" for each in history.operations)
    assert reads > 20_000


def test_exactly_what_no_order_keeps_is_broken() -> None:
    """Against all orders of the versions."""
    seen: dict[object, int] = {}
    for choose, shape in shapes("orders", 4_000):
        shape.keys, shape.size = 1, choose.randint(2, 9)
        history = made(choose, shape)
        for each in versions(cas_register(), history):
            if len(each.writers) > 6:
                continue
            found = broken(cas_register(), history)
            assert {(b.guarantees, b.order) for b in found} == set(minimal(each)), (found, history.operations)
            for b in found:
                assert_is_cycle(each, b)
                seen[b.guarantees, b.order] = seen.get((b.guarantees, b.order), 0) + 1
    assert len(seen) >= 6, seen


def minimal(register: Versions) -> list[tuple[Guarantee, str]]:
    """The oracle: the smallest sets of guarantees that no order of the versions keeps."""
    found: list[tuple[Guarantee, str]] = []
    for order in ("any", "real-time"):
        for guarantees in sorted(map(Guarantee, range(16)), key=lambda each: each.bit_count()):
            if not any(known & guarantees == known for known, _ in found) and not can_hold(register, guarantees, order):
                found.append((guarantees, order))
    return found


def can_hold(register: Versions, guarantees: Guarantee, order: str) -> bool:
    asked = set()
    for one in register.operations:
        found, left = register.found(one), register.left(one)
        if left is not ANY and register.initial in register.writers:
            asked.add((register.initial, left))
        if left is not ANY and found is not ANY:
            asked.add((found, left))
        for two in register.operations:
            if one.process == two.process and one.index < two.index:
                asked |= between(register, guarantees, one, two)
            if order == "real-time" and one.precedes(two):
                asked.add((register.left(one), register.left(two)))
    pairs = {pair for pair in asked if ANY not in pair and pair[0] != pair[1]}
    return any(
        all(arranged.index(a) < arranged.index(b) for a, b in pairs) for arranged in permutations(register.writers)
    )


def between(register: Versions, guarantees: Guarantee, one: Operation, two: Operation) -> set[tuple[object, object]]:
    return {
        (first, second)
        for guarantee, first, second in (
            (RYW, register.left(one), register.found(two)),
            (MR, register.found(one), register.found(two)),
            (MW, register.left(one), register.left(two)),
            (WFR, register.found(one), register.left(two)),
        )
        if guarantee & guarantees
    }


def assert_is_cycle(register: Versions, found: Broken) -> None:
    """Every step is true, and each ends at the version at which the next begins."""
    at: object = None
    for step in found.cycle:
        newer = step.newer
        if step.because == "initial":
            older, end = register.initial, register.left(newer)
        elif step.because == "compare-and-set":
            older, end = register.found(newer), register.left(newer)
        else:
            assert step.older is not None
            before = register.found if step.because in ("monotonic-reads", "writes-follow-reads") else register.left
            after = register.found if step.because in ("monotonic-reads", "read-your-writes") else register.left
            older, end = before(step.older), after(newer)
            same_session = step.older.process == newer.process and step.older.index < newer.index
            assert step.older.precedes(newer) if step.because == "real-time" else same_session
        assert ANY not in (older, end)
        assert at in (None, older) or step is found.cycle[0]
        at = end
    assert len({each.because for each in found.cycle} & {each.title for each in Guarantee}) == len(
        [each for each in Guarantee if each & found.guarantees]
    )


def test_long_histories() -> None:
    history = made(random.Random(1), Shape(size=20_000, processes=10, keys=3, crash=0.001))
    assert broken(cas_register(), history) == ()
