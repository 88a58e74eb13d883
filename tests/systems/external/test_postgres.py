"""PostgreSQL, started, asked and ended, where it is installed."""

import os
from pathlib import Path

import pytest

from splitbrain.bench.cli.main import run
from splitbrain.bench.worlds.external.programs import find
from splitbrain.bench.worlds.local.owned import marked, root
from splitbrain.errors import UsageError
from splitbrain.systems.external.commands import unprivileged
from splitbrain.systems.external.postgres import Postgres


@pytest.fixture
def installed() -> None:
    """Skip where the programs are missing, or may not run."""
    try:
        find(Postgres.programs, {})
        unprivileged()
    except UsageError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("installed")
def test_a_short_run_is_valid_and_leaves_nothing_behind(tmp_path: Path) -> None:
    arguments = [
        "run",
        "postgres",
        "--workload",
        "bank",
        "--faults",
        "none",
        "--time",
        "1s",
        "--operations",
        "60",
        "--seed",
        "1",
    ]
    assert run([*arguments, "--runs-dir", str(tmp_path)]) == 0
    assert not list(marked(f"{root()}/{os.getpid()}-"))
