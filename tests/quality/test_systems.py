"""The bench's own test: every planted bug is found under the default faults, and correct systems are left alone.

`found.json` has the first seed that finds each bug, and what finds it (tests/helpers/record.py writes it). Campaigns
over many seeds are run by `.ci/long`.
"""

import pytest
from campaign import attempt
from record import table

from splitbrain.bench.registry import SYSTEMS, system

SEEDS = 12
FOUND = table()
BUGS = [f"{name}/{bug}" for name in SYSTEMS for bug in system(name).bugs]


def test_the_table_has_all_planted_bugs_and_no_others() -> None:
    assert sorted(FOUND) == sorted(BUGS)


@pytest.mark.parametrize("bug", BUGS)
def test_every_planted_bug_is_found_and_its_correct_twin_is_valid(bug: str) -> None:
    name, _, broken = bug.partition("/")
    workload, seed, *expected = FOUND[bug]
    assert list(attempt(name, str(workload), int(str(seed)), broken).found_by) == expected
    assert attempt(name, str(workload), int(str(seed))).record.grade == "valid"


@pytest.mark.parametrize(
    ("name", "workload"), [(name, workload) for name in SYSTEMS for workload in system(name).workloads]
)
def test_correct_systems_are_valid(name: str, workload: str) -> None:
    for seed in range(SEEDS):
        record = attempt(name, workload, seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"


@pytest.mark.parametrize(
    ("name", "workload", "seed"),
    [
        ("mapreduce", "mapreduce", 853),  # a worker that gave a task up went on with the timer of that one
        ("berkeley", "time_together", 756),  # a correction from before a restart was applied after it
    ],
)
def test_seeds_that_once_found_something_are_valid(name: str, workload: str, seed: int) -> None:
    record = attempt(name, workload, seed).record
    assert record.grade == "valid", record.sentence
