"""Which format a file is in."""

from collections.abc import Callable
from typing import Final, Protocol

from ...errors import HistoryError, UsageError
from ..history import History
from . import elle, events, jepsen, jepsen_log, jsonl, paired
from .head import Head


class Format(Protocol):
    """A module that reads one format."""

    def recognises(self, head: Head) -> bool:
        """Whether a file that begins like this is in this format."""

    def read(self, path: str, data: bytes) -> History:
        """The history in the file's bytes. Raises `HistoryError` with path, line and reason."""


FORMATS: Final[dict[str, Format]] = {
    "splitbrain": jsonl,
    "paired": paired,
    "events": events,
    "elle": elle,
    "jepsen": jepsen,
    "jepsen-log": jepsen_log,
}
"""The known formats by name."""

WRITERS: Final[dict[str, Callable[[History], bytes]]] = {"splitbrain": jsonl.write, "jepsen": jepsen.write}
"""What makes a file of a history, by the name of the format."""

_KNOWN: Final = ", ".join(FORMATS)


def format_named(name: str) -> Format:
    """The format of that name. Raises `UsageError` if there is none."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}: the formats are {_KNOWN}")
    return FORMATS[name]


def detect(path: str, data: bytes) -> Format:
    """The format that the beginning of the bytes shows. Raises `HistoryError` if it shows none."""
    head = Head(data)
    for candidate in FORMATS.values():
        if candidate.recognises(head):
            return candidate
    what = f"{head.why_not_json}: it" if head.why_not_json else "the line"
    raise HistoryError(f"{what} is in none of the known formats ({_KNOWN})", path, head.number)
