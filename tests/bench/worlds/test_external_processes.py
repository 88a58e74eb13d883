"""The processes of a server that is not ours: all of them are found, whatever they do to their environment."""

import shutil
from pathlib import Path

import pytest

from splitbrain.bench.worlds.external.processes import Processes
from splitbrain.bench.worlds.local.owned import state


@pytest.mark.skipif(not Path("/proc").is_dir() or shutil.which("env") is None, reason="needs Linux's /proc, and env")
def test_processes_that_do_not_bear_the_mark_are_found_by_their_session(tmp_path: Path) -> None:
    processes = Processes(f"{tmp_path}/", tmp_path / "log")
    (number,) = processes.start([["env", "-i", "sh", "-c", "while :; do :; done"]], {}, tmp_path)
    try:
        processes.pause()
        assert state(number) == "T"
        processes.resume()
        assert state(number) in "RS"
    finally:
        processes.kill()
    assert state(number) in "XZ"
