"""The bench's own test: every planted bug is found under the default faults, and the correct system is left alone."""

import pytest
from campaign import attempt, not_linearizable

from splitbrain.systems.primary_backup import system

SEEDS = 200
"""Within so many seeds each bug must show itself. The hunt ends at the first one that finds it."""

WORKLOAD = {
    "transfer-forgets-duplicates": "kv",
    "transfer-repeated": "kv",
    "early-repetition": "kv",
    "accepts-old-view": "kv",
}
"""The workload that shows a bug best, where it is not `register`: appends tell most about repetitions."""


@pytest.mark.parametrize("bug", system.bugs)
def test_clients_see_every_planted_bug(bug: str) -> None:
    workload = WORKLOAD.get(bug, "register")
    assert any(not_linearizable(attempt("primary_backup", workload, seed, bug)) for seed in range(SEEDS))


@pytest.mark.parametrize(
    ("bug", "invariant"),
    [
        ("no-backup-ack", "accepted-first"),
        ("no-view-ack", "views"),
        ("uninitialised-promoted", "one-primary"),
        ("transfer-repeated", "backup-equal"),
    ],
)
def test_every_invariant_finds_a_bug(bug: str, invariant: str) -> None:
    for seed in range(SEEDS):
        if invariant in [
            finding.monitor for finding in attempt("primary_backup", "register", seed, bug).record.findings
        ]:
            return
    pytest.fail(f"{invariant} was never broken")


@pytest.mark.parametrize("workload", system.workloads)
def test_the_correct_system_is_valid(workload: str) -> None:
    for seed in range(30):
        record = attempt("primary_backup", workload, seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
