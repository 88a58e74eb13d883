"""Operations of one object as columns of integers, for the kernel.

Positions in the order of events stay as they are; operations keep their order, so that an operation's number is its
place in the sequence that the columns were made from.
"""

from array import array
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Final

from ...histories.operation import Operation
from ..models.model import ANY, Access, Model, State
from ..models.values import canonical
from .meter import NO_LIMITS, Limits, Reason, SpentError

NEVER: Final = 2**31 - 1
"""The return position of an operation of unknown outcome: it may take effect at any time after its call, or never."""

READ, WRITE, CAS, DIFFERS = range(4)
"""What an operation does to a register. `a` is the value found (of DIFFERS: not found), `b` the value left."""

NOWHERE: Final = -1
"""The number of a value that is never there, and the state after a step that is not possible."""


@dataclass(frozen=True, slots=True)
class Times:
    """When operations were called and returned: arrays of type `i`, one element for each operation."""

    call: "array[int]"
    return_: "array[int]"

    def __len__(self) -> int:
        return len(self.call)


@dataclass(frozen=True, slots=True)
class RegisterColumns:
    """Operations on a register. Values are numbered from 0; `kind` is of type `B`, `a` and `b` of type `i`."""

    times: Times
    kind: "array[int]"
    a: "array[int]"
    b: "array[int]"
    values: int
    initial: int

    def step(self, state: int, operation: int) -> int:
        """The number of the value after the operation, or NOWHERE if it is not possible."""
        kind = self.kind[operation]
        if kind == WRITE:
            return self.b[operation]
        if (state == self.a[operation]) == (kind == DIFFERS):
            return NOWHERE
        return self.b[operation] if kind == CAS else state


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Operations on an object of any model. Those with the same `code` (type `i`) step alike.

    `step(state, code)` gives the number of the state afterwards, or NOWHERE. `pure` holds, for each code, 1 if such an
    operation never changes a state, else 0.
    """

    times: Times
    code: "array[int]"
    pure: bytes
    step: Callable[[int, int], int]
    initial: int


def register_columns(model: Model, operations: Sequence[Operation]) -> RegisterColumns | None:
    """Columns for a model whose operations have an `access`; None for one that is not as simple as a register."""
    if model.access is None:
        return None
    numbers: dict[Hashable, int] = {canonical(model.initial): 0}
    kind, a, b = array("B"), array("i"), array("i")
    for operation in operations:
        row = _row(model.access(operation), numbers)
        if row is None:
            return None
        kind.append(row[0])
        a.append(row[1])
        b.append(row[2])
    return RegisterColumns(_times(operations), kind, a, b, len(numbers), 0)


def _row(access: Access, numbers: dict[Hashable, int]) -> tuple[int, int, int] | None:
    if access.differs is not ANY:
        simple = access.reads is ANY and access.writes is ANY
        return (DIFFERS, numbers.setdefault(access.differs, len(numbers)), NOWHERE) if simple else None
    a = NOWHERE if access.reads is ANY else numbers.setdefault(access.reads, len(numbers))
    b = NOWHERE if access.writes is ANY else numbers.setdefault(access.writes, len(numbers))
    if a == NOWHERE:
        return (DIFFERS, NOWHERE, NOWHERE) if b == NOWHERE else (WRITE, NOWHERE, b)
    return (READ, a, NOWHERE) if b == NOWHERE else (CAS, a, b)


def _times(operations: Sequence[Operation]) -> Times:
    call = array("i", [operation.call for operation in operations])
    returns = [NEVER if operation.return_ is None else operation.return_ for operation in operations]
    return Times(call, array("i", returns))


class TooManyStatesError(Exception):
    """The model has reached more states than the table may hold."""


@dataclass(slots=True)
class Table:
    """A model with numbers for its states, and for operations that differ only in who called them when.

    A nondeterministic model has a number for each set of states that it may be in. `step` raises TooManyStatesError
    where there are more than `limit`, SpentError where they take more than `bytes`, about.
    """

    model: Model
    limit: int
    bytes: int | None = None
    held: int = 0
    states: list[tuple[State, ...]] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    _state_numbers: dict[Hashable, int] = field(default_factory=dict)
    _codes: dict[Hashable, int] = field(default_factory=dict)

    def code(self, operation: Operation) -> int:
        """The number of all operations that step like this one."""
        known = operation.outcome == "ok"
        output = canonical(operation.output) if known else None
        key = operation.f, canonical(operation.input), self.model.beside(operation), known, output
        if key not in self._codes:
            self._codes[key] = len(self.operations)
            self.operations.append(operation)
        return self._codes[key]

    def state(self, states: tuple[State, ...]) -> int:
        """The number of this set of states."""
        key = frozenset(map(canonical, states))
        if key not in self._state_numbers:
            if len(self.states) >= self.limit:
                raise TooManyStatesError
            self.held += OF_A_STATE + 2 * sum(map(getsizeof, states))  # as it is, and in canonical form
            if self.bytes is not None and self.held > self.bytes:
                raise SpentError(Reason.MEMORY)
            self._state_numbers[key] = len(self.states)
            self.states.append(states)
        return self._state_numbers[key]

    def is_half_full(self) -> bool:
        """Whether there is no room for as many states as there are."""
        return 2 * len(self.states) > self.limit or (self.bytes is not None and 2 * self.held > self.bytes)

    def step(self, state: int, code: int) -> int:
        """The number of what may be the states after an operation with that code, or NOWHERE if there is none."""
        operation, after = self.operations[code], self.model.after
        found = {canonical(each): each for before in self.states[state] for each in after(before, operation)}
        return self.state(tuple(found.values())) if found else NOWHERE


STATES: Final = 1_000_000
"""How many states of a model a table may hold."""

OF_A_STATE: Final = 500
"""How many bytes a state takes in a table, about, beside itself."""


def table_columns(
    model: Model, operations: Sequence[Operation], states: int = STATES, limits: Limits = NO_LIMITS
) -> TableColumns:
    """Columns for any model. Steps are worked out when they are asked for, by the same rules as in `Model.after`.

    The states may take half of the bytes of the limits. Raises SpentError where they do not suffice.
    """
    table = Table(model, states, None if limits.bytes is None else limits.bytes // 2)
    initial = table.state((model.initial,))
    code = array("i", map(table.code, operations))
    pure = _pure_codes(table, initial, 4 * len(operations) + 256, limits)
    return TableColumns(_times(operations), code, pure, table.step, initial)


def _pure_codes(table: Table, initial: int, steps: int, limits: Limits) -> bytes:
    """For each code, whether such an operation changes no state: because the model says so, or because none does.

    The second is known only if all states can be reached in that many steps and in time, and fill no more than half of
    the table.
    """
    hinted = bytes(map(table.model.is_read, table.operations))
    changes = bytearray(len(hinted))
    reached, work = {initial}, [initial]
    while work:
        state = work.pop()
        for code in range(len(hinted)):
            steps -= 1
            if steps < 0 or table.is_half_full() or limits.left == 0:
                return hinted
            following = table.step(state, code)
            if following not in (state, NOWHERE):
                changes[code] = 1
                if following not in reached:
                    reached.add(following)
                    work.append(following)
    return bytes(hint or not change for hint, change in zip(hinted, changes, strict=True))
