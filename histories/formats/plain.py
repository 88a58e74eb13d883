"""Plain JSON Lines, read by native code: an order of magnitude faster than one by one.

Plain is what a recorder writes: no line is torn, nothing is against the rules, processes and operations have numbers.
Nothing else is read here, so that what is wrong with a file is said in one place, and what a line means is the same
with and without native code.
"""

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from ...errors import HistoryError
from ..columns import OUTCOMES, Columns
from ..history import require_key
from ..operation import Value
from ..value import ATOMS, to_value
from .lines import RawValue
from .processes import AFTER_UNKNOWN, WHILE_OPEN, split_warning
from .recording import connect_errors_warning
from .vocabulary import ACKNOWLEDGED, SILENT, check_input, output_of_ok

try:
    from .._native import _reader
except ImportError:
    NATIVE = False
else:
    NATIVE = os.environ.get("SPLITBRAIN_KERNEL") != "python"
"""Whether native code is used."""


@dataclass(frozen=True)
class Plain:
    """What is in a file: its operations, the lines that are about something else, and what had to be rearranged."""

    columns: Columns
    others: Sequence[bytes]
    warnings: Sequence[str] = ()


def read_ours(data: bytes, begin: int) -> Plain | None:
    """The events in the lines from that place on, in our own format; None if not all are plain."""
    found = _reader.read_ours(data, begin) if NATIVE else ()
    values = _values(found[-1]) if found else None
    if values is None:
        return None
    columns = _columns(found, values)
    names = {type(values[number]) for number in set(columns.f)}
    texts = {type(values[number]) for column in (columns.node, columns.error) for number in set(column)}
    if not (names <= {str} and texts <= {str, type(None)} and _are_keys(columns)):
        return None
    return Plain(columns, _others(data, found))


def read_events(data: bytes) -> Plain | None:
    """The events in the lines of the format `events`; None if not all are plain."""
    return _read_foreign(_reader.read_events, data) if NATIVE else None


def read_paired(data: bytes) -> Plain | None:
    """The operations in the lines of the format `paired`; None if not all are plain."""
    return _read_foreign(_reader.read_paired, data) if NATIVE else None


def _read_foreign(read: Callable[[bytes, int], Any], data: bytes) -> Plain | None:
    found = read(data, 0)
    if not found:
        return None
    raw, places, after_unknown, while_open, connect_errors = found
    values = _values(raw[-1])
    if values is None or not all(map(_is_in_place, places, values)):
        return None
    columns = _columns(raw, values)
    if not _are_keys(columns):
        return None
    try:
        columns = _with_text_of_nodes(_with_our_outputs(columns))
    except HistoryError:
        return None
    warnings = [
        split_warning(reason, *split)
        for reason, split in ((AFTER_UNKNOWN, after_unknown), (WHILE_OPEN, while_open))
        if split[0]
    ]
    if connect_errors:
        warnings.append(connect_errors_warning(connect_errors))
    return Plain(columns, _others(data, raw), warnings)


_TYPES: Final = "qiiiiBiiqqii"
"""Of the columns."""

_decode = msgspec.json.Decoder(list[RawValue]).decode


def _columns(raw: Sequence[bytes], values: Sequence[Value]) -> Columns:
    fields: list[Any] = [*map(_array, _TYPES, raw), values]
    return Columns(*fields)


def _array(kind: str, raw: bytes) -> "array[int]":
    column: array[int] = array(kind)
    column.frombytes(raw)
    return column


def _others(data: bytes, raw: Sequence[bytes]) -> list[bytes]:
    places = _array("q", raw[-2])
    return [data[begin:end] for begin, end in zip(places[::2], places[1::2], strict=True)]


def _values(texts: bytes) -> Sequence[Value] | None:
    """What is in the list, in JSON; None if anything in it is no value."""
    try:
        values = _decode(texts)
        return values if ATOMS.issuperset(map(type, values)) else [to_value(value) for value in values]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, HistoryError):
        return None


def _are_keys(columns: Columns) -> bool:
    try:
        for number in set(columns.key):
            require_key(columns.values[number])
    except HistoryError:
        return False
    return True


def _is_in_place(places: int, value: Value) -> bool:
    """Whether the value may stand where it does: as a function (1), a node (2), or an error (4)."""
    if places == 0 or value is None or type(value) is str:
        return True
    return places == 2 and type(value) is int and -(2**63) <= value < 2**63


def _with_our_outputs(columns: Columns) -> Columns:
    """With the outputs that the recorder's mean. Raises HistoryError for an input or an answer of cas that is none."""
    values = columns.values
    said = [number for number in set(columns.f) if values[number] in ACKNOWLEDGED or values[number] == "cas"]
    special = {number: str(values[number]) for number in said}
    if not special:
        return columns
    outputs = _Numbers(values)
    silent = {number for number, f in special.items() if f in SILENT}

    def ours() -> Iterator[int]:
        for f, given, answer, outcome in zip(columns.f, columns.input, columns.output, columns.outcome, strict=True):
            if f not in special:
                yield answer
            elif f in silent:
                yield 0
            else:
                check_input(special[f], values[given])
                ok = OUTCOMES[outcome] == "ok"
                yield outputs.number(output_of_ok(special[f], values[given], values[answer])) if ok else 0

    output = array("i", ours())
    return replace(columns, output=output, values=outputs.values)


def _with_text_of_nodes(columns: Columns) -> Columns:
    """With the names of nodes that are numbers as texts."""
    numbered = {number for number in set(columns.node) if type(columns.values[number]) is int}
    if not numbered:
        return columns
    names = _Numbers(columns.values)
    text = {number: names.number(str(names.values[number])) for number in numbered}
    node = array("i", [text.get(number, number) for number in columns.node])
    return replace(columns, node=node, values=names.values)


class _Numbers:
    """Numbers of values, with room for more."""

    def __init__(self, values: Iterable[Value]) -> None:
        self.values = list(values)
        self._added: dict[tuple[type, Value], int] = {(type(None), None): 0}

    def number(self, value: Value) -> int:
        added = type(value), value
        if added not in self._added:
            self._added[added] = len(self.values)
            self.values.append(value)
        return self._added[added]
