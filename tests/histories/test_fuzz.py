"""Damaged files are refused with one clear line, or judged, rightly; nothing else ever comes of them, and soon."""

from pathlib import Path

import pytest
from fuzz import SAMPLES, outcomes, verdicts

from splitbrain.histories.store import load


def test_the_samples_load(tmp_path: Path) -> None:
    for number, sample in enumerate(SAMPLES):
        path = tmp_path / str(number)
        path.write_bytes(sample)
        assert len(load(path)) > 0


@pytest.mark.timeout(60)
def test_damaged_files() -> None:
    found = [outcome for outcome, _ in outcomes(1000, seed=1)]
    assert found.count("loaded") > 100
    assert found.count("refused") > 100


@pytest.mark.timeout(120)
def test_verdicts_on_damaged_files() -> None:
    """`python tests/helpers/fuzz.py 10000 1` is the long run of this."""
    found = [grade for grade, _ in verdicts(400, seed=1)]
    assert found.count("refused") > 100
    assert found.count("valid") > 20
    assert found.count("invalid") > 20
