"""The linearizability checker."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import inf
from time import monotonic

from ...errors import HistoryError, UsageError
from ...histories.collector import without_collector
from ...histories.history import History
from ...histories.operation import Operation, Value
from ..checker import Budget, Checker, Stream
from ..models.model import Model
from ..models.values import show
from ..verdict import Evidence, Validity, Verdict
from . import choose, kernel
from .confirm import when
from .engine import EngineResult, InapplicableError
from .find import evidence_for, from_conflicts, from_stale_read
from .locate import CONFIGURATIONS, PER_OPERATION, culprit_of
from .meter import Limits, SpentError
from .prepare import relevant
from .registers import Register, is_register, registers
from .streaming import Streaming
from .verify import is_linearization

REPORTED = 3
"""For how many of the objects that are not linearizable evidence is given."""

LOCATED = 64
"""Among how many of them the first to go wrong are looked for."""

LISTED = 1_000
"""Of how many keys the details of a verdict tell one by one."""

SHOWN = 6
"""How many operations of a conflict are named in its reason."""

ADVICE = "give it more {}, or test with values that are written once, or with fewer clients on one key"

FIRST_LOOK = 20_000
MORE = 4
"""Configurations searched for each object, and more for each of its operations, before any is searched further."""


def linearizable(model: Model, engine: str | None = None) -> Checker:
    """The checker that says whether a history is linearizable with regard to the model, one object at a time.

    `engine` names one of ENGINES (choose.py), which is then used alone; without it each object gets the cheapest that
    applies. Raises UsageError if there is none of that name, and when checking, if it does not apply.
    """
    if engine is not None and engine not in choose.ENGINES:
        raise UsageError(f"no engine named {engine!r}: choose one of {', '.join(choose.ENGINES)}")
    return _Linearizable(model, engine)


@dataclass(frozen=True)
class Judgement:
    """What was found out about the operations of one object, called by its `key`.

    `result` is the engine's (see choose.py), its order verified. `reason` says why it is unknown, how far the engine
    got and what to try; or what is wrong where the engine knows.
    """

    key: Value
    operations: int
    result: EngineResult
    evidence: Evidence | None = None
    reason: str = ""

    @property
    def validity(self) -> Validity:
        return self.result.validity

    @property
    def engine(self) -> str:
        return self.result.engine

    @property
    def order(self) -> tuple[int, ...]:
        """The operation indexes of a linearization, if there is one."""
        return self.result.order


def judge(model: Model, history: History, budget: Budget, engine: str | None = None) -> tuple[Judgement, ...]:
    """Judge each object by itself, in the order of first use.

    Raises HistoryError for an operation that the model does not know, UsageError if the engine does not apply.
    """
    clock = _Clock(budget)
    known = _from_columns(model, history, clock) if engine is None else _Known()
    objects = _objects(model, history, known)
    present = {key: relevant(model, operations) for key, operations in objects.items()}
    results = _first_look(model, present, known, clock, engine)
    evidence = _from_conflicts(model, objects, results, clock) if engine is None else {}
    if all(result.validity is not Validity.INVALID for result in results.values()):
        _search_further(model, present, results, clock, engine)
    _add_evidence(model, objects, present, results, evidence, known, clock)
    begin = history.span[0] if any(each.validity is Validity.UNKNOWN for each in results.values()) else 0
    judged = {
        key: Judgement(key, len(operations), results[key], evidence.get(key), _reason(operations, results[key], begin))
        for key, operations in objects.items()
    }
    return tuple([known.valid.get(key) or judged[key] for key in known.keys or judged])


@dataclass
class _Known:
    """What columns tell of registers: all `keys`; those that are linearizable, and the columns of those that are not.

    It takes operations to judge the others, and to say what is wrong.
    """

    keys: list[Value] = field(default_factory=list)
    valid: dict[Value, Judgement] = field(default_factory=dict)
    invalid: dict[Value, tuple[EngineResult, Register]] = field(default_factory=dict)


def _from_columns(model: Model, history: History, clock: "_Clock") -> _Known:
    known = _Known()
    if not is_register(model) or not history.is_whole:
        return known
    with without_collector(), suppress(SpentError):  # Those that it does not come to are undecided.
        found = registers(model, history.columns, clock.limits(FIRST_LOOK))
        known.keys.extend(each.key for each in found)
        for each in found:
            result = choose.decide_columns(each, clock.limits(FIRST_LOOK + MORE * each.operations))
            if result.validity is Validity.VALID:
                known.valid[each.key] = Judgement(each.key, each.operations, result)
            elif result.validity is Validity.INVALID:
                known.invalid[each.key] = result, each
    return known


_UNTRIED = EngineResult(Validity.UNKNOWN, reason="the time was used up", engine="zones")
"""Of objects that nobody has come to."""


def _first_look(
    model: Model, present: Mapping[Value, Sequence[Operation]], known: _Known, clock: "_Clock", engine: str | None
) -> dict[Value, EngineResult]:
    """A first look at each object, so that a hard one does not hide that another is invalid."""
    results: dict[Value, EngineResult] = {}
    for key, operations in present.items():
        if key in known.invalid:
            results[key] = known.invalid[key][0]
            continue
        if known.keys and clock.spent():
            results[key] = _UNTRIED
            continue
        first = clock.left()
        most, look = first.configurations, FIRST_LOOK + MORE * len(operations)
        budget = replace(first, configurations=look if most is None else min(look, most))
        results[key] = _decided(model, key, operations, budget, engine)
    return results


def _from_conflicts(
    model: Model, objects: Mapping[Value, Sequence[Operation]], results: dict[Value, EngineResult], clock: "_Clock"
) -> dict[Value, Evidence]:
    """Evidence for undecided objects whose values give them away, in linear time; these are decided then."""
    evidence: dict[Value, Evidence] = {}
    for key, result in results.items():
        if result.validity is Validity.UNKNOWN and not clock.spent():
            found = from_conflicts(model, objects[key], clock.spent) or from_stale_read(
                model, objects[key], clock.spent
            )
            if found is not None:
                evidence[key] = found
                why = "a few operations exclude each other"
                results[key] = EngineResult(Validity.INVALID, engine="zones", choice=why)
    return evidence


def _search_further(
    model: Model,
    present: Mapping[Value, Sequence[Operation]],
    results: dict[Value, EngineResult],
    clock: "_Clock",
    engine: str | None,
) -> None:
    """Search those undecided with all of the budget, several at a time where native code lets them."""
    undecided = [key for key, result in results.items() if result.validity is Validity.UNKNOWN]
    if clock.spent():
        return
    workers = min(len(undecided), os.cpu_count() or 1) if kernel.NATIVE else 1
    stop = bytearray(1)
    waiting = len(undecided)

    def further(key: Value) -> EngineResult:
        nonlocal waiting
        left = clock.left()
        share = None if left.seconds is None else left.seconds / -(-waiting // workers)
        waiting -= 1
        memory = None if left.bytes is None else left.bytes // workers
        return _decided(model, key, present[key], replace(left, seconds=share, bytes=memory), engine, stop)

    if workers <= 1:
        results.update((key, further(key)) for key in undecided)
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            futures = [pool.submit(further, key) for key in undecided]
            while wait(futures, timeout=0.05).not_done:
                pass
        except BaseException:
            stop[0] = 1
            pool.shutdown(cancel_futures=True)
            raise
        results.update((key, future.result()) for key, future in zip(undecided, futures, strict=True))


def _decided(
    model: Model,
    key: Value,
    operations: Sequence[Operation],
    budget: Budget,
    engine: str | None,
    stop: bytearray | None = None,
) -> EngineResult:
    try:
        return decide(model, operations, budget, engine, stop)
    except InapplicableError as why:
        raise UsageError(f"engine {engine} does not apply to key {show(key)}: {why}") from None


def decide(
    model: Model,
    operations: Sequence[Operation],
    budget: Budget,
    engine: str | None = None,
    stop: bytearray | None = None,
) -> EngineResult:
    """Whether relevant operations of one object are linearizable. A linearization is verified before it is returned."""
    result = choose.decide(model, operations, budget, engine, stop)
    if result.validity is Validity.VALID and not is_linearization(model, operations, result.order):
        reason = "the engine gave an order that is no linearization, which is a defect of the checker"
        return replace(result, validity=Validity.UNKNOWN, reason=reason)
    return result


def _add_evidence(
    model: Model,
    objects: Mapping[Value, Sequence[Operation]],
    present: Mapping[Value, Sequence[Operation]],
    results: Mapping[Value, EngineResult],
    evidence: dict[Value, Evidence],
    known: _Known,
    clock: "_Clock",
) -> None:
    """Evidence for those objects that went wrong first, of those that are looked at."""
    invalid = [key for key, result in results.items() if result.validity is Validity.INVALID and key not in evidence]
    culprits = {
        key: _culprit(model, objects[key], present[key], results[key], known, clock) for key in invalid[:LOCATED]
    }
    for key in sorted(culprits, key=lambda key: _return(culprits[key])):
        if len(evidence) == REPORTED:
            return
        found = evidence_for(
            model,
            objects[key],
            results[key],
            culprits[key],
            lambda prefix: choose.decide(model, prefix, clock.left()).validity,
            clock.spent,
        )
        if found is not None:
            evidence[key] = found


def _culprit(
    model: Model,
    operations: Sequence[Operation],
    present: Sequence[Operation],
    result: EngineResult,
    known: _Known,
    clock: "_Clock",
) -> Operation | None:
    if result.conflict is not None:
        return max(result.conflict.operations, key=_return)
    limits = clock.limits(CONFIGURATIONS + PER_OPERATION * len(present))
    columns = known.invalid[operations[0].key][1].columns if operations[0].key in known.invalid else None
    return culprit_of(model, present, columns, limits)


def _return(operation: Operation | None) -> float:
    return inf if operation is None or operation.return_ is None else operation.return_


def _reason(operations: Sequence[Operation], result: EngineResult, begin: int) -> str:
    if result.conflict is not None:
        shown = ", ".join(str(operation.index) for operation in result.conflict.operations[:SHOWN])
        return f"{result.conflict.anomaly} (operations {shown})"
    if result.validity is not Validity.UNKNOWN:
        return result.reason
    if result.order:
        return result.reason  # It is no linearization.
    reached = next((each for each in operations if each.index == result.reached), None)
    got = "" if result.engine == "porcupine" else "; it had only begun"
    if reached is not None:
        at = f" at {(reached.completed - begin) / 1e9:.3f} s" if reached.completed is not None else ""
        returned = sum(_return(each) < _return(reached) for each in operations)
        got = f"; it got to the return of operation {reached.index}{at}, {returned} of {len(operations)} operations"
    more = next((each for each in ("configurations", "memory") if each in result.reason), "time")
    return f"{result.reason}{got}; {ADVICE.format(more)}"


def _objects(model: Model, history: History, known: _Known) -> dict[Value, list[Operation]]:
    """The operations of each object, without those known to be linearizable."""
    objects: dict[Value, list[Operation]] = {}
    if known.keys and len(known.valid) == len(known.keys):
        return objects
    for operation in history.operations:
        if operation.f not in model.functions:
            those = ", ".join(sorted(model.functions))
            raise HistoryError(f"operation {operation.index} is a {operation.f}: the model {model.name} has {those}")
        key = model.partition(operation)
        if key not in known.valid:
            objects.setdefault(key, []).append(operation)
    return objects


class _Clock:
    """What is left of a budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.deadline = None if budget.seconds is None else monotonic() + budget.seconds

    def limits(self, configurations: int) -> Limits:
        """What is left, with so many configurations at most."""
        most = self.budget.configurations
        seconds = None if self.deadline is None else max(0.0, self.deadline - monotonic())
        return Limits(seconds, configurations if most is None else min(most, configurations), self.budget.bytes)

    def left(self) -> Budget:
        seconds = None if self.deadline is None else max(0.0, self.deadline - monotonic())
        return replace(self.budget, seconds=seconds)

    def spent(self) -> bool:
        """Whether the time is used up."""
        return self.deadline is not None and monotonic() >= self.deadline


@dataclass(frozen=True)
class _Linearizable:
    model: Model
    engine: str | None = None
    name: str = "linearizable"

    def stream(self) -> Stream:
        """The checker that goes along with a run (streaming.py)."""
        return Streaming(self.model)

    def check(self, history: History, budget: Budget) -> Verdict:
        judgements = judge(self.model, history, budget, self.engine)
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
    engines: dict[str, dict[str, object]] = {}
    for name in dict.fromkeys(each.engine for each in judgements):
        own = [each.result for each in judgements if each.engine == name]
        engines[name] = {"keys": len(own), "native": any(result.native for result in own)}
    return {
        "model": model.name,
        "operations": sum(each.operations for each in judgements),
        "keys": {each.value: sum(one.validity is each for one in judgements) for each in Validity},
        "engines": engines,
        "witness": {"operations": sum(len(each.order) for each in judgements), "hash": witness},
        "by_key": [
            {
                "key": each.key,
                "validity": each.validity.value,
                "engine": each.engine,
                "native": each.result.native,
                "operations": each.operations,
                "choice": each.result.choice,
                **({"reason": each.reason} if each.reason else {}),
            }
            for each in sorted(judgements, key=lambda each: each.validity is Validity.VALID)[:LISTED]
        ],
    }
