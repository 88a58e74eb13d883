"""Read committed: each anomaly by itself, and random interleavings of transactions that commit at once."""

import random

import pytest
from handmade import Step, build

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.read_committed import read_committed
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.operation import Outcome, Value

BUDGET = Budget()
OUTCOMES: tuple[Outcome, ...] = ("ok", "info", "fail")
Steps = tuple[tuple[str, str | None, Value], ...]


def txn(process: int, start: int, steps: Steps, found: Steps | None = None, outcome: Outcome = "ok") -> Step:
    return (process, "txn", steps, steps if found is None else found, outcome, start, start + 1)


def w(key: str, value: int) -> tuple[str, str, Value]:
    return ("write", key, value)


def r(key: str, value: Value = None) -> tuple[str, str, Value]:
    return ("read", key, value)


def last(start: int, **found: Value) -> Step:
    """The last reads of server s1."""
    keys = list(found)
    return txn(9, start, tuple(r(key, "s1") for key in keys), tuple(r(key, found[key]) for key in keys))


def verdict(*steps: Step) -> tuple[Validity, str]:
    judged = read_committed.check(build(steps), BUDGET)
    return judged.validity, judged.reason


def test_a_clean_history() -> None:
    steps = [txn(0, 0, (w("x", 1), w("y", 1))), txn(1, 2, (r("x"),), (r("x", 1),)), last(4, x=1, y=1)]
    assert verdict(*steps)[0] is Validity.VALID


def test_an_aborted_read() -> None:
    aborted: Step = (0, "txn", (w("x", 1), ("abort", None, None)), None, "fail", 0, 1)
    validity, reason = verdict(aborted, txn(1, 2, (r("x"),), (r("x", 1),)), last(4, x=None))
    assert validity is Validity.INVALID
    assert reason.startswith("aborted read (G1a)")


def test_an_intermediate_read() -> None:
    validity, reason = verdict(txn(0, 0, (w("x", 1), w("x", 2))), txn(1, 2, (r("x"),), (r("x", 1),)), last(4, x=2))
    assert validity is Validity.INVALID
    assert reason.startswith("intermediate read (G1b)")


def test_reading_what_one_is_about_to_replace_oneself_is_fine() -> None:
    own = txn(0, 0, (w("x", 1), r("x"), w("x", 2)), (w("x", 1), r("x", 1), w("x", 2)))
    assert verdict(own, last(4, x=2))[0] is Validity.VALID


def test_writes_that_replace_each_other_one_on_each_key() -> None:
    both = [txn(0, 0, (w("x", 1), w("y", 1))), txn(1, 0, (w("x", 2), w("y", 2)))]
    validity, reason = verdict(*both, last(4, x=1, y=2))
    assert validity is Validity.INVALID
    assert reason.startswith("dirty write (G0)")
    assert verdict(*both, last(4, x=2, y=2))[0] is Validity.VALID


def test_transactions_that_read_each_other() -> None:
    circle = [
        txn(0, 0, (w("x", 1), r("y")), (w("x", 1), r("y", 2))),
        txn(1, 0, (w("y", 2), r("x")), (w("y", 2), r("x", 1))),
    ]
    validity, reason = verdict(*circle, last(4, x=1, y=2))
    assert validity is Validity.INVALID
    assert reason.startswith("circular information flow (G1c)")


def test_a_value_of_nobody_and_servers_that_differ() -> None:
    assert verdict(txn(1, 2, (r("x"),), (r("x", 7),)), last(4, x=None))[1].startswith("value nobody wrote")
    other = txn(8, 4, (r("x", "s2"),), (r("x", None),))
    assert "differ" in verdict(txn(0, 0, (w("x", 1),)), last(4, x=1), other)[1]


@pytest.mark.parametrize("outcome", ["fail", "info"])
def test_without_last_reads_it_is_not_known(outcome: Outcome) -> None:
    asked: Step = (9, "txn", (r("x", "s1"),), None, outcome, 4, 5)
    assert verdict(txn(0, 0, (w("x", 1),)), asked)[0] is Validity.UNKNOWN


def test_what_commits_at_once_is_always_read_committed() -> None:
    """Transactions that take effect one by one at their commit, over reads of any committed state on the way."""
    for seed in range(1500):
        chance = random.Random(seed)
        state: dict[str, Value] = {}
        past: list[dict[str, Value]] = [{}]
        steps: list[Step] = []
        value = 0
        for number in range(8):
            given: list[tuple[str, str | None, Value]] = []
            found: list[tuple[str, str | None, Value]] = []
            mine: dict[str, Value] = {}
            for _ in range(chance.randint(1, 4)):
                key = chance.choice("xyz")
                if chance.random() < 0.5:
                    value += 1
                    mine[key] = value
                    given.append(w(key, value))
                    found.append(w(key, value))
                else:
                    seen = mine[key] if key in mine else chance.choice(past[-3:]).get(key)
                    given.append(r(key))
                    found.append(r(key, seen))
            outcome = chance.choices(OUTCOMES, [6, 1, 1])[0]
            took_effect = outcome == "ok" or (outcome == "info" and chance.random() < 0.5)
            output = tuple(found) if outcome == "ok" else None
            steps.append((number, "txn", tuple(given), output, outcome, number, number + 20 - number))
            if took_effect:
                state = {**state, **mine}
                past.append(state)
        judged = verdict(*steps, last(50, **{key: state.get(key) for key in "xyz"}))
        assert judged[0] is Validity.VALID, (seed, judged)
