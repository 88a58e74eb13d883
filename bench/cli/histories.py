"""Which histories the arguments of a command name."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import HistoryError
from ...histories.store import is_history
from ..directory import HISTORY


@dataclass(frozen=True)
class Found:
    """Files that hold histories, each with the name to call it by, and files in folders that hold none."""

    files: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()


def histories(path: str) -> Found:
    """Those that the path names: a file, what is recorded in a run directory, or all that are in a folder.

    Raises `HistoryError` if there is none in a folder.
    """
    inside = os.path.join(path, HISTORY)
    if os.path.isfile(inside):
        return Found(((path, inside),))
    if not os.path.isdir(path):
        return Found(((path, path),))
    files: list[tuple[str, str]] = []
    others: list[str] = []
    for name, file in _walk(path):
        if name != file or is_history(file):
            files.append((name, file))
        else:
            others.append(file)
    if not files:
        raise HistoryError("a folder without a history", path)
    return Found(tuple(files), tuple(others))


def _walk(folder: str) -> Iterator[tuple[str, str]]:
    """The files in a folder and those below, by name; of a run directory only its history. Links are not followed."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise HistoryError(f"cannot be read: {error.strerror}", folder) from None
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            inside = os.path.join(path, HISTORY)
            if os.path.isfile(inside):
                yield path, inside
            else:
                yield from _walk(path)
        elif os.path.isfile(path):
            yield path, path


def passed_over(others: Sequence[str]) -> str:
    """That there are files without a history in a folder."""
    if len(others) == 1:
        return f"{others[0]}: passed over, it is in none of the known formats"
    return f"{others[0]} and {len(others) - 1} more files: passed over, they are in none of the known formats"
