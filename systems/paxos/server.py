"""A server of the key-value service: the store, and the replica that keeps it in step with the others."""

from collections.abc import Callable, Sequence

from ..key_value import LOG, KeyValueServer, Store
from .replica import PaxosReplica


class Server(KeyValueServer):
    """The store, replicated by Paxos. `peers` are all servers, this one among them."""

    def __init__(
        self, peers: Sequence[str], replica: type[PaxosReplica] = PaxosReplica, store: Callable[[], Store] = Store
    ) -> None:
        super().__init__()
        self.store = store()
        self.replica: PaxosReplica = replica(peers, self.store, self)
        self.subnodes = {LOG: self.replica}

    def role(self) -> str:
        return self.replica.role()
