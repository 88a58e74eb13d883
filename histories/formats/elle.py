"""The format `elle`: Jepsen's operations in JSON, as elle-cli reads them.

    [{"type":"invoke","f":"cas","value":[1,5],"process":5,"time":1273576117207,"index":0},
     {"type":"ok","f":"cas","value":[1,5],"process":5,"time":1273578614803,"index":1}]

An array, or one object per line. For what the fields mean see `ops`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ...errors import HistoryError
from ..history import History
from .head import Head
from .lines import Lines, Source, describe
from .ops import Ops, history, op

_ARRAY: Final = re.compile(r'\[\s*\{\s*"')

_BYTE: Final = re.compile(r"\(byte ([0-9]+)\)")

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


def recognises(head: Head) -> bool:
    """Whether a file that begins like this is in this format."""
    fields = head.object.keys()
    return bool(_ARRAY.match(head.text)) or (
        "type" in fields and not fields.isdisjoint(("f", "value")) and fields.isdisjoint(("t", "operation"))
    )


def read(path: str, data: bytes) -> History:
    """The history in the file's bytes. A torn last line is left out with a warning, a torn array is an error.

    Raises `HistoryError` with path, line and reason.
    """
    array = data.lstrip().startswith(b"[")
    source: Elements | Lines[dict[str, Any]] = (
        Elements(path, data) if array else Lines(path, data, _decode, may_be_torn=True)
    )
    ops: Ops = []
    try:
        for fields in source:
            ops.append((source.number, op({f":{name}": value for name, value in fields.items()})))
    except HistoryError as error:
        raise (error if error.path else source.blame(error.reason)) from None
    return history(source, ops)


class Elements(Source):
    """The objects in a JSON array. While one is looked at, `number` is the line on which it begins."""

    def __init__(self, path: str, data: bytes) -> None:
        super().__init__(path, 1)
        self._data = data

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            parts = _split(self._data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            place = _BYTE.search(str(error))
            self.number += self._data.count(b"\n", 0, int(place[1]) if place else len(self._data.rstrip()))
            raise self.blame(describe(error)) from None
        begin = 0
        for part in parts:
            found = self._data.index(part, begin)
            self.number += self._data.count(b"\n", begin, found)
            begin = found
            try:
                yield _decode(part)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise self.blame(describe(error)) from None
