"""Cells of the table: one contender on one history, each in a process of its own, within limits."""

import json
import os
import pickle
import resource
import shlex
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .prepare import NOT_SO
from .rows import Row

OURS: Final = ("native", "python")
RIVAL: Final = "porcupine-py"

POLL: Final = 0.02
"""Seconds between two looks at a process."""


@dataclass(frozen=True)
class Limits:
    """For one round of a cell: seconds of processor time, and megabytes of address space."""

    seconds: int
    megabytes: int
    quick: bool = False


@dataclass(frozen=True)
class Peer:
    """An external checker: a command in which `{file}` stands for the history, and the format that it reads."""

    command: str
    format: str


@dataclass(frozen=True)
class Cell:
    """Processor time of the best round and the process's peak of memory; or, in `missing`, why there are none."""

    seconds: float | None = None
    megabytes: float | None = None
    missing: str = ""

    @property
    def gave_up(self) -> bool:
        """Whether a limit was reached, so that harder histories need not be tried."""
        return self.missing.startswith(">") or self.missing in ("undecided", "not run")


def prepare(row: Row, what: str, path: Path) -> bool:
    """Write the row's history to the file (prepare.py), in a process of its own; false if it cannot be written so.

    The kernel counts what a process held when it started others among what these held at most.
    """
    told = path.with_suffix(".row")
    told.write_bytes(pickle.dumps(row))
    done = subprocess.run([sys.executable, "-m", "checking.prepare", told, what, path], env=_environment(), check=False)
    if done.returncode not in (0, NOT_SO):
        raise ValueError(f"no history for {row.series.name} {row.x}")
    return done.returncode == 0


def _environment() -> dict[str, str]:
    above = os.environ.get("PYTHONPATH")
    paths = [str(Path(__file__).parents[1]), *([above] if above else [])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def measure(row: Row, contender: str, path: Path, limits: Limits) -> Cell:
    """One of ours, or porcupine-py. Raises ValueError for a wrong verdict."""
    told = {
        "contender": contender,
        "given": row.series.given,
        "path": str(path),
        "megabytes": limits.megabytes,
        "quick": limits.quick,
    }
    environment = _environment()
    environment.pop("SPLITBRAIN_KERNEL", None)
    if contender == "python":
        environment["SPLITBRAIN_KERNEL"] = "python"
    command = [sys.executable, "-m", "checking.cell", json.dumps(told)]
    said, error = path.with_suffix(".said"), path.with_suffix(".error")
    with (
        said.open("w") as out,
        error.open("w") as err,
        subprocess.Popen(command, env=environment, stdout=out, stderr=err) as cell,
    ):
        stopped = _watch(cell, said, limits)
    rounds: list[dict[str, Any]] = [json.loads(line) for line in _lines(said)]
    last = error.read_text().strip().splitlines()[-1:] or [f"exit {cell.returncode}"]
    times = [each for each in rounds if "seconds" in each]
    if any(each["valid"] is None for each in times):
        return Cell(missing="undecided")
    for each in times:
        if each["valid"] is not row.valid:
            raise ValueError(f"{contender} on {row.series.name} {row.x}: said {each['valid']}, should be {row.valid}")
    if times:
        return Cell(min(each["seconds"] for each in times), max(each["megabytes"] for each in times))
    if stopped:
        return Cell(missing=f"> {limits.seconds} s")
    if any("out_of_memory" in each for each in rounds):
        return Cell(missing=f"> {limits.megabytes / 1000:.0f} GB")
    return Cell(missing=f"failed: {last[0][:60]}")


def _watch(cell: "subprocess.Popen[bytes]", said: Path, limits: Limits) -> bool:
    """Wait for the process to end; whether it had to be killed."""
    clock = ~cell.pid << 3 | 2  # of its processor time: clock_getcpuclockid(3), as Linux numbers them
    while True:
        with suppress(subprocess.TimeoutExpired):
            cell.wait(POLL)
            return False
        last = _lines(said)[-1:]
        if last and time.clock_gettime(clock) - json.loads(last[0])["at"] > limits.seconds:
            cell.kill()
            return True


def _lines(said: Path) -> list[str]:
    """Those that are finished."""
    return said.read_text().rpartition("\n")[0].splitlines()


def measure_peer(row: Row, peer: Peer, folder: Path, limits: Limits) -> Cell:
    """The external checker; its verdict is not looked at."""
    if row.series.given == "times" or row.history.operations > 1_000_000:
        return Cell(missing="not run")
    path = folder / "peer"
    if not prepare(row, peer.format, path):
        return Cell(missing="not in this format")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds + 1, limits.seconds + 1))

    command = [part.replace("{file}", str(path)) for part in shlex.split(peer.command)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limit) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode < 0:
        return Cell(
            missing=f"> {limits.seconds} s" if process.returncode in (-9, -24) else f"signal {-process.returncode}"
        )
    return Cell(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
