"""Four systems as the bench sees them: nodes, fault models and bugs."""

from collections.abc import Callable, Mapping
from functools import partial

from ...errors import UsageError
from ..system import Bug, Deployment, FaultModel, Monitor, System, Tolerance
from . import bugs, invariants
from .bugs import Nodes
from .causal_store import CausalStore
from .last_writer import LastWriter
from .read_committed import ReadCommitted, Transactions
from .sibling_store import SiblingStore

SECOND = 1_000_000_000

FAULTS = FaultModel(
    groups={"server": Tolerance(kill=5, pause=5, drift=0.2, jump=10 * SECOND)},
    liveness=3 * SECOND,
    note="servers may be killed and paused, all at once too; no disk may be lost: what is acknowledged is on one",
)


def _deploy(
    system: str,
    correct: Nodes,
    planted: Mapping[str, tuple[Nodes, Bug]],
    roams: bool,
    servers: int,
    bug: str | None,
) -> Deployment:
    if bug is not None and bug not in planted:
        raise UsageError(f"{system} has no planted bug {bug!r}; it has {', '.join(sorted(planted))}")
    nodes = correct if bug is None else planted[bug][0]
    names = tuple(f"s{number}" for number in range(1, servers + 1))
    return Deployment(
        servers=dict.fromkeys(names, partial(nodes.server, names)),
        groups=dict.fromkeys(names, "server"),
        client=partial(nodes.client, names, roams=roams),
    )


def _system(
    name: str,
    summary: str,
    correct: Nodes,
    planted: Mapping[str, tuple[Nodes, Bug]],
    workload: str,
    monitors: tuple[Monitor, ...],
    *,
    roams: bool = False,
) -> System:
    deploy: Callable[[int, str | None], Deployment] = partial(_deploy, name, correct, planted, roams)
    return System(
        name=name,
        summary=summary,
        deploy=deploy,
        fault_model=FAULTS,
        workloads=(workload,),
        servers=3,
        monitors=monitors,
        bugs={name: bug for name, (_, bug) in planted.items()},
    )


lww = _system(
    "lww",
    "store in which the last writer wins (Dynamo)",
    Nodes(LastWriter),
    bugs.LWW,
    "eventual",
    invariants.NEWEST,
)
siblings = _system(
    "siblings",
    "store that keeps concurrent values (Dynamo)",
    Nodes(SiblingStore),
    bugs.SIBLINGS,
    "broadcast",
    invariants.KEPT,
)
causal = _system(
    "causal",
    "causally consistent store (COPS)",
    Nodes(CausalStore),
    bugs.CAUSAL,
    "causal",
    invariants.CAUSAL,
    roams=True,
)
read_committed = _system(
    "read_committed",
    "transactions that are always available (HAT)",
    Nodes(ReadCommitted, Transactions),
    bugs.READ_COMMITTED,
    "read_committed",
    invariants.COMMITTED,
)
