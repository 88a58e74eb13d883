"""Every planted bug of the sharded store is found under the default faults, and the correct system is left alone."""

from functools import cache

import pytest
from campaign import attempt, not_linearizable

from splitbrain.systems.sharded import system

CLIENTS, LIVENESS = "what the clients saw", "nobody was served"
FOUND = {
    "moves-without-duplicates": (0, "moves-whole"),
    "serves-at-once": (0, CLIENTS),
    "serves-on": (0, CLIENTS),
    "skips-configurations": (0, "in-order"),
    "believes-any-master": (0, "in-order"),
    "hands-over-early": (3, "moves-whole"),
    "deletes-early": (0, LIVENESS),
    "never-deletes": (0, "deleted"),
    "accepts-late-transfers": (0, CLIENTS),
    "checks-once": (8, CLIENTS),
    "overlaps": (2, CLIENTS),
    "forgets-moves": (1, "same-state"),
    "snapshot-without-duplicates": (1, "same-state"),
    "reads-locally": (0, CLIENTS),
    "shuffles": (0, "balanced"),
    "heaps": (0, "balanced"),
}
"""The first seed that finds the bug, and by what it is found."""


@cache
def grade(name: str, seed: int) -> str:
    """How a run of the correct system is graded."""
    return attempt(name, "sharded", seed).record.grade


@pytest.mark.parametrize("bug", system.bugs)
def test_every_planted_bug_is_found(bug: str) -> None:
    seed, finder = FOUND[bug]
    result = attempt("sharded", "sharded", seed, bug)
    found = [finding.monitor for finding in result.record.findings]
    clients = not_linearizable(result)
    unserved = result.record.grade == "invalid" and not found and not clients
    assert finder in [*found, *[CLIENTS for _ in range(clients)], *[LIVENESS for _ in range(unserved)]]
    assert grade("sharded", seed) == "valid"


@pytest.mark.parametrize("name", ["sharded", "sharded_raft"])
def test_the_correct_system_is_valid(name: str) -> None:
    grades = {seed: grade(name, seed) for seed in range(12)}
    assert set(grades.values()) == {"valid"}, grades
