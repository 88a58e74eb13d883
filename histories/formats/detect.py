"""Which format a file is in."""

from typing import Final, Protocol

import msgspec

from ...errors import HistoryError, UsageError
from ..history import History
from . import events, jsonl, paired
from .lines import Lines


class Format(Protocol):
    """A module that reads one format."""

    def recognises(self, first: object) -> bool:
        """Whether a file whose first line holds this JSON is in this format."""

    def read(self, path: str, data: bytes) -> History:
        """The history in the file's bytes. Raises `HistoryError` with path, line and reason."""


FORMATS: Final[dict[str, Format]] = {"splitbrain": jsonl, "paired": paired, "events": events}
"""The known formats by name."""

_KNOWN: Final = ", ".join(FORMATS)


def format_named(name: str) -> Format:
    """The format of that name. Raises `UsageError` if there is none."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}: the formats are {_KNOWN}")
    return FORMATS[name]


def detect(path: str, data: bytes) -> Format:
    """The format that the first line of the bytes shows. Raises `HistoryError` if it shows none."""
    lines = Lines(path, data, msgspec.json.decode)
    try:
        first = next(iter(lines), None)
    except HistoryError as error:
        raise lines.blame(f"{error.reason}: it is in none of the known formats ({_KNOWN})") from None
    for candidate in FORMATS.values():
        if candidate.recognises(first):
            return candidate
    raise lines.blame(f"the line is in none of the known formats ({_KNOWN})")
