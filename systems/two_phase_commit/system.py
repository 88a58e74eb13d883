"""The bank on two-phase commit as the bench sees it: nodes, fault model, monitors and bugs."""

from functools import partial

from ...errors import UsageError
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED, Nodes
from .client import Client
from .invariants import MONITORS
from .messages import MANAGER

SECOND = 1_000_000_000


def deploy(servers: int, bug: str | None) -> Deployment:
    """One transaction manager and the given number of resource managers, r1, r2, …

    Raises UsageError if there is no planted bug of that name.
    """
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"two_phase_commit has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    nodes = Nodes() if bug is None else PLANTED[bug][0]
    names = tuple(f"r{number}" for number in range(1, servers + 1))
    return Deployment(
        servers={MANAGER: partial(nodes.manager, names), **dict.fromkeys(names, nodes.resource)},
        groups={MANAGER: "transaction-manager", **dict.fromkeys(names, "resource-manager")},
        client=Client,
    )


system = System(
    name="two_phase_commit",
    summary="a bank whose accounts are on several servers, with two-phase commit and presumed abort",
    deploy=deploy,
    fault_model=FaultModel(
        groups={
            "transaction-manager": Tolerance(kill=1, pause=1, cut=True),
            "resource-manager": Tolerance(kill=3, pause=3, cut=True),
        },
        liveness=5 * SECOND,
        note="all servers may be killed and paused as often as you like, at once too, but no disk must be lost; while "
        "the transaction manager is down nothing is decided",
    ),
    workloads=("bank",),
    servers=3,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)
