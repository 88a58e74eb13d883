"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of histories recorded elsewhere: `$SPLITBRAIN_DATA`, or `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("SPLITBRAIN_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real histories: {folder} does not exist (set SPLITBRAIN_DATA)")
    return folder
