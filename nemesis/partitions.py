"""The shapes of partitions: given the nodes, who drops whom.

Shapes after Jepsen (`jepsen.nemesis`: halves, isolated node, bridge, majorities ring), with the clients as nodes: a
client is cut off only where the shape says so, and otherwise reaches every server, so that an isolated primary can
still be asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import networkx as nx

from .topology import Grudge, one_way, split


@dataclass(frozen=True)
class Nodes:
    """Those between whom a shape is drawn. `chosen` are the nodes that the fault aims at, servers or clients."""

    servers: tuple[str, ...]
    clients: tuple[str, ...]
    chosen: tuple[str, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The servers that were not chosen."""
        return tuple(name for name in self.servers if name not in self.chosen)


@dataclass(frozen=True)
class Shape:
    """A partition shape.

    `servers` is the fewest servers for which it cuts anything, `clients` whether it cuts links of clients, `aimed`
    whether it depends on the chosen nodes.
    """

    summary: str
    draw: Callable[[Nodes, Random], Grudge]
    servers: int
    clients: bool
    aimed: bool


def halves(nodes: Nodes, random: Random) -> Grudge:
    """The servers in two halves by their names, the smaller one first."""
    middle = len(nodes.servers) // 2
    return split(nodes.servers[:middle], nodes.servers[middle:])


def random_halves(nodes: Nodes, random: Random) -> Grudge:
    """The servers in two halves drawn at random; of an odd number, the odd one is in either half."""
    servers = _shuffled(nodes.servers, random)
    middle = (len(servers) + random.randrange(2)) // 2
    return split(servers[:middle], servers[middle:])


def majorities_ring(nodes: Nodes, random: Random) -> Grudge:
    """Every server talks to a majority, itself counted, and no two servers to the same one.

    The servers stand on a ring in random order and talk to their nearest neighbours only. Three servers have no such
    ring, and keep a chain instead: one pair is cut. Two cannot be cut at all.
    """
    servers = _shuffled(nodes.servers, random)
    if len(servers) <= 3:
        return bridge(nodes, random)
    reach = (len(servers) // 2 + 1) // 2
    ring = nx.circulant_graph(len(servers), list(range(1, reach + 1)))
    grudge: Grudge = nx.DiGraph()
    for i, j in nx.complement(ring).edges:
        grudge.add_edge(servers[i], servers[j])
        grudge.add_edge(servers[j], servers[i])
    return grudge


def bridge(nodes: Nodes, random: Random) -> Grudge:
    """The servers in two halves that share one server, which talks to all."""
    servers = _shuffled(nodes.servers, random)
    middle = len(servers) // 2
    return split(servers[:middle], servers[middle + 1 :])


def isolate(nodes: Nodes, random: Random) -> Grudge:
    """The chosen nodes are cut off from the other servers, both ways. Clients still reach everyone."""
    return split(nodes.chosen, nodes.others)


def isolate_fully(nodes: Nodes, random: Random) -> Grudge:
    """The chosen nodes are cut off from everyone else, clients too."""
    return split(nodes.chosen, (*nodes.others, *(name for name in nodes.clients if name not in nodes.chosen)))


def sides(nodes: Nodes, random: Random) -> Grudge:
    """The chosen nodes and some of the clients on one side, all others on the other.

    Each side gets a client, if there are two.
    """
    free = tuple(name for name in nodes.clients if name not in nodes.chosen)
    with_them = _some(free, random, keep=1)
    return split((*nodes.chosen, *with_them), (*nodes.others, *(name for name in free if name not in with_them)))


def link(nodes: Nodes, random: Random) -> Grudge:
    """The chosen nodes are cut off from one other server, both ways, and from nobody else."""
    return split(nodes.chosen, random.sample(nodes.others, min(1, len(nodes.others))))


def deaf(nodes: Nodes, random: Random) -> Grudge:
    """The chosen nodes hear no other server; all hear them, and they hear the clients."""
    return one_way(nodes.chosen, nodes.others)


def deaf_fully(nodes: Nodes, random: Random) -> Grudge:
    """The chosen nodes hear nobody, clients neither; all hear them."""
    return one_way(nodes.chosen, (*nodes.others, *(name for name in nodes.clients if name not in nodes.chosen)))


def thirds(nodes: Nodes, random: Random) -> Grudge:
    """The servers in three parts drawn at random."""
    servers = _shuffled(nodes.servers, random)
    return split(servers[::3], servers[1::3], servers[2::3])


def with_one(nodes: Nodes, random: Random) -> Grudge:
    """The chosen nodes and one other server on one side, the other servers on the other. Clients reach everyone."""
    partner = random.sample(nodes.others, min(1, len(nodes.others)))
    return split((*nodes.chosen, *partner), (name for name in nodes.others if name not in partner))


def mute(nodes: Nodes, random: Random) -> Grudge:
    """Nobody else hears the chosen nodes, clients neither; they hear all."""
    listeners = (*nodes.others, *(name for name in nodes.clients if name not in nodes.chosen))
    return one_way(listeners, nodes.chosen)


def clients(nodes: Nodes, random: Random) -> Grudge:
    """Some of the clients and the chosen servers cannot talk; a chosen client cannot talk to some of the servers."""
    return split(*_clients_and_servers(nodes, random))


def deaf_clients(nodes: Nodes, random: Random) -> Grudge:
    """As `clients`, but one way: requests of the clients arrive, the answers do not."""
    return one_way(*_clients_and_servers(nodes, random))


SHAPES: Mapping[str, Shape] = {
    "halves": Shape("two halves of the servers, by name", halves, 2, clients=False, aimed=False),
    "random-halves": Shape("two random halves of the servers", random_halves, 2, clients=False, aimed=False),
    "majorities-ring": Shape(
        "every server sees a majority, no two the same", majorities_ring, 3, clients=False, aimed=False
    ),
    "bridge": Shape("two halves that share one server", bridge, 3, clients=False, aimed=False),
    "isolate": Shape("targets cut from the other servers, clients reach all", isolate, 2, clients=False, aimed=True),
    "isolate-fully": Shape("targets cut from everyone, clients too", isolate_fully, 1, clients=True, aimed=True),
    "sides": Shape("targets and some clients | everyone else", sides, 1, clients=True, aimed=True),
    "link": Shape("targets cut from one other server", link, 2, clients=False, aimed=True),
    "deaf": Shape("targets hear no other server", deaf, 2, clients=False, aimed=True),
    "mute": Shape("nobody hears the targets", mute, 1, clients=True, aimed=True),
    "clients": Shape("some clients cut from the targets", clients, 1, clients=True, aimed=True),
    "deaf-clients": Shape("some clients do not hear the targets", deaf_clients, 1, clients=True, aimed=True),
    "thirds": Shape("three random parts of the servers", thirds, 2, clients=False, aimed=False),
    "with-one": Shape("targets and one other server | the other servers", with_one, 2, clients=False, aimed=True),
    "deaf-fully": Shape("targets hear nobody", deaf_fully, 1, clients=True, aimed=True),
}


def _shuffled(names: Sequence[str], random: Random) -> list[str]:
    return random.sample(names, len(names))


def _some(names: Sequence[str], random: Random, keep: int = 0) -> tuple[str, ...]:
    """A random non-empty part of the names, in order, that leaves out at least `keep` if it can."""
    if not names:
        return ()
    size = random.randint(1, max(1, len(names) - keep))
    return tuple(sorted(random.sample(names, size)))


def _clients_and_servers(nodes: Nodes, random: Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    chosen_clients = tuple(name for name in nodes.chosen if name in nodes.clients)
    chosen_servers = tuple(name for name in nodes.chosen if name in nodes.servers)
    return chosen_clients or _some(nodes.clients, random), chosen_servers or _some(nodes.servers, random)
