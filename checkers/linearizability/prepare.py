"""Smaller histories with the same answer, for the engines: what cannot matter is left out, what must be is said."""

from collections.abc import Hashable, Sequence
from heapq import heapify, heappop, heappush
from math import inf

from msgspec.structs import replace

from ...histories.operation import Operation
from ..models.model import ANY, Model
from ..models.values import canonical
from .observation import Observation


def relevant(model: Model, operations: Sequence[Operation]) -> list[Operation]:
    """Without failures, which did not happen, and without reads that nobody answered."""
    return [
        operation
        for operation in operations
        if operation.outcome != "fail" and (operation.return_ is not None or not model.is_read(operation))
    ]


def simplify(model: Model, operations: Sequence[Operation]) -> list[Operation]:
    """Relevant operations of one object that are linearizable exactly if the given, relevant ones are.

    First, a mutator of unknown outcome that no completed operation observes is left out: without it, a linearization
    is still one. Second, a value that only one operation can have written was written before anybody who found it had
    returned, and was found after its writer was called: intervals shrink to that. (etcd's robustness tests do the same
    with the help of the write-ahead log; here the history itself is enough.)
    """
    places = range(len(operations))
    pending = {place for place in places if operations[place].return_ is None}
    observation = Observation(model, operations, among=pending)
    observed = observation.observed(pending, [place for place in places if operations[place].return_ is not None])
    return _tightened(model, [operations[place] for place in places if place not in pending or place in observed])


def _tightened(model: Model, operations: list[Operation]) -> list[Operation]:
    if model.access is None:
        return operations
    accesses = [model.access(operation) for operation in operations]
    writers: dict[Hashable, int | None] = {canonical(model.initial): None}
    for place, access in enumerate(accesses):
        if access.writes is not ANY:
            writers[access.writes] = None if access.writes in writers else place
    found_by = [
        (writer, place)
        for place, access in enumerate(accesses)
        if access.reads is not ANY and (writer := writers.get(access.reads)) is not None and writer != place
    ]
    ends = _spread(
        [inf if each.return_ is None else each.return_ for each in operations], [(b, a) for a, b in found_by]
    )
    calls = [-call for call in _spread([-operation.call for operation in operations], found_by)]
    if any(end < call for call, end in zip(calls, ends, strict=True)):
        return operations  # Not linearizable; the engine will find out without this.
    return [
        operation
        if (call, end) == (operation.call, operation.return_)
        else replace(operation, call=int(call), return_=None if end == inf else int(end))
        for operation, call, end in zip(operations, calls, ends, strict=True)
    ]


def _spread(bounds: list[float], edges: list[tuple[int, int]]) -> list[float]:
    """The bounds with each lowered to that of its lowest predecessor, along edges (from, to)."""
    following: dict[int, list[int]] = {}
    for before, after in edges:
        following.setdefault(before, []).append(after)
    work = [(bounds[place], place) for place in following]
    heapify(work)
    while work:
        bound, place = heappop(work)
        for after in following.get(place, ()):
            if bound < bounds[after]:
                bounds[after] = bound
                heappush(work, (bound, after))
    return bounds
