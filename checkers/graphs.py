"""Directed graphs of numbered nodes: which nodes lie on a common cycle, and a short one of those."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence


def components(nodes: Iterable[int], successors: Callable[[int], Iterable[int]]) -> Iterator[list[int]]:
    """The strongly connected components of more than one node, with their nodes in ascending order.

    Tarjan, "Depth-first search and linear graph algorithms" (SIAM J. Comput. 1972), without recursion.
    """
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for root in nodes:
        if root in number:
            continue
        number[root] = low[root] = len(number)
        path.append(root)
        on_path.add(root)
        work = [(root, iter(successors(root)))]
        while work:
            node, following = work[-1]
            for after in following:
                if after not in number:
                    number[after] = low[after] = len(number)
                    path.append(after)
                    on_path.add(after)
                    work.append((after, iter(successors(after))))
                    break
                if after in on_path:
                    low[node] = min(low[node], number[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    component = _split_off(path, node)
                    on_path.difference_update(component)
                    if len(component) > 1:
                        yield sorted(component)


def _split_off(path: list[int], node: int) -> list[int]:
    start = len(path) - 1
    while path[start] != node:
        start -= 1
    component = path[start:]
    del path[start:]
    return component


def shortest_path(start: int, end: int, successors: Callable[[int], Iterable[int]]) -> Sequence[int] | None:
    """Nodes from `start` to `end`, both included, over as few edges as possible and at least one; None if none is."""
    before: dict[int, int] = {}
    work = deque((start,))
    while work:
        node = work.popleft()
        for after in successors(node):
            if after in before:
                continue
            before[after] = node
            if after == end:
                path = [end]
                while len(path) == 1 or path[-1] != start:
                    path.append(before[path[-1]])
                return path[::-1]
            work.append(after)
    return None
