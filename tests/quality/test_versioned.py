"""Every planted bug of versioned is found under the default faults, and the correct system is left alone."""

import pytest
from campaign import attempt, not_linearizable

from splitbrain.systems.versioned import system

SEEDS = 200
"""Within so many seeds each bug must show itself. The hunt ends at the first one that finds it."""


@pytest.mark.parametrize("bug", system.bugs)
def test_clients_see_every_planted_bug(bug: str) -> None:
    assert any(not_linearizable(attempt("versioned", "versioned", seed, bug)) for seed in range(SEEDS))


def test_the_correct_system_is_valid() -> None:
    for seed in range(20):
        record = attempt("versioned", "versioned", seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
