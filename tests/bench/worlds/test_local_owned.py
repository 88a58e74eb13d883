"""Nothing is left behind, and nobody else's is touched."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitbrain.bench.worlds.local import owned
from splitbrain.bench.worlds.local.owned import RECORD, Removed, Workspace, clean, start_of

SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return owned.root()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing until it is ended."""
    with subprocess.Popen(SLEEPER, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def left_behind(root: Path, *processes: tuple[int, int]) -> Path:
    """A workspace of a bench that is gone, with such processes."""
    workspace = root / "1-gone"
    workspace.mkdir()
    lines = "".join(f"{pid} {started}\n" for pid, started in ((os.getpid(), 1), *processes))
    (workspace / RECORD).write_text(lines)
    return workspace


def test_a_workspace_of_a_bench_that_lives_is_left_alone() -> None:
    workspace = Workspace()
    assert clean() == Removed(0, 0)
    assert workspace.path.is_dir()
    workspace.close()
    assert not workspace.path.exists()


def test_processes_of_a_bench_that_is_gone_are_ended(root: Path, sleeper: subprocess.Popen[bytes]) -> None:
    started = start_of(sleeper.pid)
    assert started is not None
    workspace = left_behind(root, (sleeper.pid, started))
    assert clean() == Removed(1, 1)
    assert sleeper.wait() == -9
    assert not workspace.exists()


def test_a_process_with_a_number_that_was_given_out_again_is_left_alone(
    root: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    left_behind(root, (sleeper.pid, 1))
    assert clean() == Removed(1, 0)
    assert sleeper.poll() is None


def test_a_bench_that_did_not_come_to_write_anything_down_is_known_by_the_name(root: Path) -> None:
    (root / f"{2**22 + 1}-gone").mkdir()
    (root / f"{os.getpid()}-here").mkdir()
    assert clean() == Removed(1, 0)
    assert [path.name for path in root.iterdir()] == [f"{os.getpid()}-here"]


def test_a_record_that_was_not_written_to_its_end_counts_as_far_as_it_goes(root: Path) -> None:
    workspace = left_behind(root)
    with (workspace / RECORD).open("a") as record:
        record.write("123")
    assert clean() == Removed(1, 0)
