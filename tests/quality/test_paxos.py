"""Every planted bug of the Paxos store is found under the default faults, and the correct system is left alone."""

import pytest
from campaign import attempt, not_linearizable

from splitbrain.systems.paxos import system

CLIENTS = "what the clients saw"
FOUND = {
    "promise-in-memory": ("kv", 1, "promises-kept"),
    "lazy-disk": ("register", 70, "one-value"),
    "accepts-anything": ("kv", 1, "promises-kept"),
    "ignores-votes": ("kv", 1, CLIENTS),
    "first-vote": ("kv", 1, "one-value"),
    "hasty-holes": ("kv", 1, CLIENTS),
    "counts-twice": ("register", 12, "chosen-by-majority"),
    "counts-old-promises": ("kv", 39, "promises-kept"),
    "learns-from-any-vote": ("kv", 1, "same-state"),
    "reuses-ballots": ("kv", 3, "ballots-unique"),
    "leads-twice": ("register", 62, "ballots-unique"),
    "clears-early": ("register", 0, "cleared-last"),
    "clears-unsaved": ("kv", 1, "cleared-last"),
    "restores-anything": ("kv", 207, "one-value"),
    "reads-locally": ("register", 4, CLIENTS),
    "no-dedup": ("kv", 3, CLIENTS),
    "snapshot-without-duplicates": ("register", 0, "same-state"),
}
"""Workload, the first seed that finds the bug when seeds take turns with the workloads, and by what it is found."""


@pytest.mark.parametrize("bug", system.bugs)
def test_every_planted_bug_is_found(bug: str) -> None:
    workload, seed, finder = FOUND[bug]
    result = attempt("paxos", workload, seed, bug)
    found = [finding.monitor for finding in result.record.findings]
    assert finder in [*found, *[CLIENTS for _ in range(not_linearizable(result))]]
    assert attempt("paxos", workload, seed).record.grade == "valid"


@pytest.mark.parametrize("workload", system.workloads)
def test_the_correct_system_is_valid(workload: str) -> None:
    for seed in range(25):
        record = attempt("paxos", workload, seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
