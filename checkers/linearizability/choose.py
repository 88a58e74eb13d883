"""Which engine decides the operations of an object."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ...histories.operation import Operation
from ..checker import Budget
from ..models import counter, grow_only_set, kv, mutex, queue
from ..models.model import Model
from ..verdict import Validity
from . import engines
from .engine import Conflict, EngineResult, InapplicableError, Specialist
from .specialists import counters, locks, queues, sets, strings

_SPECIALISTS: Final[Mapping[object, tuple[str, Specialist]]] = {
    kv().step: ("strings", strings.decide),
    grow_only_set().step: ("sets", sets.decide),
    counter().step: ("counters", counters.decide),
    queue().step: ("queues", queues.decide),
    mutex().step: ("locks", locks.decide),
}
"""By the step of the model, since a model of the same name may have another one."""


def decide(model: Model, operations: Sequence[Operation], budget: Budget) -> EngineResult:
    """Whether relevant operations of one object are linearizable, by the cheapest engine that applies.

    * `strings`, `sets`, `counters`, `queues` and `locks`, for their models, in about linear time;
    * those in engines.py, for registers and for all models.
    """
    name, specialist = _SPECIALISTS.get(model.step, ("", None))
    if specialist is None:
        return engines.decide(model, operations, budget)
    try:
        solution = specialist(model, operations)
    except InapplicableError as why:
        return replace(engines.decide(model, operations, budget), choice=f"not {name}: {why}")
    work, choice = len(operations), f"{name} applies to the operations of this object"
    if isinstance(solution, Conflict):
        return EngineResult(Validity.INVALID, work=work, engine=name, choice=choice, conflict=solution)
    order = tuple(operation.index for operation in solution)
    return EngineResult(Validity.VALID, order=order, work=work, engine=name, choice=choice)
