"""Four systems as the bench sees them: nodes, fault models and bugs."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ...errors import UsageError
from ..node import Node
from ..own_server import Client
from ..system import Bug, Deployment, FaultModel, System, Tolerance
from . import bugs
from .broadcast import Broadcast
from .ids import Generator
from .kafka import Log
from .merging import Counter
from .topology import Neighbours, tree

SECOND = 1_000_000_000
TREE_CHILDREN = 2

Planted = Mapping[str, tuple[Callable[..., Node], Bug]]
Maker = Callable[[str], Callable[[], Node]]
"""Gives the constructor of the server of a name."""

FAULTS = FaultModel(
    groups={"server": Tolerance(kill=5, pause=5, cut=True, drift=0.2)},
    liveness=3 * SECOND,
    note="servers may be killed and paused, all at once too, but no disk must be lost; while a server is down its own "
    "clients are not answered",
)


def names_of(servers: int) -> tuple[str, ...]:
    """s1, s2, …"""
    return tuple(f"s{number}" for number in range(1, servers + 1))


def deployment(names: Sequence[str], maker: Maker) -> Deployment:
    """Those servers, and clients that know them."""
    return Deployment(
        servers={name: maker(name) for name in names},
        groups=dict.fromkeys(names, "server"),
        client=partial(Client, tuple(names)),
    )


def spreading(
    servers: int, topology: Callable[[Sequence[str]], Neighbours], batch: int = 0, node: Callable[..., Node] = Broadcast
) -> Deployment:
    """Servers that broadcast over a topology; `batch` is how long they gather values (nanoseconds)."""
    names = names_of(servers)
    neighbours = topology(names)
    return deployment(names, lambda name: partial(node, neighbours[name], batch))


def _node(system: str, planted: Planted, correct: Callable[..., Node], bug: str | None) -> Callable[..., Node]:
    if bug is None:
        return correct
    if bug not in planted:
        raise UsageError(f"{system} has no planted bug {bug!r}; it has {', '.join(sorted(planted))}")
    return planted[bug][0]


def _deploy_broadcast(servers: int, bug: str | None) -> Deployment:
    node = _node("broadcast", bugs.BROADCAST, Broadcast, bug)
    return spreading(servers, partial(tree, children=TREE_CHILDREN), node=node)


def _deploy_counters(servers: int, bug: str | None) -> Deployment:
    node, names = _node("counters", bugs.COUNTERS, Counter, bug), names_of(servers)
    return deployment(names, lambda _: partial(node, names))


def _deploy_ids(servers: int, bug: str | None) -> Deployment:
    node = _node("unique_ids", bugs.IDS, Generator, bug)
    return deployment(names_of(servers), lambda _: node)


def _deploy_kafka(servers: int, bug: str | None) -> Deployment:
    node, names = _node("kafka", bugs.KAFKA, Log, bug), names_of(servers)
    return deployment(names, lambda _: partial(node, names))


def _system(
    name: str,
    summary: str,
    deploy: Callable[[int, str | None], Deployment],
    workload: str,
    planted: Planted,
    servers: int,
) -> System:
    return System(
        name=name,
        summary=summary,
        deploy=deploy,
        fault_model=FAULTS,
        workloads=(workload,),
        servers=servers,
        bugs={name: bug for name, (_, bug) in planted.items()},
    )


broadcast = _system(
    "broadcast", "values that reach every server, over a tree", _deploy_broadcast, "broadcast", bugs.BROADCAST, 5
)
counters = _system("counters", "a counter that merges (PN-counter)", _deploy_counters, "counter", bugs.COUNTERS, 3)
unique_ids = _system("unique_ids", "ids that are given out once", _deploy_ids, "unique_ids", bugs.IDS, 3)
kafka = _system("kafka", "logs with offsets, divided among servers", _deploy_kafka, "kafka", bugs.KAFKA, 2)
