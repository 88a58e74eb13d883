"""The versioned store as the bench sees it: nodes, fault model, monitors and bugs."""

from ...errors import UsageError
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED, Nodes
from .client import SERVER
from .invariants import MONITORS

SECOND = 1_000_000_000


def deploy(servers: int, bug: str | None) -> Deployment:
    """One server. Raises UsageError for more, or if there is no planted bug of that name."""
    if servers != 1:
        raise UsageError(f"versioned has one server, not {servers}")
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"versioned has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    nodes = Nodes() if bug is None else PLANTED[bug][0]
    return Deployment(servers={SERVER: nodes.server}, groups={SERVER: "server"}, client=nodes.client)


system = System(
    name="versioned",
    summary="key-value store on one server, puts name the version that they replace (MIT 6.5840, lab 2)",
    deploy=deploy,
    fault_model=FaultModel(
        groups={"server": Tolerance(kill=1, pause=1, cut=True)},
        liveness=2 * SECOND,
        note="the server may be killed and paused as often as you like, but its disk must not be lost, and while it is "
        "down nobody is answered",
    ),
    workloads=("versioned",),
    servers=1,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)
