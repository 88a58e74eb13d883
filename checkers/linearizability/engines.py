"""The engines: which one decides the operations of an object, and what it found out."""

from collections.abc import Sequence
from dataclasses import replace

from ...histories.operation import Operation
from ..checker import Budget
from ..models.model import Model
from ..verdict import Validity
from . import kernel
from .columns import RegisterColumns, TooManyStatesError, register_columns, table_columns
from .engine import EngineResult
from .general import Answer
from .meter import Limits, Reason, SpentError
from .prepare import simplify
from .search import search


def decide(
    model: Model, operations: Sequence[Operation], budget: Budget, stop: bytearray | None = None
) -> EngineResult:
    """Whether relevant operations of one object are linearizable, by the cheapest engine that applies.

    Setting the only byte of `stop` from another thread ends it.

    * `zones`, for registers whose values are written once, in linear time;
    * `search`, for other registers, and for all models by a table of their steps;
    * `porcupine`, where that table would hold too many states.
    """
    limits = Limits(budget.seconds, budget.configurations, budget.bytes, bytearray(1) if stop is None else stop)
    columns = register_columns(model, operations)
    if columns is not None:
        answer, engine, numbers = decide_register(columns, limits)
        return result_of(answer, engine, numbers, operations, budget)
    operations = simplify(model, operations)
    try:
        answer = search_table(model, operations, limits)
    except TooManyStatesError:
        return replace(search(model, operations, replace(budget, seconds=limits.left)), engine="porcupine")
    return result_of(answer, "search", range(len(operations)), operations, budget)


def decide_register(columns: RegisterColumns, limits: Limits) -> tuple[Answer, str, Sequence[int]]:
    """The same for a register: the answer, the engine, and the numbers in the columns of what the answer tells of."""
    answer = kernel.zones(columns, limits)
    if answer is not None:
        return answer, "zones", range(len(columns.kind))
    try:
        smaller, numbers = kernel.tightened(columns, limits)
    except SpentError as spent:
        return Answer(None, reason=spent.args[0]), "search", range(len(columns.kind))
    return kernel.search(smaller, limits), "search", numbers


def search_table(model: Model, operations: Sequence[Operation], limits: Limits) -> Answer:
    """The same for any model. Raises TooManyStatesError."""
    try:
        columns = table_columns(model, operations, limits=limits)
        # The states of the model may take the other half of the memory.
        return kernel.search(columns, replace(limits, bytes=None if limits.bytes is None else limits.bytes // 2))
    except SpentError as spent:
        return Answer(None, reason=spent.args[0])


def result_of(
    answer: Answer,
    engine: str,
    numbers: Sequence[int],
    operations: Sequence[Operation],
    budget: Budget,
) -> EngineResult:
    """The answer in terms of operations; `numbers` are their places, by their numbers in the columns."""
    work = answer.configurations
    if answer.valid is None:
        reached = None if answer.operation is None else operations[numbers[answer.operation]].index
        reason = _limit(answer.reason, budget)
        return EngineResult(Validity.UNKNOWN, reason=reason, work=work, engine=engine, reached=reached)
    if not answer.valid:
        return EngineResult(Validity.INVALID, work=work, engine=engine)
    order = tuple(operations[numbers[number]].index for number in answer.order)
    return EngineResult(Validity.VALID, order=order, work=work, engine=engine)


def _limit(reason: Reason, budget: Budget) -> str:
    if reason is Reason.CONFIGURATIONS:
        return f"the search reached {budget.configurations} configurations"
    return {Reason.TIME: "the time was used up", Reason.MEMORY: "the memory was used up"}.get(reason, "it was stopped")
