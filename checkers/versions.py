"""Who wrote what each operation found: the values that a register had, as far as that is certain.

A value is traceable if exactly one operation can have written it, or if nobody wrote it and it is the initial value.
Weaker guarantees than linearizability are judged by what was read from whom (Gibbons & Korach, "Testing shared
memories", SIAM J. Comput. 1997, call that a read map), so other values constrain nothing there.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import HistoryError, UsageError
from ..histories.history import History
from ..histories.operation import Operation, Value
from .models.model import ANY, Access, Model
from .models.values import canonical


@dataclass(frozen=True)
class Versions:
    """The traceable values of one register. Values are in `canonical` form, operations in the order of their calls.

    `writers` names who wrote each value, None for the initial one. `readers` are operations `ok` that found the value,
    successful compare-and-sets among them. `unwritten` are those that found a value that nobody can have written,
    `ambiguous` those that found one that several can have. `access` has every operation that may have taken effect, by
    its index.
    """

    key: Value
    initial: Hashable
    operations: tuple[Operation, ...]
    access: Mapping[int, Access]
    writers: Mapping[Hashable, Operation | None]
    readers: Mapping[Hashable, Sequence[Operation]]
    unwritten: tuple[Operation, ...]
    ambiguous: tuple[Operation, ...]

    def found(self, operation: Operation) -> Hashable:
        """The traceable value that the operation certainly found, or ANY."""
        value = self.access[operation.index].reads if operation.outcome == "ok" else ANY
        return value if value in self.writers else ANY

    def left(self, operation: Operation) -> Hashable:
        """The traceable value that the operation wrote, if it took effect, or ANY."""
        value = self.access[operation.index].writes
        return value if self.writers.get(value) is not None else ANY

    def happened(self, operation: Operation) -> bool:
        """Whether the operation certainly took effect: it was acknowledged, or what it wrote was found."""
        return operation.outcome == "ok" or bool(self.readers.get(self.left(operation)))


def versions(model: Model, history: History) -> tuple[Versions, ...]:
    """What each register of the history held, in the order of first use.

    Raises UsageError for a model whose operations have no `access`, HistoryError for an operation unknown to it.
    """
    if model.access is None:
        raise UsageError(f"the model {model.name} is no register: this guarantee is judged for registers only")
    registers: dict[Value, list[Operation]] = {}
    for operation in history.operations:
        if operation.f not in model.functions:
            known = ", ".join(sorted(model.functions))
            raise HistoryError(f"operation {operation.index} is a {operation.f}: the model {model.name} has {known}")
        if operation.outcome != "fail":
            registers.setdefault(model.partition(operation), []).append(operation)
    return tuple(_versions(model, key, operations) for key, operations in registers.items())


def _versions(model: Model, key: Value, operations: Sequence[Operation]) -> Versions:
    assert model.access is not None
    initial = canonical(model.initial)
    access = {operation.index: model.access(operation) for operation in operations}
    written: dict[Hashable, list[Operation | None]] = {initial: [None]}
    for operation in operations:
        if access[operation.index].writes is not ANY:
            written.setdefault(access[operation.index].writes, []).append(operation)
    writers = {value: by[0] for value, by in written.items() if len(by) == 1}
    readers: dict[Hashable, list[Operation]] = {}
    unwritten: list[Operation] = []
    ambiguous: list[Operation] = []
    for operation in operations:
        value = access[operation.index].reads
        if operation.outcome != "ok" or value is ANY:
            continue
        if value in writers:
            readers.setdefault(value, []).append(operation)
        else:
            (ambiguous if value in written else unwritten).append(operation)
    return Versions(key, initial, tuple(operations), access, writers, readers, tuple(unwritten), tuple(ambiguous))
