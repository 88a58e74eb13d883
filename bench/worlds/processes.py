"""What can be done to processes while they run, whoever wrote them: a slow processor, and no more open files."""

import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from .local.owned import Process, start_of

PERIOD: Final = 0.05
"""Seconds in which a slowed process runs and stands still once: less than what systems take for a failure."""

Those: TypeAlias = Callable[[], Sequence[Process]]
"""Which processes are meant, at the moment at which it is asked: `partial(tree, pid)`, for example."""


def tree(root: int) -> list[Process]:
    """The process and all that descend from it at present, parents first; [] if it has ended."""
    started = start_of(root)
    found = [] if started is None else [Process(root, started)]
    for process in found:
        for child in _children(process.pid):
            born = start_of(child)
            if born is not None and all(child != each.pid for each in found):
                found.append(Process(child, born))
    return found


class Slow:
    """Processes made slow: all of `those` stand still (SIGSTOP) for `share` of the time, from now on.

    A thread of this process does it until `end`. Nobody else may stop or resume them meanwhile. Which process is meant
    is not mistaken when its number is given out again.
    """

    def __init__(self, those: Those, share: float, period: float = PERIOD) -> None:
        self._those = those
        self._still = share * period
        self._runs = (1 - share) * period
        self._over = threading.Event()
        self._stood = 0
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def end(self) -> int:
        """Let them run again as they can. Returns for how long they stood still, in nanoseconds."""
        self._over.set()
        self._thread.join()
        return self._stood

    def _go(self) -> None:
        while not self._over.is_set():
            with _still(self._those) as any_stood:
                begun = time.monotonic_ns()
                self._over.wait(self._still)
                self._stood += time.monotonic_ns() - begun if any_stood else 0
            self._over.wait(self._runs)


class FileLimit:
    """Processes that can open no further files or connections than each has now (EMFILE).

    `count` is how many processes that hit. One that is started meanwhile inherits its parent's limit. Only the soft
    limit changes, so that it can be lifted without privileges, and a program that raises its own undoes it.
    """

    def __init__(self, those: Those) -> None:
        self._those = those
        self._before: dict[Process, int] = {}
        for process in those():
            with suppress(OSError):
                soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
                resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (min(_lowest_free(process.pid), soft), hard))
                self._before[process] = soft

    @property
    def count(self) -> int:
        """How many processes were limited."""
        return len(self._before)

    def end(self) -> None:
        """Put the limits back, also those of processes that were started meanwhile."""
        usual = next(iter(self._before.values()), None)
        for process in self._those():
            soft = self._before.get(process, usual)
            if soft is not None:
                with suppress(OSError):
                    hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[1]
                    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def _still(those: Those) -> Iterator[bool]:
    """Have them stand still. Children that were made before their parent stopped are found in a further look."""
    handles: dict[Process, int] = {}
    try:
        while True:
            fresh = [process for process in those() if process not in handles]
            if not fresh:
                break
            for process in fresh:
                handles[process] = _stop(process)
        yield any(handle >= 0 for handle in handles.values())
    finally:
        for handle in reversed(handles.values()):
            if handle >= 0:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGCONT)
                os.close(handle)


def _stop(process: Process) -> int:
    """Stop a process; the file descriptor by which it is known from now on, -1 if it has ended."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return -1
    try:
        if start_of(process.pid) == process.started:
            signal.pidfd_send_signal(handle, signal.SIGSTOP)
            return handle
    except OSError:
        pass
    os.close(handle)
    return -1


def _children(pid: int) -> list[int]:
    """The children of all threads of a process, where the kernel tells (CONFIG_PROC_CHILDREN)."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text(encoding="ascii").split())
    return found


def _lowest_free(pid: int) -> int:
    """The number that the next file would get that the process opens."""
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    return next(number for number in range(len(taken) + 1) if number not in taken)
