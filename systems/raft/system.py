"""The Raft key-value store as the bench sees it: nodes, fault model, monitors and bugs."""

from dataclasses import replace
from functools import partial

from ...errors import UsageError
from ..key_value import KeyValueClient
from ..system import Deployment, FaultModel, System, Tolerance
from .admin import FEWEST, OPERATIONS, Administrator
from .bugs import PLANTED
from .invariants import MONITORS
from .server import Server

SECOND = 1_000_000_000


def deploy(servers: int, bug: str | None, administered: bool = False) -> Deployment:
    """The given number of servers, s1, s2, …, all of them members at first; if `administered`, not for ever.

    Raises UsageError if there is no planted bug of that name.
    """
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"raft has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    server = Server if bug is None else PLANTED[bug][0]
    names = [f"s{number}" for number in range(1, servers + 1)]
    return Deployment(
        servers=dict.fromkeys(names, partial(server, names)),
        groups=dict.fromkeys(names, "server"),
        client=partial(KeyValueClient, names),
        admin=partial(Administrator, names) if administered else None,
    )


MEMBERSHIP = ("overlapping-changes", "changes-too-soon")
"""The planted bugs that need changes of the members."""

system = System(
    name="raft",
    summary="key-value store on a log agreed by Raft (Ongaro and Ousterhout; MIT 6.5840, labs 3 and 4)",
    deploy=deploy,
    fault_model=FaultModel(
        groups={"server": Tolerance(kill=5, pause=5, cut=True, crash=2, drift=0.2, jump=SECOND)},
        liveness=5 * SECOND,
        note="any number of servers may be down or unreachable, as long as their disks survive, and two of five may "
        "stop for good; nobody is served without a majority",
        leaders=True,
    ),
    workloads=("register", "kv"),
    servers=5,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items() if name not in MEMBERSHIP},
)

membership = replace(
    system,
    name="raft_membership",
    summary="the store on Raft while servers join and leave, and hand over the leadership",
    deploy=partial(deploy, administered=True),
    fault_model=replace(
        system.fault_model,
        groups={"server": Tolerance(kill=5, pause=5, cut=True, crash=1, drift=0.2, jump=SECOND)},
        note=f"as raft, but that only one server may stop for good, since there may be {FEWEST} members only",
        admin=OPERATIONS,
    ),
    bugs={name: PLANTED[name][1] for name in MEMBERSHIP},
)
