"""The format `jepsen`: a history.edn, as Jepsen, Knossos and Elle read and write it, and Porcupine's kv tests too.

    {:type :invoke, :f :cas, :value [1 5], :process 5, :time 1273576117207, :index 0}
    {:type :ok, :f :cas, :value [1 5], :process 5, :time 1273578614803, :index 1}
    {:type :info, :f :start-partition, :value nil, :process :nemesis, :time 1276528267050, :index 2}

One map per operation's invocation and completion, in real-time order, one after the other or in a vector or list; each
may have a tag such as `#jepsen.history.Op`. Porcupine's have a `:key`. For what the fields mean see `ops`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from ...errors import HistoryError
from ..event import Completion, Event, Invocation
from ..history import History
from ..operation import Value
from ..value import to_value
from . import edn
from .head import Head
from .lines import Source
from .ops import Ops, history, op
from .vocabulary import output_of_ok


def recognises(head: Head) -> bool:
    """Whether a file that begins like this is in this format: with a map that has keywords, and a `:type` soon."""
    return bool(_FIRST.match(head.text) and _TYPE.search(head.text))


def read(path: str, data: bytes) -> History:
    """The history in the file's bytes. A torn last operation is left out with a warning.

    Raises `HistoryError` with path, line and reason.
    """
    source = Source(path)
    ops: Ops = []
    text = text_of(path, data)
    try:
        for number, form in edn.elements(path, text):
            source.number = number
            fields = _untagged(form)
            if not isinstance(fields, dict):
                raise HistoryError("an operation is no map")
            ops.append((number, op(fields)))
    except edn.CutOffError as error:
        if error.begun <= text.rstrip().count("\n"):
            raise  # not the last line is torn but an earlier one, and all that follows seems to be part of it
        source.warnings.append(f"the file is torn on line {error.line}, its end was left out: {error.reason}")
    except HistoryError as error:
        raise (error if error.path else source.blame(error.reason)) from None
    return history(source, ops)


def text_of(path: str, data: bytes) -> str:
    """The file as text. Raises `HistoryError` with path, line and reason if it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise HistoryError(f"not UTF-8 text: {error.reason} at byte {error.start}", path, line) from None


def write(history: History) -> bytes:
    """The history as a history.edn. `read` gives an equal one, but for warnings.

    Values do not hold the key, which is a field of its own: Knossos and Elle, which know no such field, check one key
    at a time. A compare-and-set that answered false is a `:fail`, as Jepsen has it. Raises `HistoryError` for what
    cannot be written.
    """
    invoked: dict[int, Invocation] = {}
    lines = (_line(index, event, invoked) for index, event in enumerate(history.events()))
    try:
        return "".join(lines).encode()
    except UnicodeEncodeError:
        raise HistoryError("a string holds half of a surrogate pair, which is not text: replace it") from None
    except ValueError:
        raise HistoryError("an integer has more than 4300 digits: use a string") from None


_KEYWORD: Final = re.compile("[A-Za-z][A-Za-z0-9_-]*")
_FIRST: Final = re.compile(r"(?:[\s,\[(]|;[^\n]*\n|\#[\w.]+)*+\{[\s,]*:")
_TYPE: Final = re.compile(r":type[\s,]+:")


def _untagged(form: edn.Form) -> edn.Form:
    while isinstance(form, edn.Tagged):
        form = form.form
    return form


def _line(index: int, event: Event, invoked: dict[int, Invocation]) -> str:
    fields = {"index": str(index)} | dict(_fields(event, invoked))
    return "{" + ", ".join(f":{name} {text}" for name, text in fields.items()) + "}\n"


def _fields(event: Event, invoked: dict[int, Invocation]) -> Iterator[tuple[str, str]]:
    """The names and values, in EDN, of the fields of an event's line. Notes what is invoked."""
    if isinstance(event, Invocation):
        invoked[event.operation] = event
        yield from {"type": ":invoke", "process": str(event.process), "f": _keyword(event.f)}.items()
        yield "key", _edn(event.key)
        yield "value", _edn(event.input)
        optional: dict[str, Value] = {"node": event.node}
    elif isinstance(event, Completion):
        asked = invoked.pop(event.operation)
        optional = {"error": event.error}
        yield from _completed(asked, event).items()
    else:
        f = f"{event.what}-{event.fault}" if event.fault else event.what
        yield from {"type": ":info", "process": ":nemesis", "f": _keyword(f)}.items()
        yield "value", _edn(event.detail)
        optional = {name: getattr(event, name) for name in ("what", "unit", "fault", "detail")}
        optional["targets"] = event.targets or None
    yield "time", str(event.time)
    for name, value in optional.items():
        if value is not None:
            yield name, _edn(value)


def _completed(asked: Invocation, event: Completion) -> dict[str, str]:
    ok, output = event.outcome == "ok", _edn(event.output)
    refused = ok and asked.f == "cas" and event.output is False
    value = event.output if ok and asked.f != "cas" and event.output is not None else asked.input
    fields = {
        "type": ":fail" if refused else f":{event.outcome}",
        "process": str(event.process),
        "f": _keyword(asked.f),
        "key": _edn(asked.key),
        "value": _edn(value),
    }
    if refused:
        fields["outcome"] = ":ok"
    if refused or output != (_edn(output_of_ok(asked.f, asked.input, value)) if ok else "nil"):
        fields["output"] = output
    return fields


def _keyword(name: str) -> str:
    return f":{name}" if _KEYWORD.fullmatch(name) else edn.write(name)


def _edn(value: Any) -> str:
    return edn.write(to_value(value))
