"""What a recorder of events wrote, one row for each invocation, completion and fault, turned into our events."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from ...errors import HistoryError
from ..event import Completion, Event, Invocation, NemesisEvent
from ..operation import Outcome, Value
from .lines import Int64, RawValue, Source
from .processes import Processes
from .vocabulary import ACKNOWLEDGED, check_input, output_of_ok

NEMESIS: Final = "nemesis"

MAX_OPEN: Final = 1000
"""How many operations a process may have open, where that is not an error anyway. Each completion looks at them all."""

OUTCOMES: Final[dict[str, Outcome]] = {"ok": "ok", "fail": "fail", "info": "info"}


class Row(msgspec.Struct, gc=False):
    """One row, in the words of the recorder. `type` is invoke, ok, fail, info or connect-error; `t` is a time."""

    process: Int64 | str
    type: str
    t: Int64
    f: str | None = None
    key: RawValue = None
    value: Any = None
    node: Int64 | str | None = None
    error: str | None = None


def connect_errors_warning(count: int) -> str:
    """The sentence that says that there were so many."""
    return f"{count} connect-error lines are no operations and were left out"


R = TypeVar("R", bound=Row)


class Open(msgspec.Struct, Generic[R], gc=False):
    """An operation without completion so far."""

    operation: int
    process: int
    row: R
    line: int


def told(asked: Row, answered: Row) -> Value:
    """The output of an operation, from its value and that of its completion."""
    return output_of_ok(str(asked.f), asked.value, answered.value) if answered.type == "ok" else None


class Recording(Generic[R]):
    """Turns rows, each with its line, into events. While one is made, `source.number` is the line it comes from.

    `nemesis` gives the events of a row of the nemesis. `answer(invoked, completed)` is the output of an operation; the
    default is `told`. Where processes are `sequential`, one that invokes while its last operation is open has given
    that up, and nothing completes it any more; where not, completions find theirs by what they repeat.
    """

    def __init__(
        self,
        source: Source,
        rows: Sequence[tuple[int, R]],
        nemesis: Callable[[R], Iterable[NemesisEvent]],
        answer: Callable[[R, R], Value] = told,
        *,
        sequential: bool = False,
    ) -> None:
        self.source = source
        self.rows = rows
        self.nemesis = nemesis
        self.answer = answer
        self.sequential = sequential
        self.processes = Processes(row.process for _, row in rows if row.process != NEMESIS)
        self.open: dict[int | str, list[Open[R]]] = {}
        self.operations = self.connect_errors = 0

    def events(self) -> Iterator[Event]:
        """The events in the order of the rows. Raises `HistoryError` while it stands at the row that is wrong."""
        for number, row in self.rows:
            self.source.number = number
            if row.process == NEMESIS:
                yield from self.nemesis(row)
            elif row.type == "invoke":
                yield self._invoke(row)
            elif row.type in OUTCOMES:
                yield self._complete(row, OUTCOMES[row.type])
            elif row.type == "connect-error":
                self.connect_errors += 1
            else:
                raise HistoryError(f"unknown type {row.type!r}: use invoke, ok, fail, info or connect-error")
        self.source.warnings.extend(self.processes.warnings())
        if self.connect_errors:
            self.source.warnings.append(connect_errors_warning(self.connect_errors))

    def _invoke(self, row: R) -> Invocation:
        if row.f is None:
            raise HistoryError("an invocation without field `f`")
        check_input(row.f, row.value)
        number = self.operations
        self.operations += 1
        candidates = self.open.setdefault(row.process, [])
        if candidates and self.sequential:
            candidates.clear()
            self.processes.retire(row.process)
        if len(candidates) == MAX_OPEN:
            raise HistoryError(f"process {row.process} has {MAX_OPEN} operations open: give each a process of its own")
        process = self.processes.take(row.process, self.source.number)
        candidates.append(Open(number, process, row, self.source.number))
        return Invocation(
            operation=number,
            process=process,
            f=row.f,
            key=row.key,
            input=row.value,
            time=row.t,
            node=None if row.node is None else str(row.node),
        )

    def _complete(self, row: R, outcome: Outcome) -> Completion:
        invoked = self._completed_by(row)
        if outcome == "info":
            self.processes.retire(row.process)
        else:
            self.processes.give_back(row.process, invoked.process)
        return Completion(
            operation=invoked.operation,
            process=invoked.process,
            outcome=outcome,
            output=self.answer(invoked.row, row),
            time=row.t,
            error=row.error,
        )

    def _completed_by(self, row: R) -> Open[R]:
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


def _same_operation(asked: Row, answered: Row) -> bool:
    """Whether f and key agree, as far as the completion repeats them."""
    return answered.f is None or (asked.f == answered.f and (answered.key is None or asked.key == answered.key))


def _same_value(asked: Row, answered: Row) -> bool:
    """Whether the input is the same, where completions repeat it."""
    repeats = answered.type != "ok" or asked.f in ACKNOWLEDGED
    return not repeats or answered.value is None or bool(asked.value == answered.value)
