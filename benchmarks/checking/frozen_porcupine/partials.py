"""The longest partial linearizations that a search comes across."""

from __future__ import annotations

from typing import Any, NamedTuple


class Node(NamedTuple):
    """An operation (its position in the partition), the state after it, and what was linearized before it."""

    operation: int
    state: Any
    length: int
    before: Node | None


class LongestPartials:
    """For every operation, the longest partial linearization that contains it, of those the search built.

    The search is a walk over a tree whose paths are partial linearizations: an operation on the path has as its
    longest one the deepest node below it. Depths are passed up as the walk leaves a node, so that noting them costs
    a constant per node, and the linearizations share their common beginnings.
    """

    def __init__(self) -> None:
        self._path: list[Node] = []
        self._deepest: list[Node] = []  # for each node of the path, the deepest one below it so far
        self._longest: dict[int, Node] = {}

    def push(self, operation: int, state: Any) -> None:
        """The search has linearized an operation and reached a state."""
        node = Node(operation, state, len(self._path) + 1, self._path[-1] if self._path else None)
        self._path.append(node)
        self._deepest.append(node)

    def pop(self) -> None:
        """The search takes its last linearization back."""
        operation = self._path.pop().operation
        deepest = self._deepest.pop()
        known = self._longest.get(operation)
        if known is None or deepest.length > known.length:
            self._longest[operation] = deepest
        if self._deepest and deepest.length > self._deepest[-1].length:
            self._deepest[-1] = deepest

    def witness(self) -> list[Node]:
        """The last node of the path, if any: where the search has succeeded, that of a whole linearization."""
        return self._path[-1:]

    def ends(self) -> list[Node]:
        """The last nodes of the longest partial linearizations, longest first, each once; ends the walk."""
        while self._path:
            self.pop()
        distinct = {id(node): node for _, node in sorted(self._longest.items())}
        return sorted(distinct.values(), key=lambda node: -node.length)


def linearization(end: Node) -> list[Node]:
    """The nodes of a partial linearization in order."""
    nodes = []
    node: Node | None = end
    while node is not None:
        nodes.append(node)
        node = node.before
    nodes.reverse()
    return nodes
