"""The linearizability checker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from time import monotonic

from ...errors import HistoryError
from ...histories.history import History
from ...histories.operation import Operation, Value
from ..checker import Budget, Checker
from ..models.model import Model
from ..models.values import show
from ..verdict import Evidence, Validity, Verdict
from . import choose
from .engine import EngineResult
from .find import from_conflicts, from_failing_prefix, from_named_conflict, when
from .prepare import relevant
from .verify import is_linearization

REPORTED = 3
"""For how many of the objects that are not linearizable evidence is given."""

SHOWN = 6
"""How many operations of a conflict are named in its reason."""

FIRST_LOOK = 20_000
"""Configurations searched for each object before any is searched further."""


def linearizable(model: Model) -> Checker:
    """The checker that says whether a history is linearizable with regard to the model, one object at a time."""
    return _Linearizable(model)


@dataclass(frozen=True)
class Judgement:
    """What was found out about the operations of one object, called by its `key`.

    `order` holds the operation indexes of a linearization, verified, if there is one. `engine` names what gave the
    answer (see choose.py), and `choice` says why it was taken. `reason` says why it is unknown, or what is wrong where
    the engine knows.
    """

    key: Value
    operations: int
    validity: Validity
    engine: str
    order: tuple[int, ...] = ()
    evidence: Evidence | None = None
    reason: str = ""
    choice: str = ""


def judge(model: Model, history: History, budget: Budget) -> tuple[Judgement, ...]:
    """Judge each object by itself, in the order of first use.

    Raises HistoryError for an operation that the model does not know.
    """
    clock = _Clock(budget)
    objects = _objects(model, history)
    evidence = {key: from_conflicts(model, operations) for key, operations in objects.items()}
    undecided = {key: relevant(model, objects[key]) for key, found in evidence.items() if found is None}
    results = _search_all(model, undecided, clock, thorough=len(undecided) == len(objects))
    missing = REPORTED - (len(objects) - len(undecided))
    for key, result in results.items():
        if result.validity is Validity.INVALID and missing > 0:
            evidence[key] = _explained(model, objects[key], result, clock)
            missing -= evidence[key] is not None
    by_zones = EngineResult(Validity.INVALID, engine="zones")
    return tuple(
        _judgement(key, len(operations), results.get(key, by_zones), evidence[key])
        for key, operations in objects.items()
    )


def _judgement(key: Value, operations: int, result: EngineResult, evidence: Evidence | None) -> Judgement:
    reason = result.reason
    if result.conflict is not None:
        shown = ", ".join(str(operation.index) for operation in result.conflict.operations[:SHOWN])
        reason = f"{result.conflict.anomaly} (operations {shown})"
    return Judgement(key, operations, result.validity, result.engine, result.order, evidence, reason, result.choice)


def _explained(model: Model, operations: Sequence[Operation], result: EngineResult, clock: "_Clock") -> Evidence | None:
    if result.conflict is not None:
        return from_named_conflict(model, operations, lambda prefix: decide(model, prefix, clock.left()).conflict)
    return from_failing_prefix(model, operations, lambda prefix: decide(model, prefix, clock.left()).validity)


def _search_all(
    model: Model, objects: Mapping[Value, Sequence[Operation]], clock: "_Clock", thorough: bool
) -> dict[Value, EngineResult]:
    """A first look at each object, so that a hard one does not hide that another is invalid.

    Those undecided are searched further if `thorough`, unless one turned out to be invalid: the verdict is known then.
    """
    first = replace(clock.budget, configurations=min(FIRST_LOOK, clock.budget.configurations or FIRST_LOOK))
    results = {
        key: decide(model, operations, replace(first, seconds=clock.left().seconds))
        for key, operations in objects.items()
    }
    if not thorough or any(result.validity is Validity.INVALID for result in results.values()):
        return results
    undecided = [key for key, result in results.items() if result.validity is Validity.UNKNOWN]
    for done, key in enumerate(undecided):
        left = clock.left()
        share = None if left.seconds is None else left.seconds / (len(undecided) - done)
        results[key] = decide(model, objects[key], replace(left, seconds=share))
    return results


def decide(model: Model, operations: Sequence[Operation], budget: Budget) -> EngineResult:
    """Whether relevant operations of one object are linearizable. A linearization is verified before it is returned."""
    result = choose.decide(model, operations, budget)
    if result.validity is Validity.VALID and not is_linearization(model, operations, result.order):
        reason = "the engine gave an order that is no linearization, which is a defect of the checker"
        return replace(result, validity=Validity.UNKNOWN, reason=reason)
    return result


def _objects(model: Model, history: History) -> dict[Value, list[Operation]]:
    objects: dict[Value, list[Operation]] = {}
    for operation in history.operations:
        if operation.f not in model.functions:
            known = ", ".join(sorted(model.functions))
            raise HistoryError(f"operation {operation.index} is a {operation.f}: the model {model.name} has {known}")
        objects.setdefault(model.partition(operation), []).append(operation)
    return objects


class _Clock:
    """What is left of a budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.deadline = None if budget.seconds is None else monotonic() + budget.seconds

    def left(self) -> Budget:
        seconds = None if self.deadline is None else max(0.0, self.deadline - monotonic())
        return replace(self.budget, seconds=seconds)


@dataclass(frozen=True)
class _Linearizable:
    model: Model
    name: str = "linearizable"

    def check(self, history: History, budget: Budget) -> Verdict:
        judgements = judge(self.model, history, budget)
        evidence = sorted((each.evidence for each in judgements if each.evidence is not None), key=when)[:REPORTED]
        validity, reason = _summary(judgements, evidence)
        return Verdict(self.name, validity, reason, tuple(evidence), _details(self.model, judgements))


def _summary(judgements: Sequence[Judgement], evidence: Sequence[Evidence]) -> tuple[Validity, str]:
    invalid = [each for each in judgements if each.validity is Validity.INVALID]
    unknown = [each for each in judgements if each.validity is Validity.UNKNOWN]
    of = f"of {_count(len(judgements), 'key')}"
    if invalid:
        if not evidence:
            named = next((f"; on key {show(each.key)} {each.reason}" for each in invalid if each.reason), "")
            none = f"{len(invalid)} {of} not linearizable{named}; no evidence confirmed within the budget"
            return Validity.INVALID, none
        first = f"first: {evidence[0].anomaly} on key {show(evidence[0].key)}"
        return Validity.INVALID, f"{len(invalid)} {of} not linearizable; {first}"
    if unknown:
        return Validity.UNKNOWN, f"{len(unknown)} {of} undecided: on key {show(unknown[0].key)} {unknown[0].reason}"
    total = sum(each.operations for each in judgements)
    return Validity.VALID, f"{_count(total, 'operation')} on {_count(len(judgements), 'key')} linearizable"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _details(model: Model, judgements: Sequence[Judgement]) -> dict[str, object]:
    witness = blake2b(repr([each.order for each in judgements]).encode(), digest_size=8).hexdigest()
    return {
        "model": model.name,
        "operations": sum(each.operations for each in judgements),
        "keys": {each.value: sum(one.validity is each for one in judgements) for each in Validity},
        "witness": {"operations": sum(len(each.order) for each in judgements), "hash": witness},
        "by_key": [
            {
                "key": each.key,
                "validity": each.validity.value,
                "engine": each.engine,
                "operations": each.operations,
                **({"choice": each.choice} if each.choice else {}),
                **({"reason": each.reason} if each.reason else {}),
            }
            for each in judgements
        ],
    }
