"""Transactions on the sharded store as the bench sees them: nodes, fault model, monitors and bugs."""

from dataclasses import replace
from functools import partial

from ...errors import UsageError
from ..paxos.replica import PaxosReplica
from ..raft.replica import RaftReplica
from ..sharded.logs import Log
from ..sharded.master import MasterServer
from ..sharded.system import GROUPS, first_two
from ..sharded.system import on_raft as sharded_on_raft
from ..sharded.system import system as sharded
from ..system import Deployment, System
from .bugs import PLANTED
from .client import TransactionClient
from .invariants import MONITORS
from .server import TransactionServer


def deploy(servers: int, bug: str | None, replica: type[Log] = PaxosReplica) -> Deployment:
    """The nodes of the sharded store, whose groups carry out transactions too; the given number of servers for each.

    `replica` is what their logs are agreed by.

    Raises UsageError if there is no planted bug of that name.
    """
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"transactions has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    server = TransactionServer if bug is None else PLANTED[bug][0]
    masters = [f"m{number}" for number in range(1, servers + 1)]
    groups = {group: [f"{group}s{number}" for number in range(1, servers + 1)] for group in GROUPS}
    members = [(group, names, name) for group, names in groups.items() for name in names]
    master = partial(MasterServer, masters, first_two(groups), replica=replica)
    return Deployment(
        servers={
            **dict.fromkeys(masters, master),
            **{name: partial(server, group, names, masters, replica=replica) for group, names, name in members},
        },
        groups={**dict.fromkeys(masters, "master"), **{name: group for group, _, name in members}},
        client=partial(TransactionClient, masters, groups),
    )


NOTE = (
    "servers and disks of any group may fail as in the sharded store; a transaction needs a majority of every group "
    "that owns one of its keys, and of no other"
)

system = System(
    name="transactions",
    summary="transactions on the sharded store: two-phase commit among replica groups on Paxos (UW dslabs, lab 4)",
    deploy=deploy,
    fault_model=replace(sharded.fault_model, note=NOTE),
    workloads=("transactions",),
    servers=3,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)

on_raft = replace(
    system,
    name="transactions_raft",
    summary="transactions on the sharded store, with its groups on Raft",
    deploy=partial(deploy, replica=RaftReplica),
    fault_model=replace(sharded_on_raft.fault_model, note=NOTE),
)
