"""Every planted bug of snapshot is found under the default faults, and the correct system is left alone."""

import pytest
from campaign import attempt

from splitbrain.systems.snapshot import system


@pytest.mark.parametrize("bug", system.bugs)
def test_each_planted_bug_is_found(bug: str) -> None:
    assert attempt("snapshot", "snapshot", 0, bug).record.grade == "invalid"


def test_the_correct_system_is_valid() -> None:
    for seed in range(15):
        record = attempt("snapshot", "snapshot", seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
