"""A slow processor and a limit of open files, for any process and its children."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from splitbrain.bench.worlds.local.owned import start_of
from splitbrain.bench.worlds.processes import FileLimit, Slow, tree

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Linux only")

PARENT = """
import os, sys
child = os.fork()
if not child:
    sys.stdin.close()
    import signal
    while True:
        signal.pause()
print(child, flush=True)
for line in sys.stdin:
    try:
        os.close(os.open("/dev/null", os.O_RDONLY))
        print("opened", flush=True)
    except OSError as error:
        print(os.strerror(error.errno), flush=True)
os.kill(child, 9)
os.wait()
"""


class Parent:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.child = int(self.hear())

    def ask(self) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write("open\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def parent() -> Iterator[Parent]:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Parent(process)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def see(pid: int, wanted: str) -> None:
    while state(pid) not in wanted:
        os.sched_yield()


def test_a_tree_is_a_process_and_its_children() -> None:
    with parent() as one:
        assert [process.pid for process in tree(one.process.pid)] == [one.process.pid, one.child]
    assert tree(one.process.pid) == []


def test_slow_processes_stand_still_again_and_again_and_go_on() -> None:
    with parent() as one:
        slow = Slow(partial(tree, one.process.pid), 0.8, period=0.01)
        for _ in range(3):
            for pid in (one.process.pid, one.child):
                see(pid, "T")
                see(pid, "SR")
        assert one.ask() == "opened"
        assert slow.end() > 3 * 8_000_000
        see(one.process.pid, "SR")
        see(one.child, "SR")


def test_what_was_slow_may_end_meanwhile() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    with parent() as one:
        slow = Slow(partial(tree, one.process.pid), 0.5, period=0.002)
        see(one.process.pid, "T")
        os.kill(one.child, signal.SIGKILL)
        one.process.kill()
        one.process.wait()
        assert start_of(one.process.pid) is None
        assert slow.end() > 0
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_nothing_more_is_opened_until_the_limit_is_lifted() -> None:
    with parent() as one:
        assert one.ask() == "opened"
        limit = FileLimit(partial(tree, one.process.pid))
        assert limit.count == 2
        assert one.ask() == "Too many open files"
        limit.end()
        assert one.ask() == "opened"


def test_what_has_ended_is_not_limited() -> None:
    with parent() as one:
        pass
    limit = FileLimit(partial(tree, one.process.pid))
    assert limit.count == 0
    limit.end()
