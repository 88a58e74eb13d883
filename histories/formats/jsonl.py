"""Our own format, `splitbrain`: JSON Lines, a header and then one event per line, in real-time order.

    {"format":"splitbrain","version":1}
    {"type":"invoke","operation":0,"process":0,"time":123,"f":"write","key":"x","input":3,"node":"c0"}
    {"type":"ok","operation":0,"process":0,"time":456}
    {"type":"nemesis","what":"start","time":789,"unit":0,"fault":"partition","targets":["s1"],"detail":"..."}

A field that is absent is null. `type` of a completion is `ok`, `fail` or `info`; it may have `output` and `error`.
The header may have `warnings`, a list of sentences.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import msgspec

from ...errors import HistoryError
from ..event import Completion, Event, Invocation, NemesisEvent
from ..history import History
from ..operation import Outcome
from ..value import ATOMS, to_value
from .head import Head
from .lines import Int64, Lines, RawValue, Source, describe, history_of
from .plain import read_ours

VERSION: Final = 1


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The first line."""

    format: str
    version: int
    warnings: tuple[str, ...] = ()


class _Invoke(msgspec.Struct, tag_field="type", tag="invoke", omit_defaults=True, forbid_unknown_fields=True, gc=False):
    operation: Int64
    process: Int64
    time: Int64
    f: str
    key: RawValue = None
    input: RawValue = None
    node: str | None = None


class _Ok(msgspec.Struct, tag_field="type", tag="ok", omit_defaults=True, forbid_unknown_fields=True, gc=False):
    operation: Int64
    process: Int64
    time: Int64
    output: RawValue = None
    error: str | None = None


class _Fail(_Ok, tag="fail", gc=False):
    pass


class _Info(_Ok, tag="info", gc=False):
    pass


class _Nemesis(
    msgspec.Struct, tag_field="type", tag="nemesis", omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    what: str
    time: Int64
    unit: Int64 | None = None
    fault: str | None = None
    targets: tuple[str, ...] = ()
    detail: str | None = None


_Line: TypeAlias = _Invoke | _Ok | _Fail | _Info | _Nemesis

_COMPLETIONS: Final[dict[Outcome, type[_Ok]]] = {"ok": _Ok, "fail": _Fail, "info": _Info}
_OUTCOMES: Final = {kind: outcome for outcome, kind in _COMPLETIONS.items()}

_encode = msgspec.json.Encoder().encode
_decode_header = msgspec.json.Decoder(Header).decode
_decode = msgspec.json.Decoder(_Line).decode
_decode_nemesis = msgspec.json.Decoder(_Nemesis).decode


def recognises(head: Head) -> bool:
    """Whether a file that begins like this is in this format."""
    return "format" in head.object


def read(path: str, data: bytes) -> History:
    """The history in the file's bytes. A torn last line is left out with a warning.

    Raises `HistoryError` with path, line and reason.
    """
    head = Head(data)
    source = Source(path, head.number)
    try:
        header = _decode_header(head.line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise source.blame(describe(error)) from None
    if header.format != "splitbrain":
        raise source.blame(f"the format is {header.format!r}, not 'splitbrain'")
    if header.version != VERSION:
        raise source.blame(f"version {header.version} of the format, but only {VERSION} is known: upgrade")
    if plain := read_ours(data, head.end):
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            nemesis = [_to_nemesis_event(_decode_nemesis(line)) for line in plain.others]
            return History.from_columns(plain.columns, nemesis, header.warnings)
    lines = Lines(path, data, _decode, first=head.number + 1, may_be_torn=True)
    lines.warnings.extend(header.warnings)
    return history_of(lines, map(_to_event, lines))


def write(history: History) -> bytes:
    """The history as a file. `read` gives an equal one. Raises `HistoryError` for what is not a value."""
    return b"".join((to_header(history.warnings), *map(to_line, history.events())))


def to_header(warnings: Sequence[str] = ()) -> bytes:
    """The first line of a file, with its newline."""
    return _encode(Header(format="splitbrain", version=VERSION, warnings=tuple(warnings))) + b"\n"


def to_line(event: Event) -> bytes:
    """The event as one line, with its newline. Raises `HistoryError` if it holds something that is not a value."""
    try:
        return _encode(_from_event(event)) + b"\n"
    except UnicodeEncodeError:
        raise HistoryError("a string holds half of a surrogate pair, which is not text: replace it") from None
    except ValueError:
        raise HistoryError("an integer has more than 4300 digits: use a string") from None


def _from_event(event: Event) -> _Line:
    if isinstance(event, Invocation):
        key, given = event.key, event.input
        return _Invoke(
            event.operation,
            event.process,
            event.time,
            event.f,
            key if type(key) in ATOMS else to_value(key),
            given if type(given) in ATOMS else to_value(given),
            event.node,
        )
    if isinstance(event, Completion):
        output = event.output if type(event.output) in ATOMS else to_value(event.output)
        kind = _COMPLETIONS[event.outcome]
        return kind(event.operation, event.process, event.time, output, event.error)
    return _Nemesis(event.what, event.time, event.unit, event.fault, event.targets, event.detail)


def _to_event(line: _Line) -> Event:
    if isinstance(line, _Invoke):
        return Invocation(
            operation=line.operation,
            process=line.process,
            f=line.f,
            key=line.key,
            input=line.input,
            time=line.time,
            node=line.node,
        )
    if isinstance(line, _Nemesis):
        return _to_nemesis_event(line)
    return Completion(
        operation=line.operation,
        process=line.process,
        outcome=_OUTCOMES[type(line)],
        output=line.output,
        time=line.time,
        error=line.error,
    )


def _to_nemesis_event(line: _Nemesis) -> NemesisEvent:
    return NemesisEvent(
        what=line.what,
        time=line.time,
        unit=line.unit,
        fault=line.fault,
        targets=line.targets,
        detail=line.detail,
    )
