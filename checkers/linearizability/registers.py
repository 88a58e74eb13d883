"""The registers in a history as columns, without making an operation of any row.

For long histories: what is to be said of one in which nothing is wrong needs no operations.
"""

from array import array
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...histories.columns import OUTCOMES, Columns
from ...histories.operation import Value
from ..models.model import Model
from ..models.register import register
from ..models.values import canonical
from . import kernel
from .columns import CAS, DIFFERS, NOWHERE, READ, WRITE, RegisterColumns, Times
from .meter import NO_LIMITS, Limits, Meter

OK, FAIL = OUTCOMES.index("ok"), OUTCOMES.index("fail")

_KINDS: Final = {"read": READ, "write": WRITE, "cas": CAS}
_NONE: Final = 255
"""Of what is none of a register's operations."""


@dataclass(frozen=True, slots=True)
class Register:
    """The operations on one key that matter, out of `operations` that there are on it; `rows` are theirs."""

    key: Value
    operations: int
    rows: Sequence[int]
    columns: RegisterColumns


def is_register(model: Model) -> bool:
    """Whether the model is a register with one value for each key, under whatever name."""
    plain = register()
    return (model.access, model.is_read, model.partition) == (plain.access, plain.is_read, plain.partition)


def registers(model: Model, history: Columns, limits: Limits = NO_LIMITS) -> Sequence[Register]:
    """The registers in the history, by the order of first use of their keys; the columns as of `register_columns`.

    None if the model is no register, an operation is not as it must be, or there is no operation. Raises SpentError.
    """
    if not is_register(model) or not history.functions <= model.functions:
        return ()
    values = _Values(history, model.initial)
    return _native(history, values, limits) if kernel.NATIVE else _python(history, values, limits)


class _Values:
    """What is known of the numbers in the columns: see registers.hpp."""

    def __init__(self, history: Columns, initial: Hashable) -> None:
        numbers: dict[Hashable, int] = {canonical(initial): 0}

        def number(value: Value) -> int:
            return numbers.setdefault(canonical(value), len(numbers))

        pairs = [each if type(each) is tuple and len(each) == 2 else None for each in history.values]
        functions = set(history.f)
        self.kind = bytes(
            _KINDS.get(str(each), _NONE) if place in functions else _NONE for place, each in enumerate(history.values)
        )
        self.same = array("i", map(number, history.values))
        self.first = array("i", [NOWHERE if pair is None else number(pair[0]) for pair in pairs])
        self.second = array("i", [NOWHERE if pair is None else number(pair[1]) for pair in pairs])
        self.truth = bytes(int(each) if type(each) is bool else 2 for each in history.values)
        self.count = len(numbers)


def _native(history: Columns, values: _Values, limits: Limits) -> Sequence[Register]:
    found = kernel.registers(
        (history.f, history.key, history.input, history.output, history.call, history.return_, history.outcome),
        (values.kind, values.same, values.first, values.second, values.truth, values.count),
        limits,
    )
    if found is None:
        return ()
    ends, counts, examples, sizes, rows, kind, a, b, call, return_ = found
    registers: list[Register] = []
    begin = 0
    for end, count, example, size in zip(ends, counts, examples, sizes, strict=True):
        own = slice(begin, end)
        columns = RegisterColumns(Times(call[own], return_[own]), kind[own], a[own], b[own], count, 0)
        registers.append(Register(history.values[history.key[example]], size, rows[own], columns))
        begin = end
    return registers


def _python(history: Columns, values: _Values, limits: Limits) -> Sequence[Register]:
    meter = Meter(limits)
    by_key: dict[int, list[int]] = {}
    for row, key in enumerate(history.key):
        meter.tick()
        by_key.setdefault(values.same[key], []).append(row)
    registers: list[Register] = []
    for rows in by_key.values():
        accesses = list(_accesses(history, values, rows, meter))
        if None in accesses:
            return ()
        registers.append(_register(history, rows, [each for each in accesses if each is not None]))
    return registers


_Access = tuple[int, int, int, int]
"""Row, kind, and the numbers of the values found and left."""


def _accesses(history: Columns, values: _Values, rows: Sequence[int], meter: Meter) -> Iterator[_Access | None]:
    """What the operations that matter do; None for one that is not as it must be."""
    for row in rows:
        meter.tick()
        does, outcome = values.kind[history.f[row]], history.outcome[row]
        given, answer = history.input[row], history.output[row]
        if does == CAS and (values.first[given] == NOWHERE or (outcome == OK and values.truth[answer] > 1)):
            yield None
        elif outcome == FAIL or (does == READ and outcome != OK):
            continue
        elif does == READ:
            yield row, READ, values.same[answer], NOWHERE
        elif does == WRITE:
            yield row, WRITE, NOWHERE, values.same[given]
        elif outcome == OK and not values.truth[answer]:
            yield row, DIFFERS, values.first[given], NOWHERE
        else:
            yield row, CAS, values.first[given], values.second[given]


def _register(history: Columns, rows: Sequence[int], accesses: Sequence[_Access]) -> Register:
    """The register, with its values numbered from the initial one on in the order in which they appear."""
    numbers = {NOWHERE: NOWHERE, 0: 0}
    for _, _, found, left in accesses:
        for value in (found, left):
            numbers.setdefault(value, len(numbers) - 1)
    own = array("i", [row for row, _, _, _ in accesses])
    times = Times(array("i", map(history.call.__getitem__, own)), array("i", map(history.return_.__getitem__, own)))
    columns = RegisterColumns(
        times,
        array("B", [does for _, does, _, _ in accesses]),
        array("i", [numbers[found] for _, _, found, _ in accesses]),
        array("i", [numbers[left] for _, _, _, left in accesses]),
        len(numbers) - 1,
        0,
    )
    return Register(history.values[history.key[rows[0]]], len(rows), own, columns)
