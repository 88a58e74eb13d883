"""Every planted bug of two_phase_commit is found under the default faults, and the correct system is left alone."""

import pytest
from campaign import attempt

SEEDS = {
    "forgets-decisions": 4,
    "answers-twice": 201,
    "majority-commits": 0,
    "silence-is-consent": 0,
    "forgets-promises": 2,
    "decides-alone": 1,
    "reads-locked": 0,
    "late-copies": 0,
}
"""The first seed that finds each bug (tests/helpers/campaign.py)."""


@pytest.mark.parametrize(("bug", "seed"), SEEDS.items())
def test_each_planted_bug_is_found(bug: str, seed: int) -> None:
    assert attempt("two_phase_commit", "bank", seed, bug).record.grade == "invalid"
    assert attempt("two_phase_commit", "bank", seed).record.grade == "valid"


def test_the_correct_system_is_valid() -> None:
    for seed in range(20):
        record = attempt("two_phase_commit", "bank", seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
