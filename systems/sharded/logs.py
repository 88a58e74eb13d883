"""The two kinds of replicated log that master and groups can stand on, and what monitors ask of either."""

from typing import TypeAlias

from ..paxos import messages as paxos
from ..paxos.replica import PaxosReplica
from ..paxos.synod import Ballot
from ..raft import messages as raft
from ..raft.replica import RaftReplica

Log: TypeAlias = PaxosReplica | RaftReplica

EXECUTES: frozenset[type] = frozenset(
    (
        str,
        *(paxos.Accept, paxos.Accepted, paxos.Heartbeat, paxos.Chosen, paxos.Snapshot, paxos.Promise),
        *(raft.AppendEntries, raft.Appended, raft.InstallSnapshot, raft.Vote),
    )
)
"""The events at which a replica may apply commands."""

LEARNS: frozenset[type] = frozenset((str, paxos.Heartbeat, paxos.Snapshot, raft.AppendEntries, raft.InstallSnapshot))
"""The events at which one that does not lead may have caught up."""


def executed(log: Log) -> int:
    """The last slot, or index, that was applied to the machine."""
    return log.executed if isinstance(log, PaxosReplica) else log.applied


def proposed(log: Log) -> int:
    """The last slot, or index, that a leader has proposed something for."""
    return log.next - 1 if isinstance(log, PaxosReplica) else log.log.last


def reign(log: Log) -> Ballot | int | None:
    """The ballot, or term, in which the replica leads; None if it does not."""
    if isinstance(log, PaxosReplica):
        return log.ballot if log.leading else None
    return log.term if log.state == "leader" else None
