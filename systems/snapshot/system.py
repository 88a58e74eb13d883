"""Snapshots as the bench sees them: nodes, fault model and bugs."""

from collections.abc import Callable, Mapping
from functools import partial

from ...errors import UsageError
from ..node import Node
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED
from .client import Client
from .token_node import TokenNode

SECOND = 1_000_000_000


def ring(servers: int) -> dict[str, tuple[str, ...]]:
    """Channels from every node to the next one, and to the one after that."""
    names = [f"s{number}" for number in range(1, servers + 1)]
    return {
        name: tuple(
            dict.fromkeys(names[(place + step) % servers] for step in (1, 2) if (place + step) % servers != place)
        )
        for place, name in enumerate(names)
    }


def deployment(outgoing: Mapping[str, tuple[str, ...]], node: Callable[..., Node] = TokenNode) -> Deployment:
    """Nodes with these channels."""
    return Deployment(
        servers={name: partial(node, name, outgoing) for name in outgoing},
        groups=dict.fromkeys(outgoing, "node"),
        client=partial(Client, tuple(outgoing)),
    )


def deploy(servers: int, bug: str | None) -> Deployment:
    """Nodes s1, s2, … in a ring. Raises UsageError if there is no planted bug of that name."""
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"snapshot has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    return deployment(ring(servers), TokenNode if bug is None else PLANTED[bug][0])


system = System(
    name="snapshot",
    summary="snapshots of nodes that pass tokens to each other (Chandy & Lamport 1985)",
    deploy=deploy,
    fault_model=FaultModel(
        groups={"node": Tolerance(kill=0, pause=5, cut=False)},
        liveness=2 * SECOND,
        note="nodes may be paused; channels lose nothing and keep the order of messages, and no node fails",
        fifo=True,
    ),
    workloads=("snapshot",),
    servers=5,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)
