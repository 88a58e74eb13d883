"""Where a run records its events, one at a time, as they happen."""

import os
from pathlib import Path
from typing import Protocol

from ..errors import RunDirectoryError
from .event import Event
from .formats.jsonl import to_header, to_line


class Journal(Protocol):
    """Takes the events of one run in the order in which they happen."""

    def write(self, event: Event) -> None:
        """Record the event after all those before it."""

    def close(self) -> None:
        """Take no more events. Closing twice does nothing."""


class MemoryJournal:
    """Keeps the events in a list."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        """Record the event after all those before it."""
        self.events.append(event)

    def close(self) -> None:
        """Does nothing: there is nothing to release."""


class FileJournal:
    """Appends the events to a new file, in the format that `histories.store.load` calls `splitbrain`.

    Each event is handed to the operating system as one whole line when it is written, so a killed process loses at
    most part of its last line. (A machine that loses power may lose more: nothing is synced to the disk.)

    Raises `RunDirectoryError` if the file exists already or cannot be created.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file = -1
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            raise RunDirectoryError(f"{path}: a journal exists already: remove it or choose another place") from None
        except (OSError, ValueError) as error:
            raise RunDirectoryError(f"{path}: cannot create the journal: {_why(error)}") from None
        self._append(to_header())

    def write(self, event: Event) -> None:
        """Record the event after all those before it.

        Raises `RunDirectoryError` if it cannot be written whole. What was recorded before stays readable, and the
        journal takes no further events, as they would belong to a history with a hole. Raises `HistoryError`, and
        writes nothing, if the event holds something that is not a value.
        """
        self._append(to_line(event))

    def close(self) -> None:
        """Take no more events. Closing twice does nothing."""
        file, self._file = self._file, -1
        if file != -1:
            os.close(file)

    def _append(self, line: bytes) -> None:
        if self._file == -1:
            raise RunDirectoryError(f"{self.path}: the journal is closed and takes no more events")
        written = 0
        try:
            written = os.write(self._file, line)
            while written < len(line):  # the disk is full or a signal came: only another attempt tells which
                written += os.write(self._file, line[written:])
        except OSError as error:
            self._cut_off(written)
            self.close()
            raise RunDirectoryError(
                f"{self.path}: cannot write the journal: {_why(error)}; what was recorded so far is kept"
            ) from None

    def _cut_off(self, length: int) -> None:
        """Remove the part of a line at the end. If even that fails, a reader reports the part and leaves it out."""
        try:
            os.ftruncate(self._file, os.fstat(self._file).st_size - length)
        except OSError:
            return


def _why(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or str(error)
