"""Which versions of a register are not newer than which, and why: what session guarantees and real time ask for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from functools import cached_property
from heapq import heapify, heappop, heappush
from math import inf
from operator import itemgetter
from typing import Final

from ..histories.operation import Operation
from .graphs import components
from .versions import Versions


class Guarantee(IntFlag):
    """What may ask that one version is not newer than another."""

    READ_YOUR_WRITES = 1
    MONOTONIC_READS = 2
    MONOTONIC_WRITES = 4
    WRITES_FOLLOW_READS = 8

    @property
    def title(self) -> str:
        """As people write it: read-your-writes."""
        return str(self.name).lower().replace("_", "-")


ALL: Final = 15
"""All four guarantees."""

REAL_TIME: Final = 16
INITIAL: Final = 32
SWAPPED: Final = 64
KNOWN: Final = 128
"""For a reason that is not told."""

ALWAYS: Final = INITIAL | SWAPPED
"""Reasons why a version is not newer than another, whatever is guaranteed."""

Edge = tuple[int, int, Operation | None]
"""Where it leads, why (one bit), and the operation that found or wrote the version at that end which is one."""


@dataclass
class VersionGraph:
    """Nodes are versions, and joints that stand for all versions before or after a point of time.

    A path from one version to another says that it is not newer. Versions have the numbers below `versions`, in the
    order of `Versions.writers`.
    """

    versions: int
    edges: list[list[Edge]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.edges += [[] for _ in range(self.versions)]

    def joint(self) -> int:
        """One more node."""
        self.edges.append([])
        return len(self.edges) - 1

    def following(self, mask: int, nodes: Iterable[int] | None = None) -> Mapping[int, Sequence[int]]:
        """Where the edges of these reasons lead, for those of the nodes that are, or may be, on a cycle of them.

        None stands for all nodes. What has nothing before it, or nothing after it, is on no cycle.
        """
        edges = self.edges
        if nodes is None:
            after = {node: [to for to, why, _ in edges[node] if why & mask] for node in range(len(edges))}
        else:
            inside = frozenset(nodes)
            after = {node: [to for to, why, _ in edges[node] if why & mask and to in inside] for node in inside}
        missing = dict.fromkeys(after, 0)
        for targets in after.values():
            for to in targets:
                missing[to] += 1
        work = [node for node, count in missing.items() if not count]
        for node in work:
            for to in after.pop(node):
                missing[to] -= 1
                if not missing[to]:
                    work.append(to)
        return after

    def cycles(self, mask: int, nodes: Iterable[int] | None = None) -> list[list[int]]:
        """The components under these reasons that hold several versions, among these nodes; all nodes if None."""
        after = self.following(mask, nodes)
        found = components(sorted(after), lambda node: after[node])
        return [component for component in found if component[1] < self.versions]

    @cached_property
    def cyclic(self) -> list[list[int]]:
        """The cycles if all four guarantees are kept, and real time. The graph has to be complete."""
        return self.cycles(ALWAYS | ALL | REAL_TIME)

    def sorted(self, mask: int, ranks: Sequence[float]) -> list[int] | None:
        """The versions as these reasons ask, by rank where they leave it open; None if that is not possible."""
        after = [[to for to, why, _ in edges if why & mask] for edges in self.edges]
        missing = [0] * len(after)
        for targets in after:
            for to in targets:
                missing[to] += 1
        ranks = [*ranks, *[-inf] * (len(after) - self.versions)]
        ready = [(ranks[node], node) for node, count in enumerate(missing) if not count]
        heapify(ready)
        order: list[int] = []
        while ready:
            _, node = heappop(ready)
            if node < self.versions:
                order.append(node)
            for to in after[node]:
                missing[to] -= 1
                if not missing[to]:
                    heappush(ready, (ranks[to], to))
        return order if len(order) == self.versions else None


def version_graph(register: Versions) -> VersionGraph:
    """The graph of what all four guarantees and real time ask of the versions of a register."""
    number = {value: place for place, value in enumerate(register.writers)}
    graph = VersionGraph(len(number))
    found = {each.index: number.get(register.found(each)) for each in register.operations}
    left = {each.index: number.get(register.left(each)) for each in register.operations}
    initial = number.get(register.initial)
    processes: dict[int, list[Operation]] = {}
    for operation in register.operations:
        processes.setdefault(operation.process, []).append(operation)
        older, newer = found[operation.index], left[operation.index]
        if newer is not None and older is not None and newer != older:
            graph.edges[older].append((newer, SWAPPED, operation))
        if newer is not None and initial is not None:
            graph.edges[initial].append((newer, INITIAL, operation))
    for session in processes.values():
        _in_sequence(graph, session, left, found, Guarantee.READ_YOUR_WRITES.value)
        _in_sequence(graph, session, found, found, Guarantee.MONOTONIC_READS.value)
        _in_sequence(graph, session, left, left, Guarantee.MONOTONIC_WRITES.value)
        _in_sequence(graph, session, found, left, Guarantee.WRITES_FOLLOW_READS.value)
    _in_real_time(graph, register.operations, left)
    return graph


def _in_sequence(
    graph: VersionGraph,
    session: Sequence[Operation],
    before: Mapping[int, int | None],
    after: Mapping[int, int | None],
    why: int,
) -> None:
    """No version in `before` is newer than one in `after` of a later operation of the session.

    A joint stands for all versions so far; `earlier` for those before the last one, which is not newer than itself.
    """
    earlier: int | None = None
    joint: int | None = None
    last: int | None = None
    for operation in session:
        older, newer = before[operation.index], after[operation.index]
        source = earlier if newer == last else joint
        if source is not None and newer is not None:
            graph.edges[source].append((newer, why, operation))
        if older is not None and older != last:
            earlier, last = joint, older
            joint = _joint_after(graph, joint, older, why, operation)


def _in_real_time(graph: VersionGraph, operations: Sequence[Operation], left: Mapping[int, int | None]) -> None:
    """What was left by an operation that had returned is not newer than what one called after that left."""
    writers = [operation for operation in operations if left[operation.index] is not None]
    moments = [(operation.call, False, operation) for operation in writers]
    moments += [(operation.return_, True, operation) for operation in writers if operation.return_ is not None]
    joint: int | None = None
    for _, returned, operation in sorted(moments, key=itemgetter(0)):
        version = left[operation.index]
        assert version is not None
        if returned:
            joint = _joint_after(graph, joint, version, REAL_TIME, operation)
        elif joint is not None:
            graph.edges[joint].append((version, REAL_TIME, operation))


def _joint_after(graph: VersionGraph, last: int | None, version: int, why: int, operation: Operation) -> int:
    """A joint for the version and for all that the last joint stands for."""
    joint = graph.joint()
    if last is not None:
        graph.edges[last].append((joint, why, None))
    graph.edges[version].append((joint, why, operation))
    return joint
