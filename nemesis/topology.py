"""Grudges: directed graphs that say who drops whose messages.

The edge a → b means: a drops everything that b sends to it. It says nothing about the way back: b still hears a,
unless b → a is an edge too.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TypeAlias

import networkx as nx

Grudge: TypeAlias = "nx.DiGraph[str]"


def split(*sides: Iterable[str]) -> Grudge:
    """The grudge in which every node drops what the nodes of any other side send."""
    grudge: Grudge = nx.DiGraph()
    for here, there in combinations([tuple(side) for side in sides], 2):
        grudge.add_edges_from((a, b) for a in here for b in there)
        grudge.add_edges_from((b, a) for a in here for b in there)
    return grudge


def one_way(deaf: Iterable[str], senders: Sequence[str]) -> Grudge:
    """The grudge in which each of `deaf` drops what `senders` send, and nobody else drops anything."""
    grudge: Grudge = nx.DiGraph()
    grudge.add_edges_from((a, b) for a in deaf for b in senders if a != b)
    return grudge


def links(grudge: Grudge) -> tuple[tuple[str, str], ...]:
    """The links that drop, as (src, dst) in the direction of the messages, sorted. Inverse of `from_links`."""
    return tuple(sorted((src, dst) for dst, src in grudge.edges))


def from_links(dropping: Iterable[tuple[str, str]]) -> Grudge:
    """The grudge that drops what is sent over the links (src, dst)."""
    grudge: Grudge = nx.DiGraph()
    grudge.add_edges_from((dst, src) for src, dst in dropping)
    return grudge


def sides(grudge: Grudge) -> tuple[tuple[str, ...], ...]:
    """The sides that `split` would need to make this grudge, sorted; () if no split makes it.

    Nodes without a grudge, such as the middle of a bridge, are on no side.
    """
    can_talk = nx.complement(grudge.to_undirected(reciprocal=True))
    found = sorted(tuple(sorted(side)) for side in nx.connected_components(can_talk))
    return tuple(found) if set(split(*found).edges) == set(grudge.edges) else ()
