"""The lock service and its resource as the bench sees them: nodes, fault model, monitors and bugs."""

from ...errors import UsageError
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED, Nodes
from .client import LOCKS, RESOURCE
from .invariants import MONITORS

SECOND = 1_000_000_000


def deploy(servers: int, bug: str | None) -> Deployment:
    """One lock server and one resource. Raises UsageError for another number, or an unknown planted bug."""
    if servers != 2:
        raise UsageError(f"lock_service has two servers, the locks and the resource, not {servers}")
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"lock_service has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    nodes = Nodes() if bug is None else PLANTED[bug][0]
    return Deployment(
        servers={LOCKS: nodes.locks, RESOURCE: nodes.resource},
        groups={LOCKS: "lock-server", RESOURCE: "resource"},
        client=nodes.client,
    )


system = System(
    name="lock_service",
    summary="locks with leases and fencing tokens on a versioned store, and the resource that they guard",
    deploy=deploy,
    fault_model=FaultModel(
        groups={
            "lock-server": Tolerance(kill=1, pause=1, cut=True),
            "resource": Tolerance(kill=1, pause=1, cut=True),
        },
        liveness=5 * SECOND,
        note="both servers may be killed and paused as often as you like, but their disks must not be lost; a holder "
        "whose lease runs out loses its turn, never the count",
    ),
    workloads=("increment",),
    servers=2,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)
