"""The beginning of a file, as those look at it who have to tell formats apart."""

from functools import cached_property
from typing import Any, Final

import msgspec

from .lines import describe

SIZE: Final = 1 << 16
"""How many bytes at the beginning are looked at, beyond the first line."""


class Head:
    """The beginning of a file that is not blank."""

    def __init__(self, data: bytes) -> None:
        begin = len(data) - len(data.lstrip())
        end = data.find(b"\n", begin)
        self.line = data[begin:] if end < 0 else data[begin:end]
        """The first line that is not blank."""
        self.end = len(data) if end < 0 else end + 1
        """Where the line after it begins."""
        self.number = data.count(b"\n", 0, begin) + 1
        """Which line (from 1) that is."""
        self.text = data[begin : begin + SIZE].decode(errors="replace")
        """Where it begins, and on."""
        self.why_not_json = ""
        """What is wrong with the JSON of the line, if it begins like an object."""

    @cached_property
    def object(self) -> dict[str, Any]:
        """The JSON object in the line, an empty one if there is none."""
        if not self.line.startswith(b"{"):
            return {}
        try:
            found = msgspec.json.decode(self.line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.why_not_json = describe(error)
            return {}
        return found if isinstance(found, dict) else {}
