"""Every planted bug of lock_service is found under the default faults, and the correct system is left alone."""

import pytest
from campaign import attempt

SEEDS = {
    "no-fence": 5,
    "fences-writes-only": 17,
    "forgets-tokens": 297,
    "maybe-is-mine": 0,
    "never-expires": 13,
    "tokens-go-back": 1,
}
"""The first seed that finds each bug (tests/helpers/campaign.py)."""


@pytest.mark.parametrize(("bug", "seed"), SEEDS.items())
def test_each_planted_bug_is_found(bug: str, seed: int) -> None:
    assert attempt("lock_service", "increment", seed, bug).record.grade == "invalid"
    assert attempt("lock_service", "increment", seed).record.grade == "valid"


def test_the_correct_system_is_valid() -> None:
    for seed in range(20):
        record = attempt("lock_service", "increment", seed).record
        assert record.grade == "valid", f"seed {seed}: {record.sentence}"
