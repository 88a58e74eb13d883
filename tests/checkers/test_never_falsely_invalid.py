"""What correct systems do is never judged invalid: random histories of atomic stores and of causally ordered replicas.

Operations overlap, some are refused, of some the outcome is unknown: these take effect late, or never.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest
from handmade import Step, build

from splitbrain.checkers.causal import causal, causal_per_key
from splitbrain.checkers.causal_order import causal_order
from splitbrain.checkers.checker import Budget, Checker
from splitbrain.checkers.clocks import clock_bounds, clocks_together
from splitbrain.checkers.convergence import converged_counter, converged_register, converged_set
from splitbrain.checkers.read_committed import read_committed
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.operation import Outcome, Value

SEEDS = 150
SERVERS = ("s1", "s2")

State = dict[Any, Any]
Call = tuple[str, Value]
"""f and input."""


def atomic(
    rng: random.Random, draw: Callable[[int], Call], apply: Callable[[State, Call], Value], last: list[Call], count: int
) -> list[Step]:
    """Operations of three processes, each of which takes effect at one moment between its call and its return.

    The `last` ones may come while others are under way, and any time after them is theirs too.
    """
    spans: list[tuple[float, int, int, Outcome, int, Call]] = []  # effect, start, stop, outcome, process, call
    free, names, fresh = [0, 0, 0], [0, 1, 2], 3
    for number in range(count + len(last)):
        thread = rng.randrange(3)
        start = free[thread] + rng.randint(0, 4)
        stop = start + rng.randint(1, 8)
        call = draw(number) if number < count else last[number - count]
        outcome: Outcome = rng.choice(("ok", "ok", "ok", "ok", "info", "fail")) if number < count else "ok"
        effect = rng.uniform(start, stop) if outcome == "ok" else start + rng.choice((0.5, 5.5, 1e6))
        spans.append((effect, start, stop, outcome, names[thread], call))
        free[thread] = stop + 1
        if outcome == "info":
            names[thread], fresh = fresh, fresh + 1
    state: State = {}
    rows: list[Step] = []
    for effect, start, stop, outcome, process, call in sorted(spans, key=lambda span: span[0]):
        output = apply(state, call) if outcome != "fail" and effect < 10**6 else None
        rows.append((process, *call, output if outcome == "ok" else None, outcome, start, stop))
    return sorted(rows, key=lambda row: row[5])


def never_invalid(checker: Checker, steps: list[Step]) -> None:
    verdict = checker.check(build(steps), Budget())
    assert verdict.validity is not Validity.INVALID, (verdict.reason, verdict.evidence)


def register(state: State, call: Call) -> Value:
    f, given = call
    if f == "read":
        return state.get("x")
    state["x"] = given if f == "write" else None
    return None


def growing(state: State, call: Call) -> Value:
    f, given = call
    if f == "add" and given not in state:
        state[given] = True
    return tuple(state) if f == "read" else None


def counting(state: State, call: Call) -> Value:
    f, given = call
    state["sum"] = state.get("sum", 0) + (given if f == "add" else 0)
    return state["sum"] if f == "read" else None


def transacting(state: State, call: Call) -> Value:
    found = []
    for f, key, value in call[1]:  # type: ignore[union-attr,misc,str-unpack]
        if f == "write":
            state[key] = value
        found.append((f, key, state.get(key) if f == "read" else value))
    return tuple(found)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_atomic_stores(seed: int, late: bool) -> None:
    """With the last reads of two servers, which overlap with other operations (`late`), and without."""
    rng = random.Random(seed)
    finals: list[Call] = [("read", server) for server in SERVERS]

    def history(draw: Callable[[int], Call], apply: Callable[[State, Call], Value], ends: list[Call]) -> list[Step]:
        return atomic(rng, draw, apply, ends if late else [], 14)

    def value(number: int) -> Call:
        return rng.choice((("read", None), ("write", number + 1), ("write", number + 1), ("delete", None)))

    steps = history(value, register, finals)
    for checker in (causal, causal_per_key):
        never_invalid(checker, steps)
    if all(step[4] != "info" for step in steps):  # a write of unknown outcome may come between two last reads
        never_invalid(converged_register, steps)
    steps = history(lambda number: rng.choice((("read", None), ("add", number))), growing, finals)
    for checker in (causal_order, converged_set):
        never_invalid(checker, steps)
    steps = history(lambda number: rng.choice((("read", None), ("add", rng.randint(-3, 3)))), counting, finals)
    never_invalid(converged_counter, steps)

    def transaction(number: int) -> Call:
        drawn = [(rng.choice(("read", "write")), rng.choice("xy"), 10 * number + part) for part in range(3)]
        return "txn", tuple((f, key, written if f == "write" else None) for f, key, written in drawn)

    reads: list[Call] = [("txn", tuple(("read", key, server) for key in "xy")) for server in SERVERS]
    steps = history(transaction, transacting, reads)
    if all(step[4] != "info" for step in steps):
        never_invalid(read_committed, steps)


class Replicas:
    """Three servers that deliver each other's messages in causal order, whenever they like."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.delivered: list[list[tuple[int, Value, Value]]] = [[], [], []]  # number, key, value
        self.sent: list[tuple[frozenset[int], tuple[int, Value, Value]]] = []

    def send(self, server: int, key: Value, value: Value) -> None:
        known = frozenset(number for number, _, _ in self.delivered[server])
        message = (len(self.sent), key, value)
        self.sent.append((known, message))
        self.delivered[server].append(message)

    def deliver(self) -> None:
        server = self.rng.randrange(3)
        known = {number for number, _, _ in self.delivered[server]}
        ready = [message for needs, message in self.sent if message[0] not in known and needs <= known]
        if ready:
            self.delivered[server].append(self.rng.choice(ready))

    def read(self, server: int, key: Value) -> Value:
        """The value of the write with the greatest number: an order that causality is part of."""
        found = [message for message in self.delivered[server] if message[1] == key]
        return max(found)[2] if found else None


@pytest.mark.parametrize("seed", range(SEEDS))
def test_causally_ordered_replicas(seed: int) -> None:
    rng = random.Random(seed)
    for broadcast in (False, True):
        replicas, steps, names = Replicas(rng), list[Step](), [0, 1, 2]
        for time in range(0, 80, 2):
            server = rng.randrange(3)
            outcome: Outcome = rng.choice(("ok", "ok", "ok", "ok", "info", "fail"))
            if rng.random() < 0.5:
                if outcome == "ok" or (outcome == "info" and rng.random() < 0.5):
                    replicas.send(server, "x", time)
                steps.append((names[server], "add" if broadcast else "write", time, None, outcome, time, time + 1))
                if outcome == "info":
                    names[server] += 3
            else:
                everything: Value = tuple(value for _, _, value in replicas.delivered[server])
                found = everything if broadcast else replicas.read(server, "x")
                steps.append((names[server], "read", None, found, "ok", time, time + 1))
            for _ in range(rng.randint(0, 3)):
                replicas.deliver()
        for checker in (causal_order,) if broadcast else (causal, causal_per_key):
            never_invalid(checker, steps)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_clocks_within_what_they_say(seed: int) -> None:
    """Clocks that are wrong by some amount and drift by up to one percent, and know it."""
    rng = random.Random(seed)
    ms = 1_000_000
    offsets = [rng.randint(-20, 20) * ms for _ in range(3)]
    rates = [rng.uniform(-0.01, 0.01) for _ in range(3)]
    steps: list[Step] = []
    for time in range(0, 60, 3):
        clock, stop = rng.randrange(3), time + rng.randint(1, 2)
        read = rng.randint(time * ms, stop * ms)
        shown = read + offsets[clock] + round(read * rates[clock])
        steps.append((clock, "time", None, (shown, 20 * ms + read // 100 + 1, 1), "ok", time, stop))
    never_invalid(clock_bounds, steps)
    never_invalid(clocks_together, steps)


def test_a_broadcast_that_was_refused_causes_nothing() -> None:
    steps: list[Step] = [
        (0, "add", 1, None, "fail", 0, 1),
        (0, "add", 2, None, "ok", 2, 3),
        (1, "read", None, (2,), "ok", 4, 5),
    ]
    assert causal_order.check(build(steps), Budget()).validity is Validity.VALID


def test_of_what_is_broadcast_twice_nobody_knows_the_cause() -> None:
    steps: list[Step] = [
        (0, "add", 5, None, "ok", 0, 1),
        (1, "add", 1, None, "ok", 2, 3),
        (1, "add", 5, None, "ok", 4, 5),
        (2, "read", None, (5, 1), "ok", 6, 7),
    ]
    assert causal_order.check(build(steps), Budget()).validity is Validity.VALID
