"""Which engine decides the operations of an object."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ...histories.operation import Operation
from ..checker import Budget
from ..models import counter, grow_only_set, kv, mutex, queue
from ..models.model import Model
from ..verdict import Validity
from . import engines, kernel
from .columns import TooManyStatesError, register_columns
from .engine import Conflict, EngineResult, InapplicableError, Specialist
from .meter import Limits
from .prepare import simplify
from .registers import Register
from .search import search
from .specialists import counters, locks, queues, sets, strings

_SPECIALISTS: Final[Mapping[object, tuple[str, Specialist]]] = {
    kv().step: ("strings", strings.decide),
    grow_only_set().step: ("sets", sets.decide),
    counter().step: ("counters", counters.decide),
    queue().step: ("queues", queues.decide),
    mutex().step: ("locks", locks.decide),
}
"""By the step of the model, since a model of the same name may have another one."""

ENGINES: Final = ("zones", *(name for name, _ in _SPECIALISTS.values()), "search", "porcupine")
"""The names of all engines, the cheapest first."""

_WHY: Final = {
    "zones": "each value is written once",
    "search": "values are written more than once, or the model has no simpler engine",
    "porcupine": "the model has more states than a table may hold",
}


def decide(
    model: Model,
    operations: Sequence[Operation],
    budget: Budget,
    engine: str | None = None,
    stop: bytearray | None = None,
) -> EngineResult:
    """Whether relevant operations of one object are linearizable, by the cheapest engine that applies, or that named.

    * `strings`, `sets`, `counters`, `queues` and `locks`, for their models, in about linear time;
    * those in engines.py, for registers and for all models.

    Setting the only byte of `stop` from another thread ends a search. Raises InapplicableError if the engine named
    does not apply.
    """
    name, specialist = _SPECIALISTS.get(model.step, ("", None))
    if engine is not None and engine != name:
        return replace(_forced(engine, model, operations, budget, stop), choice="it was asked for")
    not_this = ""
    if specialist is not None:
        try:
            return _by(name, specialist, model, operations)
        except InapplicableError as why:
            if engine is not None:
                raise
            not_this = f"not {name}: {why}"
    result = engines.decide(model, operations, budget, stop)
    return replace(_marked(result), choice=not_this or result.choice or _WHY[result.engine])


def decide_columns(register: Register, limits: Limits) -> EngineResult:
    """The same for a register in columns. A linearization is verified; if it is undecided, why is not told.

    Raises SpentError.
    """
    answer, engine, numbers = engines.decide_register(register.columns, limits)
    validity: Validity = Validity.UNKNOWN
    order: tuple[int, ...] = ()
    if answer.valid is False:
        validity = Validity.INVALID
    elif answer.valid:
        found = answer.order if engine == "zones" else array("i", map(numbers.__getitem__, answer.order))
        if kernel.is_linearization(register.columns, found, limits):
            validity, order = Validity.VALID, tuple(map(register.rows.__getitem__, found))
    native = kernel.NATIVE and validity is not Validity.UNKNOWN
    return EngineResult(validity, order, "", answer.configurations, engine, _WHY[engine], native=native)


def _by(name: str, specialist: Specialist, model: Model, operations: Sequence[Operation]) -> EngineResult:
    solution = specialist(model, operations)
    work, choice = len(operations), f"{name} applies to the operations of this object"
    if isinstance(solution, Conflict):
        return EngineResult(Validity.INVALID, work=work, engine=name, choice=choice, conflict=solution)
    order = tuple(operation.index for operation in solution)
    return EngineResult(Validity.VALID, order=order, work=work, engine=name, choice=choice)


def _marked(result: EngineResult) -> EngineResult:
    """The result, with whether native code gave it."""
    return replace(result, native=kernel.NATIVE and result.engine in ("zones", "search"))


def _forced(
    engine: str, model: Model, operations: Sequence[Operation], budget: Budget, stop: bytearray | None
) -> EngineResult:
    if engine == "porcupine":
        return replace(search(model, simplify(model, operations), budget), engine=engine)
    if engine not in ("zones", "search"):
        raise InapplicableError(f"it is for another model than {model.name}")
    limits = Limits(budget.seconds, budget.configurations, budget.bytes, bytearray(1) if stop is None else stop)
    columns = register_columns(model, operations)
    numbers: Sequence[int] = range(len(operations))
    if engine == "zones":
        answer = None if columns is None else kernel.zones(columns, limits)
        if answer is None:
            why = "its operations do not just read, write and compare" if columns is None else _WHY_NOT_ZONES
            raise InapplicableError(why)
    elif columns is not None:
        columns, numbers = kernel.tightened(columns)
        answer = kernel.search(columns, limits)
    else:
        operations = simplify(model, operations)
        numbers = range(len(operations))
        try:
            answer = engines.search_table(model, operations, limits)
        except TooManyStatesError:
            raise InapplicableError(_WHY["porcupine"]) from None
    return _marked(engines.result_of(answer, engine, numbers, operations, budget))


_WHY_NOT_ZONES: Final = "a value is written twice, or a compare-and-set changed nothing and has no place of its own"
