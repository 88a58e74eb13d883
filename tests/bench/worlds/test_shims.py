"""Wrong clocks and failing disks, for programs that are not ours."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from splitbrain.bench.worlds.external.programs import find
from splitbrain.bench.worlds.shims import ClockShim, DiskShim, Snapshot, objection, together
from splitbrain.bench.worlds.shims.library import library, missing
from splitbrain.errors import UsageError
from splitbrain.systems.database import Program

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
POSTGRES = Path("/usr/lib/postgresql/15/bin")
BEAM = 'io:format("~p ~p", [os:system_time(nanosecond), erlang:monotonic_time(nanosecond)]), halt().'
JAVA = """public class T {
    public static void main(String[] none) throws Exception {
        long then = System.nanoTime();
        Thread.sleep(1);
        synchronized (none) { none.wait(1); }
        System.out.print(System.currentTimeMillis() * 1000000 + " " + (System.nanoTime() - then));
    }
}"""
WAITS = """
import threading, time
time.sleep(0.001)
threading.Event().wait(0.001)
lock = threading.Lock()
lock.acquire()
lock.acquire(timeout=0.001)
condition = threading.Condition()
with condition:
    condition.wait(0.001)
"""

compiled = pytest.mark.skipif(bool(missing()), reason=missing())


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the libraries are, so that they are compiled once."""
    return tmp_path_factory.mktemp("shims")


@pytest.fixture
def clock(place: Path) -> Iterator[ClockShim]:
    shim = ClockShim(place / "clock")
    yield shim
    shim.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    directory.mkdir()
    return directory


@pytest.fixture
def disk(place: Path, data: Path) -> Iterator[DiskShim]:
    shim = DiskShim(place / "disk", data)
    yield shim
    shim.close()


def output(command: list[str], environment: Mapping[str, str]) -> str:
    """What a program prints. It is given a minute, which only one that hangs takes."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def python(program: str, environment: Mapping[str, str]) -> str:
    return output([sys.executable, "-c", program], environment)


def put_ahead(clock: ClockShim, gained: int) -> None:
    """Have all clocks be ahead, as if they had run fast for long."""
    for word in range(2, 6):
        clock._page.words[clock._state + word] = gained


# Clocks


@compiled
def test_dates_step_and_monotonic_clocks_do_not(clock: ClockShim) -> None:
    look = "import time; print(time.time_ns(), time.monotonic_ns(), int(time.clock_gettime(time.CLOCK_BOOTTIME)))"
    for offset in (HOUR, -HOUR):
        clock.set(offset)
        first, again = time.time_ns(), time.monotonic_ns()
        date, monotonic, boot = map(int, python(look, clock.environment()).split())
        assert first <= date - offset <= time.time_ns()
        assert again <= monotonic <= time.monotonic_ns()
        assert boot <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert clock.attached == 2
    assert clock.count > 0


@compiled
def test_a_clock_that_runs_fast_keeps_what_it_gained(clock: ClockShim) -> None:
    look = "import time; print(time.monotonic_ns(), time.time_ns())"
    clock.set(0, rate=50)
    for _ in range(2):
        earliest = time.monotonic_ns() + clock.gained, time.time_ns() + clock.gained
        shown = [int(each) for each in python(look, clock.environment()).split()]
        latest = time.monotonic_ns() + clock.gained, time.time_ns() + clock.gained
        assert all(low <= seen <= high for low, seen, high in zip(earliest, shown, latest, strict=True))
        clock.set(0)
    gained = clock.gained
    assert gained > 0
    clock.set(0, rate=0.5)
    assert clock.gained <= gained


@compiled
def test_drift_and_jumps_are_independent_of_each_other(clock: ClockShim) -> None:
    look = "import time; print(time.time_ns(), time.monotonic_ns())"
    clock.drift(SECOND)
    clock.jump(HOUR)
    earliest = time.monotonic_ns() + clock.gained
    date, monotonic = map(int, python(look, clock.environment()).split())
    assert earliest < monotonic < time.monotonic_ns() + clock.gained
    assert abs(date - time.time_ns() - HOUR) < HOUR / 2
    assert clock.offset == HOUR
    clock.drift(0)
    clock.jump(-HOUR)
    assert clock.offset == 0


@compiled
def test_no_change_of_the_rate_puts_a_monotonic_clock_back(clock: ClockShim) -> None:
    watch = """
import sys, time
clocks = time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_MONOTONIC_RAW, 6
last = [0, 0, 0, 0]
print(flush=True)
while last[0] < int(sys.argv[1]):
    for at, clock in enumerate(clocks):
        now = time.clock_gettime_ns(clock)
        assert now >= last[at], (clock, now - last[at])
        last[at] = now
"""
    end = time.monotonic_ns() + 10 * SECOND  # on a clock a hundred times as fast
    command = [sys.executable, "-c", watch, str(end)]
    with subprocess.Popen(command, env={**os.environ, **clock.environment()}, stdout=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        while watching.poll() is None:
            for rate in (100, 0.01, 30, 1):
                clock.set(0, rate)
    assert watching.returncode == 0


@compiled
def test_one_who_dies_in_the_middle_of_a_change_is_not_waited_for(clock: ClockShim) -> None:
    clock.set(HOUR)
    clock._page.words[0] += 1
    look = "import time; print(min(time.time_ns() for _ in range(100000)))"
    assert abs(int(python(look, clock.environment())) - time.time_ns() - HOUR) < HOUR / 2


@compiled
def test_deadlines_follow_the_clock_that_a_program_is_shown(clock: ClockShim) -> None:
    """A program that adds a millisecond to a clock which is a day ahead must not wait for a day."""
    put_ahead(clock, 24 * HOUR)
    clock.set(24 * HOUR)
    python(WAITS, clock.environment())


@compiled
def test_a_clock_cannot_stand_still(clock: ClockShim) -> None:
    with pytest.raises(UsageError, match="a clock cannot run 0 times as fast"):
        clock.set(0, rate=0)


@compiled
@needs("java")
def test_java_is_told_a_wrong_time_and_does_not_hang(clock: ClockShim, tmp_path: Path) -> None:
    (tmp_path / "T.java").write_text(JAVA)
    put_ahead(clock, HOUR)
    clock.set(HOUR)
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
    date, waited = map(int, output(["java", *options, str(tmp_path / "T.java")], clock.environment()).split())
    assert abs(date - time.time_ns() - 2 * HOUR) < HOUR
    assert 0 < waited < HOUR


@compiled
@needs("erl")
def test_erlang_is_told_a_wrong_time(clock: ClockShim) -> None:
    clock.set(-HOUR)
    date, _ = map(int, output(["erl", "-noshell", "-eval", BEAM], clock.environment()).split())
    assert 0 <= time.time_ns() - HOUR - date < HOUR


# Redis


class Redis:
    """A server that syncs every write, and one connection to it."""

    def __init__(self, directory: Path, data: Path, environment: Mapping[str, str]) -> None:
        path = directory / "socket"
        command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--dir", str(data), "--save", ""]
        self.process = subprocess.Popen(
            [*command, "--appendonly", "yes", "--appendfsync", "always"],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.lines = self.process.stdout
        assert any("ready to accept connections" in line.lower() for line in self.lines)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))

    def ask(self, *words: str) -> str:
        self.socket.sendall((" ".join(words) + "\r\n").encode())
        return self.socket.recv(1000).decode()


@contextmanager
def redis(directory: Path, data: Path, environment: Mapping[str, str]) -> Iterator[Redis]:
    server = Redis(directory, data, environment)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()
        server.socket.close()


@compiled
@needs("redis-server")
def test_keys_of_redis_expire_when_its_clock_jumps(tmp_path: Path, data: Path, clock: ClockShim) -> None:
    with redis(tmp_path, data, clock.environment()) as server:
        clock.set(HOUR)
        seconds = int(server.ask("TIME").split()[2])
        assert abs(seconds * SECOND - time.time_ns() - HOUR) < HOUR / 2
        assert server.ask("SET", "key", "value", "EX", "60") == "+OK\r\n"
        assert server.ask("GET", "key") == "$5\r\nvalue\r\n"
        clock.set(2 * HOUR)
        assert server.ask("GET", "key") == "$-1\r\n"


@compiled
@needs("redis-server")
def test_redis_stops_when_a_sync_fails(tmp_path: Path, data: Path, clock: ClockShim, disk: DiskShim) -> None:
    with redis(tmp_path, data, together(clock.environment(), disk.environment())) as server:
        assert (clock.attached, disk.attached) == (1, 1)
        assert server.ask("SET", "key", "1") == "+OK\r\n"
        disk.set(writes="short")
        assert server.ask("SET", "key", "2") == "+OK\r\n"
        assert disk.done.writes_short > 0
        disk.set(syncs="lie")
        assert server.ask("SET", "key", "3") == "+OK\r\n"
        assert disk.done.syncs_lied == 1
        disk.set(syncs="fail")
        assert server.ask("SET", "key", "4") == ""
        assert any("Input/output error" in line for line in server.lines)
        assert disk.done.syncs_failed > 0
    disk.set()
    with redis(tmp_path, data, disk.environment()) as server:
        assert server.ask("GET", "key") in ("$1\r\n3\r\n", "$1\r\n4\r\n")


@needs("redis-server")
def test_what_was_acknowledged_is_gone_after_a_power_failure(tmp_path: Path, data: Path) -> None:
    with redis(tmp_path, data, {}) as server:
        server.ask("SET", "key", "1")
        snapshot = Snapshot(data, tmp_path / "copy")
        server.ask("SET", "key", "2")
    assert snapshot.restore() == 1
    with redis(tmp_path, data, {}) as server:
        assert server.ask("GET", "key") == "$1\r\n1\r\n"
    assert snapshot.restore() == 0
    snapshot.drop()
    assert not (tmp_path / "copy").exists()


# PostgreSQL


@compiled
@pytest.mark.skipif(not (POSTGRES / "postgres").exists(), reason="there is no PostgreSQL 15")
def test_postgres_panics_when_a_sync_fails() -> None:
    user = "postgres" if os.getuid() == 0 else None  # since it refuses to run as root
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        directory.chmod(0o755)
        data = directory / "data"
        data.mkdir()
        if user is not None:
            os.chown(data, pwd.getpwnam("postgres").pw_uid, -1)
        init: list[str | Path] = [
            POSTGRES / "initdb",
            "-D",
            data,
            "--no-sync",
            "-A",
            "trust",
            "-N",
            "--no-locale",
            "-E",
            "UTF8",
        ]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60, user=user, group=user)
        clock, disk = ClockShim(directory / "clock"), DiskShim(directory / "disk", data)
        clock.set(HOUR)
        with subprocess.Popen(
            [POSTGRES / "postgres", "--single", "-D", data, "postgres"],
            env={**os.environ, **together(clock.environment(), disk.environment())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            user=user,
            group=user,
        ) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write("CREATE TABLE t(a int)\nSELECT extract(epoch FROM now())::int AS now\n")
            server.stdin.flush()
            (shown,) = [line for line in _until(server.stdout, "now = ") if "now = " in line]
            disk.set(syncs="fail")
            told = server.communicate("INSERT INTO t VALUES (1)\n", timeout=60)[0]
        seconds = int(shown.split('"')[1])
        assert abs(seconds * SECOND - time.time_ns() - HOUR) < HOUR / 2
        assert "PANIC:  could not fdatasync file" in told
        assert disk.done.syncs_failed == 1
        clock.close()
        disk.close()


def _until(lines: Iterator[str], end: str) -> Iterator[str]:
    for line in lines:
        yield line
        if end in line:
            return


# Disks

PROBE = """
import os, sys
def attempt(function, *arguments):
    try:
        print(function(*arguments))
    except OSError as error:
        print(os.strerror(error.errno))
for directory in sys.argv[1:]:
    file = os.open(os.path.join(directory, "file"), os.O_RDWR | os.O_CREAT)
    attempt(os.write, file, b"12345678")
    attempt(os.pwrite, file, b"12345678", 0)
    attempt(os.writev, file, [b"", b"1234", b"5678"])
    attempt(os.writev, file, [b"12345678"])
    attempt(os.pwritev, file, [b"12345678"], 0)
    attempt(os.posix_fallocate, file, 0, 100)
    attempt(os.fsync, file)
    attempt(os.fdatasync, file)
"""
WELL = ["8", "8", "8", "8", "8", "None", "None", "None"]
EIO, ENOSPC = "Input/output error", "No space left on device"


@compiled
@pytest.mark.parametrize(
    ("faults", "seen", "counts"),
    [
        ({}, WELL, (0, 0, 0, 0, 0)),
        ({"syncs": "fail"}, [*WELL[:6], EIO, EIO], (2, 0, 0, 0, 0)),
        ({"syncs": "lie"}, WELL, (0, 2, 0, 0, 0)),
        ({"writes": "fail"}, [EIO] * 5 + WELL[5:], (0, 0, 5, 0, 0)),
        ({"writes": "full"}, [ENOSPC] * 6 + WELL[6:], (0, 0, 0, 6, 0)),
        ({"writes": "short", "syncs": "fail"}, ["4", "4", "4", "4", "4", "None", EIO, EIO], (2, 0, 0, 0, 5)),
    ],
    ids=str,
)
def test_what_is_below_the_directory_fails_and_nothing_else(
    tmp_path: Path, data: Path, disk: DiskShim, faults: dict[str, str], seen: list[str], counts: tuple[int, ...]
) -> None:
    disk.set(**faults)  # type: ignore[arg-type]
    command = [sys.executable, "-c", PROBE, str(data), str(tmp_path)]
    assert output(command, disk.environment()).splitlines() == [*seen, *WELL]
    done = disk.done
    assert (done.syncs_failed, done.syncs_lied, done.writes_failed, done.writes_full, done.writes_short) == counts
    assert disk.count == sum(counts)


@compiled
def test_which_calls_fail_repeats_with_the_seed(place: Path, data: Path) -> None:
    program = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
def fails():
    try:
        os.fsync(file)
    except OSError:
        return "1"
    return "0"
print("".join(fails() for _ in range(200)))
"""
    seen = []
    for number, seed in enumerate((1, 1, 2)):
        shim = DiskShim(place / f"disk{number}", data, seed)
        shim.set(syncs="fail", rate=0.25)
        seen.append(output([sys.executable, "-c", program, str(data / "file")], shim.environment()).strip())
        assert shim.count == seen[-1].count("1")
        shim.close()
    assert seen[0] == seen[1] != seen[2]
    assert 20 < seen[0].count("1") < 80


# Which programs


@pytest.mark.parametrize("program", ["etcd", "nats-server"])
def test_go_programs_are_refused(program: str) -> None:
    try:
        path = find({program: Program(install="")}, {})[program]
    except UsageError:
        pytest.skip(f"there is no {program}")
    assert objection(path).endswith(
        "is a Go program: it asks the kernel itself for the time and for its disk, not libc"
    )


def test_python_and_scripts_for_it_can_be_deceived(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{sys.executable}\n")
    script.chmod(0o755)
    assert objection(sys.executable) == objection(str(script)) == ""


@compiled
def test_a_static_program_and_one_with_other_rights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }")
    compile_ = ["cc", str(tmp_path / "a.c"), "-o"]
    subprocess.run([*compile_, str(tmp_path / "dynamic")], check=True)
    assert objection(str(tmp_path / "dynamic")) == ""
    (tmp_path / "dynamic").chmod(0o4755)
    assert "runs with other rights than its caller's" in objection(str(tmp_path / "dynamic"))
    subprocess.run([*compile_, str(tmp_path / "static"), "-static"], check=True)
    assert objection(str(tmp_path / "static")) == f"{tmp_path}/static is statically linked: it loads no library"


def test_what_is_no_program_is_an_error_or_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such program"):
        objection("no-such-program")
    (tmp_path / "text").write_text("nothing")
    (tmp_path / "text").chmod(0o755)
    assert objection(str(tmp_path / "text")) == f"{tmp_path}/text is no ELF program"


# Libraries


def test_without_a_compiler_there_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="clock shim: there is no C compiler: install gcc"):
        ClockShim(tmp_path / "clock")


@compiled
def test_a_library_is_compiled_once(tmp_path: Path) -> None:
    first = library("disk", tmp_path)
    made = first.stat().st_mtime_ns
    assert library("disk", tmp_path) == first
    assert first.stat().st_mtime_ns == made
    assert list(tmp_path.iterdir()) == [first]


def test_a_path_that_the_loader_would_take_for_two_is_refused(tmp_path: Path) -> None:
    spaced = tmp_path / "a b"
    spaced.mkdir()
    with pytest.raises(UsageError, match="use a path without spaces and colons"):
        ClockShim(spaced / "clock")


@compiled
def test_a_program_that_cannot_open_the_control_file_says_so(tmp_path: Path, clock: ClockShim, disk: DiskShim) -> None:
    for shim, variable in ((clock, "SPLITBRAIN_CLOCK"), (disk, "SPLITBRAIN_DISK")):
        environment = {**os.environ, **shim.environment(), variable: str(tmp_path / "gone")}
        done = subprocess.run(["true"], env=environment, capture_output=True, text=True, check=True)
        assert done.stderr.startswith("splitbrain's ")
        assert done.stderr.endswith(f"{tmp_path}/gone\n")
        assert shim.attached == 0
