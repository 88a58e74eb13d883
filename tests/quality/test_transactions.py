"""Every planted bug of the transactions is found under the default faults, and the correct system is left alone."""

from functools import cache

import pytest
from campaign import attempt, not_linearizable

from splitbrain.systems.transactions import system

CLIENTS = "what the clients saw"
FOUND = {
    "reads-prepared": (40, CLIENTS),
    "ignores-locks": (2, CLIENTS),
    "locks-twice": (0, CLIENTS),
    "releases-with-vote": (0, "locked"),
    "keeps-locks": (0, "locked"),
    "announces-early": (0, "all-prepared"),
    "forgets-decisions": (3, "same-state"),
    "forgets-promises": (1, "same-state"),
    "presumes-from-memory": (0, CLIENTS),
    "silence-is-consent": (1, CLIENTS),
    "overrides-no": (0, CLIENTS),
    "late-copies": (13, "one-decision"),
    "decides-alone": (0, "one-decision"),
    "last-decision-wins": (13, "one-decision"),
    "repeats-transactions": (0, CLIENTS),
    "moves-locked": (1, "locked"),
}
"""The first seed that finds the bug, and by what it is found."""


@cache
def grade(name: str, seed: int) -> str:
    """How a run of the correct system is graded."""
    return attempt(name, "transactions", seed).record.grade


@pytest.mark.parametrize("bug", system.bugs)
def test_every_planted_bug_is_found(bug: str) -> None:
    seed, finder = FOUND[bug]
    result = attempt("transactions", "transactions", seed, bug)
    found = [finding.monitor for finding in result.record.findings]
    assert finder in [*found, *[CLIENTS for _ in range(not_linearizable(result))]]
    assert grade("transactions", seed) == "valid"


@pytest.mark.parametrize("name", ["transactions", "transactions_raft"])
def test_the_correct_system_is_valid(name: str) -> None:
    grades = {seed: grade(name, seed) for seed in range(12)}
    assert set(grades.values()) == {"valid"}, grades
