"""Who passes values on to whom: each server's neighbours, in both directions."""

from collections.abc import Callable, Mapping, Sequence
from math import isqrt
from typing import Final, TypeAlias

Neighbours: TypeAlias = Mapping[str, tuple[str, ...]]


def line(names: Sequence[str]) -> Neighbours:
    """Each server has the one before it and the one after it."""
    return _from_links(names, [(number, number + 1) for number in range(len(names) - 1)])


def grid(names: Sequence[str]) -> Neighbours:
    """A square, as far as the servers reach: left, right, above and below."""
    width = max(1, isqrt(len(names)))
    right = [(number, number + 1) for number in range(len(names) - 1) if (number + 1) % width]
    below = [(number, number + width) for number in range(len(names) - width)]
    return _from_links(names, right + below)


def tree(names: Sequence[str], children: int = 4) -> Neighbours:
    """Each server has its parent and at most that many children."""
    return _from_links(names, [((number - 1) // children, number) for number in range(1, len(names))])


def total(names: Sequence[str]) -> Neighbours:
    """Everybody has everybody."""
    return _from_links(names, [(one, other) for one in range(len(names)) for other in range(one)])


def star(names: Sequence[str]) -> Neighbours:
    """The first server has all others, they have it."""
    return tree(names, max(1, len(names) - 1))


TOPOLOGIES: Final[Mapping[str, Callable[[Sequence[str]], Neighbours]]] = {
    "line": line,
    "grid": grid,
    "tree": tree,
    "star": star,
    "total": total,
}


def _from_links(names: Sequence[str], links: Sequence[tuple[int, int]]) -> Neighbours:
    found: dict[str, list[str]] = {name: [] for name in names}
    for one, other in links:
        found[names[one]].append(names[other])
        found[names[other]].append(names[one])
    return {name: tuple(others) for name, others in found.items()}
