"""Every planted bug of mapreduce is found under the default faults, and the correct system is left alone."""

import pytest
from campaign import attempt

from splitbrain.systems.mapreduce import system

SEEDS = 30
"""Within so many seeds each bug must show itself. The hunt ends at the first one that finds it."""


@pytest.mark.parametrize("bug", system.bugs)
def test_each_planted_bug_is_found(bug: str) -> None:
    assert any(attempt("mapreduce", "mapreduce", seed, bug).record.grade == "invalid" for seed in range(SEEDS))


def test_the_correct_system_is_valid() -> None:
    for seed in range(15):
        record = attempt("mapreduce", "mapreduce", seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
