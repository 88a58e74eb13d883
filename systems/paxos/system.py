"""The Paxos key-value store as the bench sees it: nodes, fault model, monitors and bugs."""

from collections.abc import Mapping
from functools import partial

from ...errors import UsageError
from ..key_value import KeyValueClient
from ..node import Node
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED
from .invariants import MONITORS
from .server import Server

SECOND = 1_000_000_000


def deploy(servers: int, bug: str | None) -> Deployment:
    """The given number of servers, s1, s2, …

    Raises UsageError if there is no planted bug of that name.
    """
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"paxos has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    server = Server if bug is None else PLANTED[bug][0]
    names = [f"s{number}" for number in range(1, servers + 1)]
    return Deployment(
        servers=dict.fromkeys(names, partial(server, names)),
        groups=dict.fromkeys(names, "server"),
        client=partial(KeyValueClient, names),
    )


def spare(nodes: Mapping[str, Node], name: str) -> bool:
    """Whether the disk of the server is set up. Before that it would not know, when it starts again, that it is new."""
    server = nodes.get(name)
    return isinstance(server, Server) and server.replica.durable


def spare_disk(nodes: Mapping[str, Node], name: str) -> bool:
    """Whether all disks are set up, so that the others have whatever this one has promised and voted for."""
    server = nodes.get(name)
    return isinstance(server, Server) and all(
        isinstance(peer, Server) and peer.replica.durable for peer in map(nodes.get, server.replica.peers)
    )


system = System(
    name="paxos",
    summary="key-value store on a log agreed by Paxos (Lamport; MIT 6.824 and UW dslabs, lab 3)",
    deploy=deploy,
    fault_model=FaultModel(
        groups={"server": Tolerance(kill=5, pause=5, cut=True, crash=2, lose=1, torn=True, drift=0.2, jump=SECOND)},
        liveness=5 * SECOND,
        note="any number of servers may be down or unreachable, and two of five may stop for good; one disk at a time "
        "may be lost while all the others are there, and who has lost one counts as stopped; nobody is served without "
        "a majority",
        spare=spare,
        spare_disk=spare_disk,
        leaders=True,
    ),
    workloads=("register", "kv"),
    servers=5,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)
