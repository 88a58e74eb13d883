"""Every planted bug of the gossiping systems is found under the default faults, and the correct ones are left alone."""

import pytest
from campaign import attempt

from splitbrain.bench.registry import system

SYSTEMS = ("broadcast", "counters", "unique_ids", "kafka")
SEEDS = 30
"""Within so many seeds each bug must show itself. The hunt ends at the first one that finds it."""


@pytest.mark.parametrize(("name", "bug"), [(name, bug) for name in SYSTEMS for bug in system(name).bugs])
def test_each_planted_bug_is_found(name: str, bug: str) -> None:
    workload = system(name).workloads[0]
    assert any(attempt(name, workload, seed, bug).record.grade == "invalid" for seed in range(SEEDS))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_correct_system_is_valid(name: str) -> None:
    for seed in range(15):
        record = attempt(name, system(name).workloads[0], seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
