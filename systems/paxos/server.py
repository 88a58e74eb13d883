"""A server of the key-value service: the store, and the replica that keeps it in step with the others."""

from collections.abc import Sequence

from ..key_value import LOG, KeyValueServer
from .replica import PaxosReplica


class Server(KeyValueServer):
    """The store, replicated by Paxos. `peers` are all servers, this one among them."""

    make_replica = PaxosReplica

    def __init__(self, peers: Sequence[str]) -> None:
        super().__init__()
        self.replica: PaxosReplica = self.make_replica(peers, self.store, self)
        self.subnodes = {LOG: self.replica}

    def role(self) -> str:
        return self.replica.role()
