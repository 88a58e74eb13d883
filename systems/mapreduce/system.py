"""MapReduce as the bench sees it: nodes, fault model, monitors and bugs."""

from ...errors import UsageError
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED, Nodes
from .client import Client
from .invariants import MONITORS
from .messages import COORDINATOR

SECOND = 1_000_000_000


def deploy(servers: int, bug: str | None) -> Deployment:
    """One coordinator and the given number of workers, w1, w2, …

    Raises UsageError if there is no planted bug of that name.
    """
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"mapreduce has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    nodes = Nodes() if bug is None else PLANTED[bug][0]
    names = [f"w{number}" for number in range(1, servers + 1)]
    return Deployment(
        servers={COORDINATOR: nodes.coordinator, **dict.fromkeys(names, nodes.worker)},
        groups={COORDINATOR: "coordinator", **dict.fromkeys(names, "worker")},
        client=Client,
    )


system = System(
    name="mapreduce",
    summary="word counts and inverted indexes on workers that may crash, stall or be slow (Dean & Ghemawat 2004)",
    deploy=deploy,
    fault_model=FaultModel(
        groups={
            "worker": Tolerance(kill=4, pause=4, cut=True),
            "coordinator": Tolerance(kill=0, pause=1, cut=True),
        },
        liveness=5 * SECOND,
        note="workers may be killed and paused, all at once too; the coordinator must not fail, as in the paper",
    ),
    workloads=("mapreduce",),
    servers=4,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)
