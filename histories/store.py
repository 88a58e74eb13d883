"""Histories in files."""

import os
import stat
from codecs import BOM_UTF8
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..errors import HistoryError, RunDirectoryError, UsageError
from .collector import without_collector
from .formats.detect import WRITERS, detect, format_named
from .history import History

BEGINNING: Final = 1 << 20
"""How many bytes of a file show its format, if it has one."""


def load(path: str | os.PathLike[str], format: str | None = None) -> History:
    """The history in the file. Its format is found from its content unless `format` names it.

    What had to be left out or rearranged is in the history's `warnings`. Raises `HistoryError` with path, line and
    reason for a file that cannot be read or is not well formed, `UsageError` for an unknown name of a format.
    """
    named = None if format is None else format_named(format)
    data = _read(path).removeprefix(BOM_UTF8)
    if not data or data.isspace():
        raise HistoryError("the file is empty: there is no history in it", str(path))
    try:
        with without_collector():
            return (named or detect(str(path), data)).read(str(path), data)
    except MemoryError:
        raise HistoryError("there is not enough memory for the history", str(path)) from None


def is_history(path: str | os.PathLike[str]) -> bool:
    """Whether the beginning of the file shows one of the formats. Raises `HistoryError` if it cannot be read."""
    try:
        detect(str(path), _read(path, BEGINNING).removeprefix(BOM_UTF8))
    except HistoryError as error:
        if error.line is None:
            raise
        return False
    return True


def save(history: History, path: str | os.PathLike[str], format: str = "splitbrain") -> None:
    """Write the history to the file, in our own format, in place of what was there: `load` gives an equal one.

    With format `jepsen` it becomes a history.edn, which Knossos and Elle read (see `formats.jepsen.write`); warnings
    are not in it. The file is replaced only when all is written. Raises `RunDirectoryError` if it cannot be,
    `HistoryError` if the history holds something that is not a value, `UsageError` for any other format.
    """
    if format not in WRITERS:
        raise UsageError(f"cannot write format {format!r}: those that can be written are {', '.join(WRITERS)}")
    content = WRITERS[format](history)
    target = Path(path)
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        with suppress(OSError, ValueError):
            temporary.unlink()
        raise RunDirectoryError(f"{path}: cannot write the history: {reason or error}") from None


def _read(path: str | os.PathLike[str], size: int = -1) -> bytes:
    try:
        with open(path, "rb") as file:
            if stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
                raise HistoryError("a device, not a file", str(path))
            return file.read(size)
    except FileNotFoundError:
        raise HistoryError("no such file", str(path)) from None
    except IsADirectoryError:
        raise HistoryError("a directory, not a history: name the file in it", str(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise HistoryError(f"cannot be read: {reason or error}", str(path)) from None
    except MemoryError:
        raise HistoryError("larger than the memory that there is", str(path)) from None
