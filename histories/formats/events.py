"""The format `events`: JSON Lines, one invocation, completion or fault per line, in real-time order.

    {"process": 5, "type": "invoke", "f": "cas", "key": "x", "value": [1, 5], "t": 1273576117207, "node": 3}
    {"process": 5, "type": "ok", "f": "cas", "key": "x", "value": false, "t": 1273578614803, "node": 3}
    {"process": "nemesis", "type": "fault", "f": "kill-leader", "value": "kill -9 n1", "t": 1276528267050}

`type` of a completion is `ok`, `fail` or `info`, and its `value` the output or the input again. Lines of type
`connect-error` are no operations. `key`, `value`, `node` and `error` may be absent, and so may `f` on completions;
other fields are passed over. Processes are integers or names, times nanoseconds.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from ...errors import HistoryError
from ..event import Completion, Event, Invocation, NemesisEvent
from ..history import History
from ..operation import Outcome
from .lines import Int64, Lines, RawValue, history_of
from .processes import Processes
from .vocabulary import ACKNOWLEDGED, check_input, output_of_ok

NEMESIS: Final = "nemesis"

OUTCOMES: Final[dict[str, Outcome]] = {"ok": "ok", "fail": "fail", "info": "info"}

UNDOES: Final = {"heal": "partition", "restart": "kill", "sigcont": "sigstop"}
"""What a fault's name begins with that ends another one, and with what the other's name begins."""

OBSERVES: Final = "who"
"""What the name of a nemesis line begins with that is no fault: somebody asked who leads."""


class _Row(msgspec.Struct, gc=False):
    process: Int64 | str
    type: str
    t: Int64
    f: str | None = None
    key: RawValue = None
    value: Any = None
    node: Int64 | str | None = None
    error: str | None = None


class _Open(msgspec.Struct, gc=False):
    """An operation without completion so far."""

    operation: int
    process: int
    row: _Row
    line: int


_decode = msgspec.json.Decoder(_Row).decode


def recognises(first: object) -> bool:
    """Whether a file whose first line holds this JSON is in this format."""
    return isinstance(first, dict) and {"process", "type", "t"} <= first.keys()


def read(path: str, data: bytes) -> History:
    """The history in the file's bytes. A torn last line is left out with a warning.

    Raises `HistoryError` with path, line and reason.
    """
    lines = Lines(path, data, _decode, may_be_torn=True)
    rows = [(lines.number, row) for row in lines]
    return history_of(lines, _Recording(lines, rows).events())


class _Recording:
    """Turns rows into events. While one is made, `lines.number` is the line that it comes from."""

    def __init__(self, lines: Lines[_Row], rows: Sequence[tuple[int, _Row]]) -> None:
        self.lines = lines
        self.rows = rows
        self.processes = Processes(row.process for _, row in rows if row.process != NEMESIS)
        self.open: dict[int | str, list[_Open]] = {}
        self.faults: list[tuple[int, str]] = []
        """Unit and name of every fault that has begun and not ended."""
        self.operations = self.units = self.connect_errors = 0

    def events(self) -> Iterator[Event]:
        for number, row in self.rows:
            self.lines.number = number
            if row.process == NEMESIS:
                yield from self.nemesis(row)
            elif row.type == "invoke":
                yield self.invoke(row)
            elif row.type in OUTCOMES:
                yield self.complete(row, OUTCOMES[row.type])
            elif row.type == "connect-error":
                self.connect_errors += 1
            else:
                raise HistoryError(f"unknown type {row.type!r}: use invoke, ok, fail, info or connect-error")
        self.lines.warnings.extend(self.processes.warnings())
        if self.connect_errors:
            self.lines.warnings.append(f"{self.connect_errors} connect-error lines are no operations and were left out")

    def invoke(self, row: _Row) -> Invocation:
        if row.f is None:
            raise HistoryError("an invocation without field `f`")
        check_input(row.f, row.value)
        number = self.operations
        self.operations += 1
        process = self.processes.take(row.process, self.lines.number)
        self.open.setdefault(row.process, []).append(_Open(number, process, row, self.lines.number))
        return Invocation(
            operation=number,
            process=process,
            f=row.f,
            key=row.key,
            input=row.value,
            time=row.t,
            node=None if row.node is None else str(row.node),
        )

    def complete(self, row: _Row, outcome: Outcome) -> Completion:
        invoked = self.completed_by(row)
        asked = invoked.row
        if outcome == "info":
            self.processes.retire(row.process)
        else:
            self.processes.give_back(row.process, invoked.process)
        return Completion(
            operation=invoked.operation,
            process=invoked.process,
            outcome=outcome,
            output=output_of_ok(str(asked.f), asked.value, row.value) if outcome == "ok" else None,
            time=row.t,
            error=row.error,
        )

    def completed_by(self, row: _Row) -> _Open:
        """The open operation of the row's process that the row completes, taken off the open ones."""
        candidates = self.open.get(row.process, [])
        if not candidates:
            raise HistoryError(f"{row.type} of process {row.process}, which has no operation open")
        matching = [entry for entry in candidates if _same_operation(entry.row, row)]
        if not matching:
            last = candidates[-1]
            raise HistoryError(
                f"{row.type} of process {row.process} for {row.f} on {row.key!r}, "
                f"but it invoked {last.row.f} on {last.row.key!r} on line {last.line}"
            )
        if len(matching) > 1:
            matching = [entry for entry in matching if _same_value(entry.row, row)]
        if len(matching) != 1:
            asked = " and ".join(str(entry.line) for entry in matching or candidates)
            raise HistoryError(
                f"{row.type} of process {row.process} fits not exactly one of its open operations, of lines {asked}: "
                "give each a process of its own"
            )
        candidates.remove(matching[0])
        return matching[0]

    def nemesis(self, row: _Row) -> Iterator[NemesisEvent]:
        name = row.f or row.type
        if name.startswith(OBSERVES):
            return
        detail = None if row.value is None else str(row.value)
        undone = next((fault for undo, fault in UNDOES.items() if name.startswith(undo)), None)
        if undone is None:
            self.faults.append((self.units, name))
            yield NemesisEvent(what="start", time=row.t, unit=self.units, fault=name, detail=detail)
            self.units += 1
            return
        ended = [fault for fault in self.faults if fault[1].startswith(undone)]
        for unit, fault in ended:
            self.faults.remove((unit, fault))
            yield NemesisEvent(what="stop", time=row.t, unit=unit, fault=fault, detail=detail)
        if not ended:
            yield NemesisEvent(what="stop", time=row.t, fault=name, detail=detail)


def _same_operation(asked: _Row, answered: _Row) -> bool:
    """Whether f and key agree, as far as the completion repeats them."""
    return answered.f is None or (asked.f == answered.f and (answered.key is None or asked.key == answered.key))


def _same_value(asked: _Row, answered: _Row) -> bool:
    """Whether the input is the same, where completions repeat it."""
    repeats = answered.type != "ok" or asked.f in ACKNOWLEDGED
    return not repeats or answered.value is None or bool(asked.value == answered.value)
