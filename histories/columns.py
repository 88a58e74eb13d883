"""The operations of a history in columns: for who goes through a million of them."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ..errors import HistoryError
from .operation import Operation, Outcome, Value

NEVER: Final = 2**31 - 1
"""The return of an operation that has none."""

NO_TIME: Final = -(2**63)
"""The time of a completion that there was not."""

OUTCOMES: Final[tuple[Outcome, ...]] = ("ok", "fail", "info")
"""What the numbers in the column `outcome` stand for."""


@dataclass(frozen=True)
class Columns:
    """One row for each operation, in the order of their invocations. Fields are those of `Operation`.

    `f`, `key`, `input`, `output`, `node` and `error` hold numbers of `values`, of which the first is None. (Equal
    numbers are equal values; not always the other way round.) `call` and `return_` are positions in the order of
    events, NEVER where there is none; `completed` is NO_TIME where there is none.
    """

    process: "array[int]"
    f: "array[int]"
    key: "array[int]"
    input: "array[int]"
    output: "array[int]"
    outcome: "array[int]"
    call: "array[int]"
    return_: "array[int]"
    invoked: "array[int]"
    completed: "array[int]"
    node: "array[int]"
    error: "array[int]"
    values: Sequence[Value]

    @classmethod
    def of(cls, operations: Sequence[Operation]) -> "Columns":
        """The operations in columns. Raises HistoryError for numbers of processes or times of more than 64 bits."""
        try:
            return cls._of(operations)
        except OverflowError:
            raise HistoryError("a process or a time is a number of more than 64 bits") from None

    @classmethod
    def _of(cls, operations: Sequence[Operation]) -> "Columns":
        table = _Table()
        number = table.number
        return cls(
            process=array("q", [each.process for each in operations]),
            f=array("i", [number(each.f) for each in operations]),
            key=array("i", [number(each.key) for each in operations]),
            input=array("i", [number(each.input) for each in operations]),
            output=array("i", [number(each.output) for each in operations]),
            outcome=array("B", [OUTCOMES.index(each.outcome) for each in operations]),
            call=array("i", [each.call for each in operations]),
            return_=array("i", [NEVER if each.return_ is None else each.return_ for each in operations]),
            invoked=array("q", [each.invoked for each in operations]),
            completed=array("q", [NO_TIME if each.completed is None else each.completed for each in operations]),
            node=array("i", [number(each.node) for each in operations]),
            error=array("i", [number(each.error) for each in operations]),
            values=table.values,
        )

    def __len__(self) -> int:
        return len(self.call)

    @cached_property
    def functions(self) -> frozenset[str]:
        """Which `f` there are."""
        return frozenset(str(self.values[number]) for number in set(self.f))

    def counts(self) -> Mapping[tuple[str, Outcome], int]:
        """How many operations have that `f` and that outcome."""
        found: Counter[tuple[str, Outcome]] = Counter()
        for (f, outcome), number in Counter(zip(self.f, self.outcome, strict=True)).items():
            found[str(self.values[f]), OUTCOMES[outcome]] += number
        return found

    def operations(self) -> list[Operation]:
        """The operations in the order of the rows."""
        value = self.values
        return [
            Operation(
                index=row,
                process=self.process[row],
                f=value[self.f[row]],  # type: ignore[arg-type]  # who made the columns has seen to it
                key=value[self.key[row]],
                input=value[self.input[row]],
                output=value[self.output[row]],
                outcome=OUTCOMES[self.outcome[row]],
                call=self.call[row],
                return_=None if self.return_[row] == NEVER else self.return_[row],
                invoked=self.invoked[row],
                completed=None if self.completed[row] == NO_TIME else self.completed[row],
                node=value[self.node[row]],  # type: ignore[arg-type]
                error=value[self.error[row]],  # type: ignore[arg-type]
            )
            for row in range(len(self))
        ]


class _Table:
    """Numbers for values: one for each integer and each string, one for each appearance of any other."""

    def __init__(self) -> None:
        self.values: list[Value] = [None]
        self._numbers: dict[Value, int] = {None: 0}

    def number(self, value: Value) -> int:
        known = self._numbers.get(value) if type(value) in _SIMPLE else None
        if known is not None:
            return known
        found = len(self.values)
        if type(value) in _SIMPLE:
            self._numbers[value] = found
        self.values.append(value)
        return found


_SIMPLE: Final = frozenset((int, str, type(None)))
"""Types whose values are equal only if they are of the same type."""
