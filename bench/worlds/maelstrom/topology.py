"""Who is whose neighbour, for the broadcast workload: what the message `topology` suggests."""

import math
from collections.abc import Callable, Mapping, Sequence

Neighbours = Mapping[str, Sequence[str]]


def grid(names: Sequence[str]) -> Neighbours:
    """A grid that is as square as it can be."""
    width = math.ceil(math.sqrt(len(names)))
    return _joined(
        names,
        lambda one, other: other - one == width or (other - one == 1 and other % width != 0),
    )


def line(names: Sequence[str]) -> Neighbours:
    """One after the other."""
    return _joined(names, lambda one, other: other - one == 1)


def tree(names: Sequence[str]) -> Neighbours:
    """A tree in which each has up to four children."""
    return _joined(names, lambda one, other: (other - 1) // 4 == one)


def total(names: Sequence[str]) -> Neighbours:
    """Everybody with everybody."""
    return _joined(names, lambda one, other: True)


def _joined(names: Sequence[str], joins: Callable[[int, int], bool]) -> Neighbours:
    """The neighbours of each, where `joins` says of two places, the smaller one first, whether they are."""
    return {
        name: [other for far, other in enumerate(names) if far != at and joins(min(at, far), max(at, far))]
        for at, name in enumerate(names)
    }


TOPOLOGIES: Mapping[str, Callable[[Sequence[str]], Neighbours]] = {
    "grid": grid,
    "line": line,
    "tree": tree,
    "total": total,
}
