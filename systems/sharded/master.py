"""The shard master: it decides which group owns which shard, and never forgets what it has decided (lab 4, part 1)."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..key_value import LOG, NotLeader
from ..node import Context, Node
from ..paxos.replica import PaxosReplica
from .configuration import FIRST, Argument, AsData, Configuration, after, as_data
from .logs import Log
from .messages import NEWEST, Ask, Done, Order

Command: TypeAlias = tuple[str, int, str, Argument]
"""Client, number of its order, f, argument."""

Output: TypeAlias = bool | AsData | None
"""Of a query the configuration, None if there is none of that number; of other orders whether they were possible."""

Snapshot: TypeAlias = tuple[tuple[AsData, ...], tuple[tuple[str, int, Output], ...]]
"""All configurations, and the reply to the newest order of each client."""


class ShardMaster:
    """All configurations so far, and the duplicate table: the reply to the newest order of each client."""

    def __init__(self, history: Sequence[Configuration] = (FIRST,)) -> None:
        self.history = list(history)
        self.replies: dict[str, tuple[int, Output]] = {}

    def find(self, number: int) -> Configuration | None:
        """The configuration of that number, or the newest; None if there is none yet."""
        if number == NEWEST:
            return self.history[-1]
        return self.history[number] if 0 <= number < len(self.history) else None

    def apply(self, command: Command) -> Output:
        """Carry out the order, unless it was before or its client has gone on to a newer one; the reply."""
        client, number, f, argument = command
        if client not in self.replies or number > self.replies[client][0]:
            self.replies[client] = (number, self.execute(f, argument))
        return self.replies[client][1]

    def execute(self, f: str, argument: Argument) -> Output:
        """Carry out an order and give its output, past the duplicate table."""
        if f == "query":
            found = self.find(argument) if isinstance(argument, int) else None
            return None if found is None else as_data(found)
        following = self.following(f, argument)
        if following is None:
            return False
        self.history.append(following)
        return True

    def following(self, f: str, argument: Argument) -> Configuration | None:
        """The next configuration by an order."""
        return after(self.history[-1], f, argument)

    def snapshot(self) -> Snapshot:
        """All configurations, and the duplicate table."""
        replies = tuple((client, number, output) for client, (number, output) in self.replies.items())
        return tuple(map(as_data, self.history)), replies

    def restore(self, snapshot: Snapshot) -> None:
        """Take over a snapshot, and forget the rest."""
        history, replies = snapshot
        self.history = [Configuration(*one) for one in history]
        self.replies = {client: (number, output) for client, number, output in replies}


class MasterServer(Node):
    """A server of the shard master. `peers` are all of them, this one among them."""

    def __init__(
        self,
        peers: Sequence[str],
        history: Sequence[Configuration] = (FIRST,),
        replica: type[Log] = PaxosReplica,
        machine: Callable[[Sequence[Configuration]], ShardMaster] = ShardMaster,
    ) -> None:
        self.master = machine(history)
        self.replica: Log = replica(peers, self.master, self)
        self.subnodes = {LOG: self.replica}

    def role(self) -> str:
        return self.replica.role()

    def on_Order(self, ctx: Context, src: str, msg: Order) -> None:
        number, output = self.master.replies.get(src, (-1, None))
        if number >= msg.number:
            if number == msg.number:
                ctx.send(src, Done(number, output))
        elif not self.replica.propose(ctx.sub(LOG), (src, msg.number, msg.f, msg.argument)):
            ctx.send(src, NotLeader(msg.number, self.replica.leader))

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        found = self.master.find(msg.number)
        if found is not None:
            ctx.send(src, found)

    def applied(self, ctx: Context, command: Command, output: Output) -> None:
        """Have the leader answer the client, unless it has gone on to a newer order."""
        client, number, *_ = command
        if self.replica.leader == ctx.id and self.master.replies[client][0] == number:
            ctx.send(client, Done(number, output))
