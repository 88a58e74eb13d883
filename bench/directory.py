"""The run directory: everything about one run, in files.

runs/latest                     a link to the run that ended last
runs/<campaign>/<run id>/
    test.json                   the test, and the code that ran it
    history.jsonl               what happened, written while it happens
    faults.jsonl                the plan, with what each fault hit and did
    messages.jsonl              every event of the simulation
    nodes/<node>.log            what nodes logged
    network.pcap                the packets that arrived, where they were asked for
    results.json                the verdicts
    report.html                 all of it to look at
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from ..errors import RunDirectoryError
from ..histories.journal import FileJournal
from ..reports.record import RunRecord
from .provenance import Provenance
from .test import Test, run_id

HISTORY, REPORT, LOGS, CAPTURE = "history.jsonl", "report.html", "nodes", "network.pcap"


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What `test.json` holds."""

    test: Test
    provenance: Provenance


class _Results(msgspec.Struct):
    record: RunRecord


class RunDirectory:
    """A run directory that is being written. An earlier run in the same place is removed first.

    Every method raises RunDirectoryError, in one line, if the file system does not let it.
    """

    def __init__(self, path: Path, recorded: Recorded) -> None:
        self.path = path
        with _explained(path):
            if path.exists():
                _remove_earlier_run(path)
            path.mkdir(parents=True)
        self.write_json("test.json", recorded)
        self.journal = FileJournal(path / HISTORY)

    def write(self, name: str, text: str) -> None:
        """Write a file of text; the folder in its name is created. Half a surrogate pair is written as an escape."""
        with _explained(self.path / name):
            (self.path / name).parent.mkdir(exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8", errors="backslashreplace")

    def write_json(self, name: str, value: object) -> None:
        """Write a value as indented JSON, in an order that never varies."""
        self.write(
            name, msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode() + "\n"
        )

    def write_lines(self, name: str, rows: Iterable[object]) -> None:
        """Write JSON Lines, one for each row."""
        encode = msgspec.json.Encoder().encode_into
        buffer, line = bytearray(), bytearray()
        for row in rows:
            encode(row, line)
            buffer += line + b"\n"
        self.write(name, buffer.decode())

    def logs(self) -> Path:
        """The directory for what nodes log, for worlds that write it themselves."""
        with _explained(self.path / LOGS):
            (self.path / LOGS).mkdir(exist_ok=True)
        return self.path / LOGS

    def write_logs(self, logs: Mapping[str, Iterable[str]]) -> None:
        """Write what each node logged, if it did."""
        for node, lines in logs.items():
            text = "".join(f"{line}\n" for line in lines)
            if text:
                self.write(f"{LOGS}/{quote(node, safe='')}.log", text)  # a node may be called dc1/s1


def place(runs: Path, campaign: str, test: Test) -> Path:
    """Where a test's run directory belongs."""
    return runs / campaign / run_id(test)


def link_latest(runs: Path, directory: Path) -> None:
    """Point `runs/latest` at the run. A file system without symbolic links goes without."""
    link, fresh = runs / "latest", runs / f".latest.{os.getpid()}"
    if link.is_symlink() or not link.exists():
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.path.relpath(directory, runs), target_is_directory=True)
            fresh.replace(link)


def read_recorded(directory: Path) -> Recorded:
    """The test of a run directory. Raises RunDirectoryError if there is none, or it cannot be read."""
    path = directory / "test.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Recorded)
    except FileNotFoundError:
        raise RunDirectoryError(f"{directory}: not a run directory: it has no test.json") from None
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise RunDirectoryError(f"{path}: not a test as this version writes it: {error}") from None


def read_record(directory: Path) -> RunRecord | None:
    """What came of the run of a run directory, None if it did not get so far."""
    try:
        return msgspec.json.decode((directory / "results.json").read_bytes(), type=_Results).record
    except (OSError, msgspec.DecodeError):
        return None


def find_run(name: str, runs: Path) -> Path:
    """The run directory that a user means: a path, a run id, or `latest`. Raises RunDirectoryError if there is none."""
    for place in (Path(), runs, *sorted(runs.glob("*"))):
        if os.path.isfile(place / name / "test.json"):
            return place / name
    raise RunDirectoryError(f"{name}: no such run: give a run directory, or the id of a run in {runs}")


def _remove_earlier_run(path: Path) -> None:
    if not (path / "test.json").is_file() and any(path.iterdir()):
        raise RunDirectoryError(f"{path}: exists and is not a run directory: move it away or choose another place")
    # Renamed first, so that what bears the run's name is never half removed.
    old = path.with_name(f".{path.name}.{os.getpid()}")
    path.rename(old)
    shutil.rmtree(old)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be written: {error.strerror or error}") from None
