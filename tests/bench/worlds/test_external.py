"""Programs that are not ours as a system under test: `registerd` of tests/plugin."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from splitbrain import (
    ContractError,
    Database,
    Fault,
    Invocation,
    Program,
    Site,
    System,
    Test,
    Trigger,
    UsageError,
    Value,
    run,
)
from splitbrain.bench.worlds.external.world import ExternalWorld
from splitbrain.bench.worlds.local import owned
from splitbrain.bench.worlds.local.owned import clean, marked

PLUGIN = Path(__file__).resolve().parents[2] / "plugin"
SECOND = 1_000_000_000
SYSTEM = "splitbrain_example.database:system"
TEST = Test(
    system=SYSTEM, workload="register", seed=1, world="local", servers=1, faults="none", operations=60, rate=1000
)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(PLUGIN), prepend=os.pathsep)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return owned.root()


def example() -> System:
    from splitbrain_example.database import system

    return system


def world(database: Database, **other: object) -> ExternalWorld:
    system = replace(example(), database=database)
    test = changed(TEST, **other)
    return ExternalWorld(test, system.deploy(test.servers, None), system)


def of(schedule: Sequence[Fault]) -> Test:
    return changed(TEST, faults="by.json", schedule=tuple(schedule), time=2 * SECOND, operations=400, rate=200)


def test_a_server_is_killed_and_paused_and_serves_again(root: Path) -> None:
    short = 200_000_000
    back = Trigger(moment="stop", follows=0, wait=short)
    result = run(
        of(
            [
                Fault(unit=0, family="kill", at=short, lasts=short, on="one"),
                Fault(unit=1, family="pause", at=back, lasts=short, on="one"),
            ]
        )
    )
    assert result.record.grade == "valid", result.record.sentence
    assert [(effect.family, effect.count) for effect in result.record.effects] == [("kill", 1), ("pause", 1)]
    assert any(operation.outcome == "fail" for operation in result.history.operations)
    assert list(root.iterdir()) == []


@pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="there is no C compiler")
def test_clocks_and_files_of_a_program_go_wrong() -> None:
    result = run(
        changed(
            of(
                [
                    Fault(unit=0, family="clock.jump", at=100_000_000, lasts=SECOND, on="one", delay=SECOND),
                    Fault(unit=1, family="files.full", at=200_000_000, lasts=SECOND, on="one", rate=1.0),
                ]
            ),
            beyond_tolerance=True,
        )
    )
    assert result.record.grade == "valid", result.record.sentence
    assert all(effect.count for effect in result.record.effects)
    assert any(operation.outcome != "ok" for operation in result.history.operations)


def test_a_server_that_ends_by_itself_is_noted_and_started_again_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from splitbrain_example import database

    class Mortal(database.Client):
        def invoke(self, op: Invocation) -> Value:
            if op.operation == 20:
                os.kill(next(marked(str(owned.root()))), signal.SIGKILL)
            return super().invoke(op)

    monkeypatch.setattr(database, "Client", Mortal)
    result = run(TEST)
    assert result.record.grade == "valid", result.record.sentence
    assert any(warning.startswith("n1 ended by itself at ") for warning in result.record.warnings)


def test_what_a_server_starts_does_not_outlive_the_run() -> None:
    class Forks(type(example().database)):  # type: ignore[misc]
        def commands(self, site: Site) -> Sequence[Sequence[str]]:
            return [["sh", "-c", "setsid sleep 1000 & exec sleep 1000"], *super().commands(site)]

    with world(Forks()) as opened:
        assert len(list(marked(str(owned.root())))) >= 3
        del opened
    assert list(marked(str(owned.root()))) == []


def test_a_server_that_does_not_start_is_an_error_that_shows_its_log() -> None:
    class Fails(type(example().database)):  # type: ignore[misc]
        def commands(self, site: Site) -> Sequence[Sequence[str]]:
            return [["sh", "-c", "echo no space left; exit 3"]]

    with pytest.raises(ContractError, match="n1 ended by itself, with code 3: no space left"), world(Fails()):
        pass


def test_a_missing_program_is_an_error_that_says_what_to_install() -> None:
    class Needs(type(example().database)):  # type: ignore[misc]
        programs = {"no-such-program": Program(install="install nothing")}  # noqa: RUF012

    with pytest.raises(UsageError, match="there is no no-such-program here: install nothing, or give --binary"):
        world(Needs())
    with pytest.raises(UsageError, match="there is no program 'other' to choose"):
        world(Needs(), binaries=(("other", "/bin/true"),))


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"faults": "partition"}, "partition needs a network that can be cut: --network namespaces"),
        ({"world": "simulated"}, "is made of programs: it runs in --world local"),
        ({"options": (("reads", "some"),)}, "has no option 'reads': there are none"),
    ],
)
def test_what_cannot_be_done_is_an_error_before_anything_starts(other: dict[str, object], error: str) -> None:
    with pytest.raises(UsageError, match=error):
        run(changed(TEST, **other))


def test_an_exception_of_a_client_ends_the_run_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from splitbrain_example import database

    def broken(self: object, op: object) -> object:
        raise KeyError("x")

    monkeypatch.setattr(database.Client, "invoke", broken)
    with pytest.raises(ContractError, match="client c0: KeyError: 'x'"):
        run(changed(TEST, clients=1))


@pytest.mark.parametrize(
    ("strike", "code"),
    [(lambda bench: bench.send_signal(signal.SIGINT), 2), (lambda bench: bench.kill(), -9)],
    ids=["Ctrl-C", "kill -9"],
)
def test_processes_do_not_outlive_the_bench(
    tmp_path: Path, strike: Callable[["subprocess.Popen[str]"], None], code: int
) -> None:
    command = [sys.executable, "-m", "splitbrain", "run", SYSTEM, "--time", "1h", "--faults", "none"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "200"}
    with subprocess.Popen(
        [*command, "--runs-dir", str(tmp_path / "runs")], env=environment, stderr=subprocess.PIPE, text=True
    ) as bench:
        assert bench.stderr is not None
        for line in bench.stderr:
            if "1 operation" in line or (" operations, faults" in line and ": 0 " not in line):
                break
        strike(bench)
        bench.stderr.read()
        assert bench.wait() == code
    clean()
    assert list(marked(str(owned.root()))) == []


def test_settings_and_programs_reach_the_command_line() -> None:
    from splitbrain.bench.command import command

    shown = command(changed(TEST, options=(("reads", "local"),), binaries=(("etcd", "/opt/etcd"),)))
    assert "--option reads=local --binary etcd=/opt/etcd" in shown
    assert replace(example(), options={"reads": ("local",)}).options
