"""JSON Lines, decoded one at a time, with the line number at hand for whoever finds a fault."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec

from ...errors import HistoryError
from ..event import Event
from ..history import History
from ..operation import Value

Int64: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

if TYPE_CHECKING:
    RawValue: TypeAlias = Value
else:
    RawValue = bool | int | float | str | list[Any] | None
"""A value as it is decoded, still with lists, and anything in them: `History.from_events` checks and converts it."""

Row = TypeVar("Row")


class Source:
    """A file that is being read: its path, the number (from 1) of the line that is read, and warnings so far."""

    def __init__(self, path: str, number: int = 0) -> None:
        self.path = path
        self.number = number
        self.warnings: list[str] = []

    def blame(self, reason: str) -> HistoryError:
        """The error that says so of the line that is read."""
        return HistoryError(reason, self.path, self.number)


class Lines(Source, Generic[Row]):
    """The decoded lines of a file from line `first` on. Blank lines are passed over.

    `number` is the line that was decoded last; `warnings` is filled while iterating. Where `may_be_torn`, a
    last line that is no JSON, as a kill in the middle of a write leaves it, is left out with a warning. Every other
    fault is a `HistoryError` with path, line and reason.
    """

    def __init__(
        self, path: str, data: bytes, decode: Callable[[bytes], Row], *, first: int = 1, may_be_torn: bool = False
    ) -> None:
        super().__init__(path, first - 1)
        self._lines = data.rstrip(b"\r\n").split(b"\n")
        self._first = first
        self._decode = decode
        self._may_be_torn = may_be_torn

    def __iter__(self) -> Iterator[Row]:
        for line in self._lines[self._first - 1 :]:
            self.number += 1
            try:
                row = self._decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                if not line.strip():
                    continue
                if self._may_be_torn and self._is_torn(error):
                    self.warnings.append(f"line {self.number}, the last, is torn and was left out: {describe(error)}")
                    return
                raise self.blame(describe(error)) from None
            yield row

    def _is_torn(self, error: Exception) -> bool:
        valid_json = isinstance(error, msgspec.ValidationError)
        return self.number == len(self._lines) and not valid_json and not isinstance(error, RecursionError)


def history_of(source: Source, events: Iterable[Event]) -> History:
    """The history of the events, which are made from the source as it is read: the line that is read is to blame."""
    try:
        return History.from_events(events, source.warnings)
    except HistoryError as error:
        raise (error if error.path else source.blame(error.reason)) from None


def describe(error: Exception) -> str:
    """What is wrong with a line, in a few words, from the decoder's error."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: {error.reason} at byte {error.start} of a string"
    sentence, _, place = str(error).partition(" - at `$")
    field = place.rstrip("`").lstrip(".")
    sentence = sentence.removeprefix("Object contains ").removeprefix("Object ")
    if isinstance(error, msgspec.ValidationError):
        return f"field `{field}`: {sentence}" if field else sentence
    return "not JSON: " + sentence.removeprefix("JSON is malformed: ").replace("Input data was truncated", "cut off")
