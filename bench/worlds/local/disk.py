"""A server's disk as a file: a log of writes, and of the syncs that made those before them durable.

A write reaches the file at once, and would survive a kill of the process; that it was not synced is known from the
log. Of these writes the next process keeps what the fault says that killed the one before (bench/worlds/disks.py).
"""

import os
import pickle
import struct
from pathlib import Path
from typing import Any, Final

from ....systems.storage import Disk

_LENGTH: Final = struct.Struct(">I")


class FileDisk(Disk):
    """A disk that is written to a file, whose directory exists, as it was left there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._pending = bytearray()
        _replay(path, self)
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def put(self, key: str, value: object) -> None:
        super().put(key, value)
        self._note((key, value))

    def delete(self, key: str) -> None:
        super().delete(key)
        self._note((key,))

    def finish(self, mark: int) -> None:
        before = self.unsynced
        super().finish(mark)
        if before > self.unsynced:
            self._note(before - self.unsynced)
            self.write()

    def write(self) -> None:
        """Write to the file what was put and deleted. A process that is killed before has not got so far."""
        if self._pending:
            os.write(self.file, self._pending)
            self._pending.clear()

    def close(self) -> None:
        """Close the file."""
        os.close(self.file)

    def _note(self, record: Any) -> None:
        data = pickle.dumps(record, pickle.HIGHEST_PROTOCOL)
        self._pending += _LENGTH.pack(len(data)) + data


def read(path: Path) -> Disk:
    """The disk in a file, with what is not synced there; an empty one if there is no file."""
    disk = Disk()
    _replay(path, disk)
    return disk


def save(path: Path, disk: Disk) -> None:
    """Make the file hold what the disk shows, all of it durable."""
    path.unlink(missing_ok=True)
    fresh = FileDisk(path)
    for key, value in disk.visible.items():
        fresh.put(key, value)
    fresh.finish(fresh.mark())
    fresh.close()


def _replay(path: Path, disk: Disk) -> None:
    data = path.read_bytes() if path.exists() else b""
    at = 0
    while len(data) - at >= _LENGTH.size:
        end = at + _LENGTH.size + _LENGTH.unpack_from(data, at)[0]
        if end > len(data):
            break  # the process was killed in the middle of it
        record = pickle.loads(data[at + _LENGTH.size : end])
        if isinstance(record, int):
            Disk.finish(disk, disk.mark() - disk.unsynced + record)
        elif len(record) == 2:
            Disk.put(disk, *record)
        else:
            Disk.delete(disk, *record)
        at = end
