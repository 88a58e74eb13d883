"""The processes of the local world come and go with the bench."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from notebooks import Driver, deploy, example, system

from splitbrain.bench.run import run
from splitbrain.bench.test import SECOND, Test
from splitbrain.bench.worlds.local import owned
from splitbrain.bench.worlds.local.network import missing
from splitbrain.bench.worlds.local.owned import start_of
from splitbrain.bench.worlds.local.world import LocalWorld
from splitbrain.errors import ContractError
from splitbrain.histories.store import load

CYCLES = int(os.environ.get("SPLITBRAIN_CYCLES", "1"))
"""How often a world is opened and closed; 50 by hand."""

BENCH = [sys.executable, "-m", "splitbrain", "run", "ping_pong", "--world", "local", "--seed", "1", "--faults", "pause"]
LONG = ["--operations", "100000", "--time", "1h"]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return owned.root()


def world() -> LocalWorld:
    return LocalWorld(example(), deploy(2, None), system.fault_model)


def test_a_world_leaves_no_process_file_or_descriptor_behind(root: Path) -> None:
    with world():
        pass  # so that whatever is opened once has been
    before = sorted(os.listdir("/proc/self/fd"))
    pids: list[int] = []
    for _ in range(CYCLES):
        with world() as opened:
            pids += opened.pids().values()
            assert Driver(opened).told("look", "s2") == "0:"
    assert [pid for pid in pids if start_of(pid) is not None] == []
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert list(root.iterdir()) == []


def test_a_server_that_ends_by_itself_ends_the_run() -> None:
    with world() as opened:
        driver = Driver(opened)
        os.kill(opened.pids()["s1"], signal.SIGKILL)
        with pytest.raises(ContractError, match="s1 ended by itself, with code -9"):
            driver.silence(20 * SECOND)


def test_a_system_that_cannot_be_started_is_an_error_that_says_why() -> None:
    test = example(system="no_such_module:system")
    with (
        pytest.raises(ContractError, match="no module no_such_module"),
        LocalWorld(test, deploy(2, None), system.fault_model),
    ):
        pass


@pytest.mark.parametrize(
    ("strike", "code"),
    [(lambda bench: bench.send_signal(signal.SIGINT), 2), (lambda bench: bench.kill(), -9)],
    ids=["Ctrl-C", "kill -9"],
)
@pytest.mark.parametrize(("network", "processes"), [("loopback", 3), ("namespaces", 4)])
def test_processes_do_not_outlive_the_bench(
    tmp_path: Path,
    root: Path,
    strike: Callable[[subprocess.Popen[str]], None],
    code: int,
    network: str,
    processes: int,
) -> None:
    if network == "namespaces" and (reason := missing()):
        pytest.skip(f"no namespaces: {reason}")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [*BENCH, *LONG, "--network", network, "--runs-dir", str(tmp_path / "runs")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stderr is not None
        while "0.0 s of the system" not in (line := bench.stderr.readline()) and "operations" not in line:
            assert line, "the bench ended too early"
        servers = [owned.Process(*map(int, line.split())) for line in recorded(root)[1:]]
        strike(bench)
        bench.communicate()
    assert bench.returncode == code
    assert len(servers) == processes
    # The kernel ends them at once, but not before the bench is reported dead.
    while any(start_of(server.pid) == server.started for server in servers):
        os.sched_yield()
    owned.clean()
    assert list(root.iterdir()) == []
    (history,) = tmp_path.glob("runs/default/*/history.jsonl")
    load(history)


def recorded(root: Path) -> list[str]:
    return [line for record in root.glob(f"*/{owned.RECORD}") for line in record.read_text().splitlines()]


def test_a_run_is_kept_and_judged_as_in_the_simulated_world(tmp_path: Path) -> None:
    test = Test(
        system="primary_backup", workload="kv", seed=1, faults="partition,kill", world="local", operations=60, rate=100
    )
    result = run(test, tmp_path / "run")
    assert result.record.grade in ("valid", "inert"), result.record.sentence
    assert result.record.again == "runs the same test again"
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "faults.jsonl",
        "history.jsonl",
        "messages.jsonl",
        "nodes",
        "report.html",
        "results.json",
        "test.json",
    ]
    assert {"s1.log", "s2.log", "s3.log"} <= {path.name for path in (tmp_path / "run" / "nodes").iterdir()}
