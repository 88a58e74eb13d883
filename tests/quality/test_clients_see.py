"""Bugs that clients can see are seen by them, and not only by invariants; and every invariant finds a bug."""

import pytest
from campaign import attempt, not_linearizable

from splitbrain.bench.registry import system

SEEDS = 300
"""Within so many seeds each bug must show itself. The hunt ends at the first one that finds it."""

WORKLOAD = {
    "exactly_once": "kv",
    "versioned": "versioned",
    "primary_backup": "register",
    "two-writes": "register",
    "transfer-forgets-duplicates": "kv",
    "transfer-repeated": "kv",
    "early-repetition": "kv",
    "accepts-old-view": "kv",
}
"""The workload of a system, and the one that shows a bug best where it is another."""


@pytest.mark.parametrize(
    ("name", "bug"),
    [(name, bug) for name in ("exactly_once", "versioned", "primary_backup") for bug in system(name).bugs],
)
def test_clients_see_every_planted_bug(name: str, bug: str) -> None:
    workload = WORKLOAD.get(bug, WORKLOAD[name])
    assert any(not_linearizable(attempt(name, workload, seed, bug)) for seed in range(SEEDS))


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
        findings = attempt("primary_backup", "register", seed, bug).record.findings
        if invariant in [finding.monitor for finding in findings]:
            return
    pytest.fail(f"{invariant} was never broken")
