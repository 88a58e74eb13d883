"""The sharded key-value store as the bench sees it: nodes, fault model, monitors and bugs."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...errors import UsageError
from ..node import Node
from ..paxos.replica import PaxosReplica
from ..raft.replica import RaftReplica
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED
from .client import ShardClient
from .configuration import FIRST, Configuration, after
from .invariants import MONITORS
from .logs import Log
from .master import MasterServer
from .server import GroupServer

SECOND = 1_000_000_000

GROUPS = ("g1", "g2", "g3")
"""The replica groups. At first all but the last have joined."""


def deploy(servers: int, bug: str | None, replica: type[Log] = PaxosReplica) -> Deployment:
    """The given number of servers for the shard master (m1, m2, …), and for each group (g1s1, g1s2, …).

    `replica` is what their logs are agreed by.

    Raises UsageError if there is no planted bug of that name.
    """
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"sharded has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    group_server, master_server = (GroupServer, MasterServer) if bug is None else PLANTED[bug][0]
    masters = [f"m{number}" for number in range(1, servers + 1)]
    groups = {group: [f"{group}s{number}" for number in range(1, servers + 1)] for group in GROUPS}
    master = partial(master_server, masters, first_two(groups), replica=replica)
    return Deployment(
        servers={
            **dict.fromkeys(masters, master),
            **{
                name: partial(group_server, group, names, masters, replica=replica)
                for group, names in groups.items()
                for name in names
            },
        },
        groups={
            **dict.fromkeys(masters, "master"),
            **{name: group for group, names in groups.items() for name in names},
        },
        client=partial(ShardClient, masters, groups),
    )


def first_two(groups: Mapping[str, list[str]]) -> list[Configuration]:
    """The configurations with which the master begins: nobody, then one after the other but the last."""
    history = [FIRST]
    for group in GROUPS[:-1]:
        joined = after(history[-1], "join", (group, tuple(groups[group])))
        assert joined is not None
        history.append(joined)
    return history


def spare(nodes: Mapping[str, Node], name: str) -> bool:
    """Whether the disk of the server is set up. Before that it would not know, when it starts again, that it is new."""
    server = nodes.get(name)
    if not isinstance(server, GroupServer | MasterServer):
        return False
    return not isinstance(server.replica, PaxosReplica) or server.replica.durable


def spare_disk(nodes: Mapping[str, Node], name: str) -> bool:
    """Whether all disks of the group are set up, so that the others have what this one has promised and voted for."""
    server = nodes.get(name)
    if not isinstance(server, GroupServer | MasterServer) or not isinstance(server.replica, PaxosReplica):
        return False
    return all(spare(nodes, peer) for peer in server.replica.peers)


def tolerance(**more: Any) -> Mapping[str, Tolerance]:
    """What the servers of every group have in common, and more."""
    return dict.fromkeys(("master", *GROUPS), Tolerance(kill=5, pause=5, cut=True, drift=0.2, jump=SECOND, **more))


system = System(
    name="sharded",
    summary="sharded key-value store: a shard master and replica groups on Paxos (MIT 6.824 and UW dslabs, lab 4)",
    deploy=deploy,
    fault_model=FaultModel(
        groups=tolerance(crash=1, lose=1, torn=True),
        liveness=5 * SECOND,
        note="any number of servers of any group may be down or unreachable; one of each group may stop for good, or "
        "one disk of it at a time may be lost while the rest of the group is there; a shard is not served without a "
        "majority of its group, nor moved without majorities of both",
        spare=spare,
        spare_disk=spare_disk,
        leaders=True,
    ),
    workloads=("sharded",),
    servers=3,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)

on_raft = replace(
    system,
    name="sharded_raft",
    summary="the sharded store with master and groups on Raft (MIT 6.5840, lab 5)",
    deploy=partial(deploy, replica=RaftReplica),
    fault_model=replace(
        system.fault_model,
        groups=tolerance(crash=1),
        note="any number of servers of any group may be down or unreachable, and one of each group may stop for good, "
        "as long as the others' disks survive; a shard is not served without a majority of its group, nor moved "
        "without majorities of both",
        spare_disk=None,
    ),
)
