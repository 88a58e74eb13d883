"""Causal order as clients saw it, and clocks against the time of the history."""

import random

import pytest
from handmade import MS, Step, build

from splitbrain.checkers.causal_order import causal_order
from splitbrain.checkers.checker import Budget
from splitbrain.checkers.clocks import clock_bounds, clocks_together
from splitbrain.checkers.verdict import Validity

BUDGET = Budget()


def test_what_was_read_comes_before_what_is_said_then() -> None:
    steps: list[Step] = [
        (0, "add", "question", None, "ok", 0, 1),
        (1, "read", None, ("question",), "ok", 2, 3),
        (1, "add", "answer", None, "ok", 4, 5),
        (2, "read", None, ("answer", "question"), "ok", 6, 7),
    ]
    verdict = causal_order.check(build(steps), BUDGET)
    assert verdict.validity is Validity.INVALID
    assert verdict.reason == 'before what caused it: "answer" (operations 1, 3)'
    late = [*steps[:3], (2, "read", None, ("question", "answer"), "ok", 6, 7)]
    assert causal_order.check(build(late), BUDGET).validity is Validity.VALID


def test_what_nobody_knew_of_may_come_in_any_order() -> None:
    steps: list[Step] = [
        (0, "add", "a", None, "ok", 0, 1),
        (1, "add", "b", None, "info", 2, None),
        (2, "read", None, ("b", "a"), "ok", 4, 5),
        (3, "read", None, ("a", "b"), "ok", 4, 5),
        (3, "read", "s1", ("b",), "ok", 6, 7),
    ]
    assert causal_order.check(build(steps), BUDGET).validity is Validity.VALID


def simulated(seed: int) -> tuple[list[Step], bool]:
    """Three processes that deliver in some order, and whether that order is causal by the definition: what a process
    had delivered when it said something is before that everywhere."""
    chance = random.Random(seed)
    delivered: list[list[int]] = [[], [], []]
    before: dict[int, set[int]] = {}
    steps: list[Step] = []
    causal = True
    for time in range(0, 40, 2):
        process, value = chance.randrange(3), len(before)
        mine = delivered[process]
        if chance.random() < 0.4:
            steps.append((process, "read", None, tuple(mine), "ok", time, time + 1))
            before[value] = set(mine)
            mine.append(value)
            steps.append((process, "add", value, None, "ok", time + 1, time + 2))
            continue
        missing = [each for each in before if each not in mine]
        if missing:
            each = chance.choice(missing)
            causal = causal and before[each] <= set(mine)
            mine.append(each)
    steps += [(process, "read", None, tuple(delivered[process]), "ok", 50, 51) for process in range(3)]
    return sorted(steps, key=lambda step: step[5]), causal


def test_agrees_with_the_definition() -> None:
    verdicts = []
    for seed in range(2000):
        steps, causal = simulated(seed)
        verdicts.append(causal)
        expected = Validity.VALID if causal else Validity.INVALID
        assert causal_order.check(build(steps), BUDGET).validity is expected, seed
    assert 300 < sum(verdicts) < 1700


@pytest.mark.parametrize(
    ("shown", "error", "validity"),
    [(10, 0, "valid"), (20, 0, "valid"), (5, 5, "valid"), (5, 4, "invalid"), (26, 6, "valid"), (26, 5, "invalid")],
)
def test_a_time_must_have_been_some_time_of_its_operation(shown: int, error: int, validity: str) -> None:
    steps: list[Step] = [(0, "time", None, (shown * MS, error * MS), "ok", 10, 20)]
    assert clock_bounds.check(build(steps), BUDGET).validity.value == validity


@pytest.mark.parametrize(
    ("first", "second", "rounds", "validity"),
    [
        (500, 520, (1, 1), "valid"),
        (500, 535, (1, 1), "invalid"),
        (500, 535, (1, 2), "valid"),
        (500, 505, (3, 3), "invalid"),
    ],
)
def test_clocks_of_one_round_are_together(first: int, second: int, rounds: tuple[int, int], validity: str) -> None:
    steps: list[Step] = [
        (0, "time", None, (first * MS, MS, rounds[0]), "ok", 100, 101),
        (1, "time", None, (second * MS, MS, rounds[1]), "ok", 120, 121),
    ]
    assert clocks_together.check(build(steps), BUDGET).validity.value == validity


def test_clocks_that_are_together_must_not_be_far_off() -> None:
    steps: list[Step] = [(0, "time", None, (3_600_000 * MS, MS, 1), "ok", 100, 101)]
    assert clocks_together.check(build(steps), BUDGET).validity is Validity.INVALID
