"""What a bench owns on this machine, written down before it is used, so that nothing outlives it.

Each local world has a workspace, a directory of its own, with a record of its processes. A process is known by its
number and the time at which it started, so that a number that was given out again is never taken for it.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ....errors import RunDirectoryError

RECORD: Final = "owned"
"""The file in a workspace that names the processes: one on each line, the bench itself first."""
MARK: Final = "SPLITBRAIN_SERVER"
"""The variable in the environment of programs that are not ours, which names the workspace and the server."""

_PR_SET_PDEATHSIG: Final = 1


class Process(NamedTuple):
    """A process: its number, and when it started (clock ticks since boot)."""

    pid: int
    started: int


class Workspace:
    """A directory of this process's own, with the record of what it started.

    Raises RunDirectoryError if it cannot be made.
    """

    def __init__(self) -> None:
        try:
            self.path = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root()))
            self._record = (self.path / RECORD).open("a", encoding="ascii")
        except OSError as error:
            raise RunDirectoryError(f"{error.filename}: cannot be made: {error.strerror}") from None
        self.own(os.getpid())

    def own(self, pid: int) -> None:
        """Write down a child."""
        started = start_of(pid)
        if started is not None:
            self._record.write(f"{pid} {started}\n")
            self._record.flush()

    def close(self) -> None:
        """Remove the directory. The processes must have ended."""
        self._record.close()
        shutil.rmtree(self.path, ignore_errors=True)


class Removed(NamedTuple):
    """How much was left behind, and is no more."""

    workspaces: int
    processes: int


def clean() -> Removed:
    """End the processes and remove the workspaces of benches that are gone. Those of a bench that lives stay."""
    workspaces = processes = 0
    for directory in sorted(root().iterdir()):
        recorded = _recorded(directory)
        if _alive(recorded[0]) if recorded else start_of(_maker(directory)) is not None:
            continue
        alive = {child.pid for child in recorded[1:] if _alive(child)} | set(marked(f"{directory}/"))
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        processes += len(alive)
        shutil.rmtree(directory, ignore_errors=True)
        workspaces += 1
    return Removed(workspaces, processes)


def root() -> Path:
    """Where this user's workspaces are. Raises RunDirectoryError if somebody else owns the place."""
    path = Path(tempfile.gettempdir()) / f"splitbrain-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if path.is_symlink() or path.stat().st_uid != os.getuid():
            raise RunDirectoryError(f"{path}: belongs to somebody else: set TMPDIR to another directory")
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be made: {error.strerror}") from None
    return path


def start_of(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if it has ended."""
    try:
        fields = _fields(pid)
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def state(pid: int) -> str:
    """What a process does, as the kernel abbreviates it (`T` is stopped, `Z` ended); `X` if it is gone."""
    try:
        return _fields(pid)[0]
    except (OSError, IndexError):
        return "X"


def marked(beginning: str) -> Iterator[int]:
    """The processes whose mark begins in this way and all that descend from them, those that have ended left out.

    Some programs, PostgreSQL for one, write over the environment that they were given: only their descent tells.
    """
    wanted = f"{MARK}={beginning}".encode()
    parents: dict[int, int] = {}
    found: set[int] = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            pid = int(entry.name)
            with contextlib.suppress(OSError):
                parents[pid] = int(_fields(pid)[1])
                variables = Path(entry.path, "environ").read_bytes().split(b"\0")
                if any(one.startswith(wanted) for one in variables):
                    found.add(pid)
    for pid in parents:
        line = [pid]
        while line[-1] not in found and line[-1] in parents:
            line.append(parents[line[-1]])
        if line[-1] in found and state(pid) not in "ZX":
            yield pid


def _fields(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on. Raises OSError if it is gone."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return stat.rpartition(")")[2].split()  # its name, in parentheses, may contain anything


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that happens; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)  # it ended before this was said


def _maker(directory: Path) -> int:
    """The bench of a workspace, by its name: the only thing that is known of one who did not come to write more."""
    return int(directory.name.partition("-")[0])


def _alive(process: Process) -> bool:
    return start_of(process.pid) == process.started


def _recorded(directory: Path) -> list[Process]:
    """The processes of a workspace, the bench first. A line that was not written to its end names none."""
    try:
        text = (directory / RECORD).read_text(encoding="ascii")
    except OSError:
        return []
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [Process(int(pid), int(started)) for pid, started in lines]
