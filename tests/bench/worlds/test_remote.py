"""The remote world against real SSH servers: faults, hosts that die, and nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sshd
from msgspec.structs import replace
from notebooks import Driver, deploy, example, system

from splitbrain.bench.actions import Lost, Undo
from splitbrain.bench.run import Progress, run
from splitbrain.bench.test import MILLISECOND, SECOND, Test
from splitbrain.bench.worlds.local.world import LocalWorld
from splitbrain.bench.worlds.remote import agent_line
from splitbrain.bench.worlds.remote.machines import Hosts
from splitbrain.bench.worlds.world import world_of
from splitbrain.errors import ContractError, UsageError

CYCLES = int(os.environ.get("SPLITBRAIN_CYCLES", "1"))
"""How often a world is opened and closed; 50 by hand."""

if reason := sshd.missing():
    pytest.skip(f"no hosts to reach over SSH: {reason}", allow_module_level=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Hosts]:
    with sshd.hosts(tmp_path_factory.mktemp("hosts"), 5) as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_left(made: sshd.Hosts) -> Iterator[None]:
    before = left()
    yield
    until(lambda: all(not host.processes() for host in made.hosts if host.process.poll() is None))
    assert left() == before


def left() -> list[str]:
    return sorted(map(str, Path("/tmp").glob("splitbrain-agent-*")))


def until(done: Callable[[], bool]) -> None:
    while not done():
        os.sched_yield()


def test_raft_on_five_hosts_is_linearizable_under_partitions_kills_and_pauses(made: sshd.Hosts, tmp_path: Path) -> None:
    test = Test(
        system="raft",
        workload="register",
        seed=1,
        faults="partition,kill,pause",
        world="remote",
        network="nftables",
        remote=sshd.reached(made),
        servers=5,
        operations=100,
        rate=50,
    )
    result = run(test, tmp_path / "run")
    assert result.record.grade == "valid", result.record.sentence
    had = {effect.family: effect for effect in result.record.effects if effect.count}
    assert had.keys() == {"partition", "kill", "pause"}
    assert had["partition"].packets
    logs = {path.name for path in (tmp_path / "run" / "nodes").iterdir()}
    assert {f"s{number}.log" for number in range(1, 6)} <= logs


def test_clocks_of_hosts_have_the_origin_of_the_run_in_common(made: sshd.Hosts) -> None:
    test = Test(
        system="cristian",
        workload="time",
        seed=1,
        faults="none",
        world="remote",
        remote=sshd.reached(made, 3),
        operations=30,
        rate=100,
    )
    assert run(test).record.grade == "valid", f"although the hosts' clocks are {sshd.AHEAD} s apart"


def test_a_world_leaves_no_process_directory_thread_or_descriptor_behind(made: sshd.Hosts, tmp_path: Path) -> None:
    test = example(world="remote", network="nftables", remote=sshd.reached(made, 2))
    directories, threads = left(), threading.active_count()
    with world_of(test, system, deploy(2, None), None):
        pass  # so that whatever is opened once has been
    descriptors = sorted(os.listdir("/proc/self/fd"))
    for _ in range(CYCLES):
        with world_of(test, system, deploy(2, None), tmp_path) as world:
            driver = Driver(world)
            assert driver.told("look", "s2") == "0:"
            driver.begin("partition", "s1", shape="isolate")
        assert left() == directories
        assert threading.active_count() == threads
        assert sorted(os.listdir("/proc/self/fd")) == descriptors
        for host in made.hosts[:2]:
            assert host.rules() == ""


def test_a_server_that_ends_by_itself_ends_the_run(made: sshd.Hosts, tmp_path: Path) -> None:
    test = example(world="remote", remote=sshd.reached(made, 2))
    with world_of(test, system, deploy(2, None), tmp_path) as world:
        driver = Driver(world)
        assert driver.told("look", "s2") == "0:"
        (victim,) = (pid for pid in made.hosts[1].processes() if b"host" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(ContractError, match=f"s2 ended by itself, with code -9: see {tmp_path}/s2.log"):
            driver.silence(20 * SECOND)
    assert (tmp_path / "s2.log").exists()


def test_more_servers_than_hosts_share_them(made: sshd.Hosts) -> None:
    test = example(world="remote", remote=sshd.reached(made, 1))
    with world_of(test, system, deploy(2, None), None) as world:
        driver = Driver(world)
        assert (driver.notes("s1"), driver.notes("s2")) == ((0, ""), (0, ""))
        assert driver.told("pass", "s1", "s2") == "passed by s1"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"known_hosts": "/dev/null"}, "its key is not in /dev/null: add it there .* or use --no-host-key-check"),
        ({"known_hosts": "/no/such/file"}, "--known-hosts /no/such/file: cannot be read: No such file"),
        ({"identity": "/no/such/key"}, "--identity /no/such/key: there is no such file"),
        ({"python": "/no/python"}, "/no/python does not run: .*: see --remote-python"),
    ],
    ids=["unknown key", "no file of keys", "no identity", "no Python"],
)
def test_a_host_that_cannot_be_used_is_an_error_of_one_line(
    made: sshd.Hosts, changes: dict[str, object], reason: str
) -> None:
    test = example(world="remote", remote=sshd.reached(made, 1, **changes))
    with pytest.raises(UsageError, match=reason) as raised:
        world_of(test, system, deploy(2, None), None)
    assert "\n" not in str(raised.value)


def test_a_key_that_is_another_ones_is_refused_unless_nobody_looks(made: sshd.Hosts, tmp_path: Path) -> None:
    one, other = (host.address for host in made.hosts[:2])
    keys = dict(line.split(" ", 1) for line in made.known_hosts.read_text().splitlines())
    wrong = tmp_path / "known_hosts"
    wrong.write_text(f"{one} {keys[other]}\n")
    test = example(world="remote", remote=sshd.reached(made, 1, known_hosts=str(wrong)))
    with pytest.raises(UsageError, match=f"{one}: its key is not the one in {wrong}"):
        world_of(test, system, deploy(2, None), None)
    test = example(world="remote", remote=sshd.reached(made, 1, known_hosts=str(wrong), check=False))
    with world_of(test, system, deploy(2, None), None) as world:
        assert Driver(world).told("look", "s2") == "0:"


def test_a_python_without_what_servers_need_says_what_to_install(made: sshd.Hosts, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    test = example(world="remote", remote=sshd.reached(made, 1, python=str(bare)))
    with pytest.raises(UsageError, match=r"has no msgspec: run there: .* -m pip install msgspec"):
        world_of(test, system, deploy(2, None), None)


def test_a_host_that_is_dead_at_the_start_is_an_error_and_the_others_are_left_alone(made: sshd.Hosts) -> None:
    remote = sshd.reached(made, 2)
    dead = f"{made.hosts[0].host}:2"
    test = example(world="remote", remote=replace(remote, hosts=(remote.hosts[0], dead)))
    with pytest.raises(UsageError, match=f"{dead}: cannot be reached: Connection refused"):
        world_of(test, system, deploy(2, None), None)


def test_several_servers_on_a_host_cannot_be_cut_off_by_its_firewall(made: sshd.Hosts) -> None:
    test = example(world="remote", network="nftables", remote=sshd.reached(made, 1))
    with pytest.raises(UsageError, match="it has several servers: leave out --network nftables"):
        world_of(test, system, deploy(2, None), None)


@pytest.fixture
def dying(tmp_path: Path) -> Iterator[sshd.Hosts]:
    """Two hosts, of which the second one dies; what it leaves behind is removed as its next agent would."""
    before = set(left())
    with sshd.hosts(tmp_path, 2) as started:
        yield started
    for directory in set(left()) - before:
        shutil.rmtree(directory)


@pytest.mark.parametrize("silently", [False, True], ids=["with its connections", "without a word"])
def test_a_host_that_dies_takes_its_server_with_it_and_the_run_goes_on(
    dying: sshd.Hosts, monkeypatch: pytest.MonkeyPatch, silently: bool
) -> None:
    monkeypatch.setattr(agent_line, "BEAT", 0.1)
    test = example(world="remote", remote=sshd.reached(dying))
    with world_of(test, system, deploy(2, None), None) as world:
        assert isinstance(world, LocalWorld)
        assert isinstance(world._machines, Hosts)
        driver = Driver(world)
        assert driver.told("look", "s2") == "0:"
        unit = driver.begin("kill", "s2")
        if silently:
            world._machines.agents[1].silence = 0.5
            dying.hosts[1].unplug()
        else:
            dying.hosts[1].die()
        driver.world.perform(Undo(unit.fault.unit))
        report = driver.until(lambda report: isinstance(report, Lost))
        assert isinstance(report, Lost)
        assert report.server == "s2"
        assert dying.hosts[1].host in report.reason
        assert driver.notes("s1")[0] == 0
        assert driver.begin("pause", "s1,s2").nodes == ("s1",)
        driver.heal()
        assert driver.notes("s1")[0] == 0


def test_a_host_that_dies_in_a_run_is_in_its_history_and_its_warnings(dying: sshd.Hosts) -> None:
    def strike(progress: Progress) -> None:
        if progress.operations == 10 and dying.hosts[1].process.poll() is None:
            dying.hosts[1].die()

    test = Test(
        system="ping_pong",
        workload="ping",
        seed=1,
        faults="none",
        world="remote",
        remote=sshd.reached(dying),
        servers=2,
        operations=30,
        rate=100,
        timeout=100 * MILLISECOND,
    )
    result = run(test, progress=strike)
    (event,) = (event for event in result.history.nemesis if event.what == "lost")
    assert event.targets == ("s2",)
    assert any("s2 was lost" in warning for warning in result.record.warnings)
    assert result.record.grade != "invalid", result.record.sentence


def test_nothing_outlives_a_bench_that_is_killed(made: sshd.Hosts, tmp_path: Path) -> None:
    remote = sshd.reached(made, 2)
    command = [sys.executable, "-m", "splitbrain", "run", "ping_pong", "--world", "remote", "--seed", "1"]
    command += ["--servers", "2", "--operations", "100000", "--time", "1h", "--runs-dir", str(tmp_path / "runs")]
    command += ["--known-hosts", str(remote.known_hosts), "--identity", str(remote.identity)]
    command += ["--remote-python", remote.python, *(word for host in remote.hosts for word in ("--host", host))]
    before = left()
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stderr is not None
        while "operations" not in (line := bench.stderr.readline()):
            assert line, "the bench ended too early"
        assert all(host.processes() for host in made.hosts[:2]), "an agent and a server each"
        bench.kill()
        bench.communicate()
    until(lambda: left() == before)
