"""Jepsen's operations, whichever notation they are written in.

* A process has one operation open. One that invokes before the last is completed has given that up: its outcome is
  unknown, as that of one that ended `info` is.
* `fail`: it certainly did not happen. `info`: unknown. The value of neither says anything.
* The value of an `ok` is the answer, or the input again. A compare-and-set that is `ok` has set.
* Where no line has a `:key` and every invocation has a value `[key value]`, that is what it means (`_have_keys`).
* The process `nemesis` writes two lines for each thing that it does: before and after.
* Times are nanoseconds. Unless every line has one, the position in the file stands in for all.
* Keywords and symbols become strings, without the colon; sets become sorted lists, maps sorted lists of pairs.

Of our own, which Jepsen's tools pass over: `:key`, `:node`; `:outcome` and `:output`, where `:type` and `:value` say
something else; and the fields of a `NemesisEvent`.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

import msgspec

from ...errors import HistoryError
from ..event import NemesisEvent
from ..history import History
from ..operation import Value
from ..value import ATOMS, MAX_DEPTH
from .atoms import shorten
from .edn import Keyword, Symbol, Tagged
from .edn import write as write_edn
from .lines import Source, history_of
from .recording import NEMESIS, Recording, Row, told

ENDS: Final = {"start": "kill", "restart": "kill", "resume": "pause", "heal": "partition", "reset": "clock"}
"""What begins the name of something that the nemesis does to end a fault, and what the fault's name holds."""


class Op(Row, gc=False):
    """One line."""

    has_time: bool = True
    has_key: bool = False
    output: Any = msgspec.UNSET
    """The output, if that is not what the value says."""
    nemesis: NemesisEvent | None = None
    """What the nemesis did, if that is not to be guessed from `f`."""


Ops: TypeAlias = list[tuple[int, Op]]
"""The lines, each with its number (from 1)."""


def op(fields: dict[str, Any]) -> Op:
    """One line, from its fields by keyword, whose values may be any forms. Raises `HistoryError` if it makes none."""
    get = fields.get
    kind = _name(":type", get(":outcome") or get(":type"))
    process = get(":process")
    if type(process) is not int:
        process = _name(":process", process)
    time, f, value, error = get(":time"), get(":f"), get(":value"), get(":error")
    if error is None and type(value) is Keyword and kind in ("fail", "info"):
        error = value
    found = Op(
        process=_integer(":process", process) if type(process) is int else process,
        type=kind,
        t=0 if time is None else _integer(":time", time),
        f=None if f is None else _name(":f", f),
        key=plain(get(":key")),
        value=value if type(value) in ATOMS else plain(value),
        node=None if get(":node") is None else _text(get(":node")),
        error=None if error is None else _text(error),
        has_time=time is not None,
        has_key=":key" in fields,
    )
    if found.f is None and _is_transaction(found.value):
        found.f = "txn"
    if ":output" in fields:
        found.output = plain(get(":output"))
    if ":what" in fields:
        found.nemesis = _nemesis_event(fields, found.t)
    return found


def history(source: Source, ops: Ops) -> History:
    """The history in these lines. Raises `HistoryError` with path, line and reason."""
    if not all(op.has_time for _, op in ops):
        for position, (_, op) in enumerate(ops):
            op.t = position
    if _have_keys([op for _, op in ops if op.process != NEMESIS]):
        for _, op in ops:
            if _is_pair(op.value):
                op.key, op.value = op.value
    recording = Recording(source, ops, _Nemesis().events, _answer, sequential=True)
    return history_of(source, recording.events())


def plain(form: Any, depth: int = MAX_DEPTH) -> Value:
    """The form of EDN or JSON as a value. Raises `HistoryError` if it is nested too deeply."""
    if type(form) in ATOMS:
        return form  # type: ignore[no-any-return]  # mypy does not narrow by membership
    if depth == 0:
        raise HistoryError(f"a value is nested deeper than {MAX_DEPTH}: use a flatter one")
    if isinstance(form, tuple | list):
        return tuple([item if type(item) in ATOMS else plain(item, depth - 1) for item in form])
    if isinstance(form, Keyword):
        return form[1:]
    if isinstance(form, Symbol | Decimal | Fraction):
        return str(form)
    if isinstance(form, frozenset):
        return _sorted(plain(item, depth - 1) for item in form)
    if isinstance(form, dict):
        return _sorted((plain(key, depth - 2), plain(value, depth - 2)) for key, value in form.items())
    if isinstance(form, Tagged):
        return form.tag, plain(form.form, depth - 1)
    return form  # type: ignore[no-any-return]


def _sorted(values: Iterable[Value]) -> tuple[Value, ...]:
    found = list(values)
    try:
        return tuple(sorted(found))  # type: ignore[type-var]
    except TypeError:
        return tuple(sorted(found, key=repr))


def _name(field: str, form: Any) -> str:
    if isinstance(form, Keyword):
        return form[1:]
    if isinstance(form, str):
        return form
    if form is None:
        raise HistoryError(f"an operation without {field}")
    raise HistoryError(f"{field} is {_text(form)}: it must be a name")


def _integer(field: str, form: Any) -> int:
    if type(form) is int and -(2**63) <= form < 2**63:
        return form
    raise HistoryError(f"{field} is {shorten(_text(form))}: it must be an integer of at most 64 bits")


def _text(form: Any) -> str:
    """What people are to read: a name or a string as it stands, anything else in EDN."""
    value = plain(form)
    return value if isinstance(value, str) else write_edn(value)


def _is_transaction(value: Value) -> bool:
    """Whether this is a list of micro-operations. Who records those often leaves out `:f`."""
    return isinstance(value, tuple) and bool(value) and all(isinstance(each, tuple) for each in value)


def _have_keys(ops: list[Op]) -> bool:
    """Whether values are pairs of key and value.

    A compare-and-set has a pair as value too, and anybody may write pairs. But only where keys are in use has every
    invocation one, reads among them, which else say nothing; and then that of a compare-and-set holds another.
    """
    invoked = [op for op in ops if op.type == "invoke"]
    return (
        bool(invoked)
        and not any(op.has_key for op in ops)
        and all(_is_pair(op.value) and (op.f != "cas" or _is_couple(op.value[1])) for op in invoked)
        and all(op.value is None or _is_pair(op.value) for op in ops if op.type == "ok")
    )


def _is_couple(value: Value) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _is_pair(value: Value) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and type(value[0]) in (int, str)


def _answer(asked: Op, answered: Op) -> Value:
    if answered.output is not msgspec.UNSET:
        return answered.output  # type: ignore[no-any-return]
    if answered.type == "ok" and asked.f == "cas" and answered.value is None:
        return True
    return told(asked, answered)


def _nemesis_event(fields: dict[str, Any], time: int) -> NemesisEvent:
    try:
        return msgspec.convert(
            {name: plain(fields.get(f":{name}")) for name in ("what", "unit", "fault", "detail")}
            | {"targets": plain(fields.get(":targets")) or (), "time": time},
            NemesisEvent,
        )
    except msgspec.ValidationError as error:
        raise HistoryError(f"what the nemesis did makes no sense: {error}") from None


class _Nemesis:
    """Guesses from names, and from their order, which faults began and ended. For people only."""

    def __init__(self) -> None:
        self.units = 0
        self.faults: list[tuple[int, str]] = []
        """Unit and name of each fault that has begun and not ended."""
        self.doing: str | None = None
        """What it has begun to do and not reported as done."""

    def events(self, op: Op) -> Iterator[NemesisEvent]:
        """The beginning of a fault comes when it is begun, the end when it is done."""
        if op.nemesis is not None:
            yield msgspec.structs.replace(op.nemesis, time=op.t)
            return
        name = op.f or op.type
        done = self.doing == name
        self.doing = None if done else name
        ended = [fault for fault in self.faults if _ends(name, fault[1])]
        if not ended and not done and not name.startswith("stop"):
            unit, self.units = self.units, self.units + 1
            fault = "nemesis" if name == "start" else name.removeprefix("start-")
            self.faults.append((unit, fault))
            yield NemesisEvent(what="start", time=op.t, unit=unit, fault=fault, detail=_detail(op))
        elif ended and done:
            for unit, fault in ended:
                self.faults.remove((unit, fault))
                yield NemesisEvent(what="stop", time=op.t, unit=unit, fault=fault, detail=_detail(op))


def _ends(name: str, fault: str) -> bool:
    """Whether what the nemesis does under this name ends the fault."""
    if name.startswith("stop"):
        return fault == (name.removeprefix("stop").lstrip("-") or "nemesis")
    verb = name.partition("-")[0]
    return verb in ENDS and ENDS[verb] in fault and name != fault


def _detail(op: Op) -> str | None:
    return None if op.value is None else _text(op.value)
