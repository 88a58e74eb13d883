"""What a history that is not linearizable still is: sequentially consistent? Which session guarantees hold? How stale
were its reads?

Linearizable keys keep all session guarantees, and have no stale reads, so only the others are looked at; sequential
consistency is a question about all keys together. The work is bounded by the numbers below, not by time, so that the
same history is always graded the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import monotonic
from typing import Final, cast

from ..histories.collector import without_collector
from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget
from .models.model import Model
from .sequential import Sequential, decide, ruled_out
from .sequential_orders import guess, is_sequential
from .sessions import SINGLE, Broken, find_broken, sentence, status
from .sessions import as_data as broken_as_data
from .staleness import Staleness, measure_register
from .staleness import as_data as staleness_as_data
from .staleness import sentence as how_stale
from .verdict import Validity, Verdict
from .version_graph import VersionGraph, version_graph
from .versions import Versions, versions

OPERATIONS: Final = 20_000
"""How many operations are looked at: of whole keys, those first that were used first."""

SEARCHED: Final = 3_000
"""Of how many operations a sequential order is searched for, if none is found in linear time."""

CONFIGURATIONS: Final = 1_000
"""How many configurations that search may look at."""

CELLS: Final = 50_000
"""How large the table of what must come before what may be."""

SHOWN: Final = 2
"""How many broken guarantees are explained in words."""


@dataclass(frozen=True)
class Graded:
    """What a history still is.

    `keys` are those that were looked at, `left_out` counts others that may not be linearizable. `guarantees` has the
    status of each (sessions.py), as far as the reads tell that are `traced`, which `untraced` ones do not; like
    `staleness` it is empty for what is no register. `broken` shows the first of each kind. `key_by_key` says that each
    key was found to be sequentially consistent by itself.
    """

    model: Model
    sequential: Sequential
    key_by_key: bool
    keys: tuple[Value, ...]
    left_out: int
    traced: int
    untraced: int
    guarantees: Mapping[str, str]
    broken: tuple[Broken, ...]
    staleness: tuple[Staleness, ...]


def grade(history: History, model: Model, budget: Budget, suspects: Collection[Value] | None = None) -> Graded:
    """Grade a history. `suspects` are the keys that may not be linearizable, None for all."""
    with without_collector():
        return _graded(history, model, budget, suspects)


def _graded(history: History, model: Model, budget: Budget, suspects: Collection[Value] | None) -> Graded:
    deadline = None if budget.seconds is None else monotonic() + budget.seconds
    judged, left_out = _judged(model, history, suspects)
    registers: dict[Value, tuple[Versions, VersionGraph]] = {}
    broken: list[Broken] = []
    if model.access is not None:
        chosen = History(tuple(operation for own in judged.values() for operation in own))
        registers = {each.key: (each, version_graph(each)) for each in versions(model, chosen)}
        for register, graph in registers.values():
            broken += find_broken(register, graph, [(each.guarantees, each.order) for each in broken])
    found = _sequential(model, history, registers, deadline)
    alone = found.validity is not Validity.VALID and found.scope == "all keys" and not left_out
    return Graded(
        model,
        found,
        alone and bool(registers) and all(_by_itself(model, *each) for each in registers.values()),
        tuple(judged),
        left_out,
        sum(len(readers) for each, _ in registers.values() for readers in each.readers.values()),
        sum(len(each.unwritten) + len(each.ambiguous) for each, _ in registers.values()),
        {guarantee.title: status(guarantee, broken) for guarantee in SINGLE} if registers else {},
        tuple(broken),
        tuple(measure_register(register) for register, _ in registers.values()),
    )


def _judged(
    model: Model, history: History, suspects: Collection[Value] | None
) -> tuple[dict[Value, list[Operation]], int]:
    """The operations of those keys that are looked at, and how many keys are left out."""
    objects: dict[Value, list[Operation]] = {}
    for operation in history.operations:
        key = model.partition(operation)
        if suspects is None or key in suspects:
            objects.setdefault(key, []).append(operation)
    looked_at = {
        key: objects[key]
        for key, so_far in zip(objects, accumulate(map(len, objects.values())), strict=True)
        if so_far <= OPERATIONS
    }
    return looked_at, len(objects) - len(looked_at)


def _sequential(
    model: Model,
    history: History,
    known: Mapping[Value, tuple[Versions, VersionGraph]],
    deadline: float | None,
) -> Sequential:
    for register, graph in known.values():
        impossible = ruled_out(model, register, graph)
        if impossible is not None:
            return impossible
    if len(history) > OPERATIONS:
        return Sequential(Validity.UNKNOWN, f"more than {OPERATIONS:,} operations")
    registers: Mapping[Value, tuple[Versions, VersionGraph]] = {}
    if model.access is not None:
        others = History(tuple(each for each in history.operations if model.partition(each) not in known))
        registers = {each.key: (each, version_graph(each)) for each in versions(model, others)} | dict(known)
    most = CONFIGURATIONS if len(history) <= SEARCHED else 0
    return decide(model, history.operations, registers, deadline=deadline, configurations=most, cells=CELLS)


def _by_itself(model: Model, register: Versions, graph: VersionGraph) -> bool:
    order = guess([register], [graph])
    return order is not None and is_sequential(model, register.operations, order)


def suspects(verdict: Verdict) -> Collection[Value] | None:
    """The keys that a verdict of linearizability leaves in doubt; None if it does not name them all."""
    counts = cast("Mapping[str, int]", verdict.details["keys"])
    listed = cast("Sequence[Mapping[str, Value]]", verdict.details["by_key"])
    named = frozenset(each["key"] for each in listed if each["validity"] != Validity.VALID)
    return named if len(named) == counts[Validity.INVALID] + counts[Validity.UNKNOWN] else None


def lines(graded: Graded) -> tuple[str, ...]:
    """A few lines for people: what it still is, why there is no sequential order, which guarantees are kept."""
    found = graded.sequential
    told = [headline(graded)]
    if found.validity is Validity.INVALID:
        told.append(f"no sequential order: {found.reason}")
    if graded.guarantees:
        told.append(f"session guarantees: {_in_words(graded)}")
    shown = [sentence(graded.model, each) for each in graded.broken]
    told += [each for each in shown if each != found.reason][:SHOWN]
    if graded.left_out:
        keys = "key in doubt was" if graded.left_out == 1 else "keys in doubt were"
        told.append(f"{graded.left_out} more {keys} not looked at: together they have too many operations")
    return tuple(told)


def headline(graded: Graded) -> str:
    """The grade in one sentence."""
    found = graded.sequential
    each = ", but each key by itself is sequentially consistent" if graded.key_by_key else ""
    if found.validity is Validity.VALID:
        text = "not linearizable, but sequentially consistent"
    elif found.validity is Validity.INVALID:
        text = f"neither linearizable nor sequentially consistent{each}"
    else:
        text = f"not linearizable; not known whether it is sequentially consistent ({found.reason}){each}"
    return f"{text}; {how_stale(graded.staleness)}" if graded.staleness else text


def _in_words(graded: Graded) -> str:
    if not graded.traced:
        return "not known, for no read found a value whose writer is certain"
    words = {"held": "kept", "broken": "broken", "broken-in-real-time": "broken if versions are in real-time order"}
    told = [f"{title} {words.get(state) or _excluded(state)}" for title, state in graded.guarantees.items()]
    if set(graded.guarantees.values()) == {"held"}:
        told = ["all kept"]
    if graded.untraced:
        told.append(f"as far as {graded.traced} of {graded.traced + graded.untraced} reads tell")
    return ", ".join(told)


def _excluded(state: str) -> str:
    return state.replace("not-with:", "not together with ").replace(",", " and ")


def as_data(graded: Graded) -> dict[str, object]:
    """The same for `--json` and `results.json`."""
    found = graded.sequential
    return {
        "sentence": headline(graded),
        "sequential": {
            "validity": found.validity.value,
            "reason": found.reason,
            "scope": found.scope,
            "operations": found.operations,
            "ordered": len(found.order),
        },
        "sequential_key_by_key": graded.key_by_key,
        "keys": graded.keys,
        "keys_left_out": graded.left_out,
        "traced_reads": graded.traced,
        "untraceable_reads": graded.untraced,
        "guarantees": graded.guarantees,
        "broken": [broken_as_data(graded.model, each) for each in graded.broken],
        "staleness": staleness_as_data(graded.staleness),
    }
