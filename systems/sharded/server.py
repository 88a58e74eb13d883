"""A server of a group: it answers clients, follows the shard master, and moves shards (lab 4, part 2)."""

from collections.abc import Callable, Sequence

from ..key_value import LOG, NotLeader, Request, command_of
from ..node import Context, Node
from ..paxos.replica import PaxosReplica
from .configuration import Configuration, as_data, shard_of
from .logs import Log
from .messages import TICK, Ask, NotServed, Received, Transfer
from .store import CONFIGURE, DO, FORGET, RECEIVE, Command, ShardStore


class GroupServer(Node):
    """A server of `group`. `peers` are all its servers, this one among them; `masters` those of the shard master.

    Whatever changes the state goes through the group's log; the leader sees to it.
    """

    def __init__(
        self,
        group: str,
        peers: Sequence[str],
        masters: Sequence[str],
        replica: type[Log] = PaxosReplica,
        store: Callable[[str], ShardStore] = ShardStore,
    ) -> None:
        self.group = group
        self.masters = tuple(masters)
        self.master = 0
        """Which server of the master is asked next: all in turn."""
        self.store = store(group)
        self.replica: Log = replica(peers, self.store, self)
        self.subnodes = {LOG: self.replica}

    def start(self, ctx: Context) -> None:
        ctx.set_timer("tick", TICK)

    def role(self) -> str:
        return self.replica.role()

    def leads(self, ctx: Context) -> bool:
        """Whether this server leads its group, as far as it knows."""
        return self.replica.leader == ctx.id

    def propose(self, ctx: Context, command: Command) -> bool:
        """Have the group agree on the command, if this server leads it."""
        return self.replica.propose(ctx.sub(LOG), command)

    # Clients

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if not self.leads(ctx):
            ctx.send(src, NotLeader(msg.number, self.replica.leader))
        elif not self.serves(msg):
            ctx.send(src, NotServed(msg.number))
        elif not self.answer(ctx, src, msg.number, shard_of(msg.key)):
            self.propose(ctx, (DO, command_of(src, msg)))

    def serves(self, request: Request) -> bool:
        """Whether the shard of the request's key is here."""
        return shard_of(request.key) in self.store.shards

    def answer(self, ctx: Context, client: str, number: int, shard: int) -> bool:
        """Send the reply to a request, if it is the newest of its client; whether it was carried out before."""
        served = self.store.shards.get(shard)
        if served is None or served.newest(client) < number:
            return False
        if served.newest(client) == number:
            ctx.send(client, served.replies[client])
        return True

    def applied(self, ctx: Context, command: Command, output: bool) -> None:
        """See systems/replicated.py."""
        if not self.leads(ctx):
            return
        what, argument = command
        if what == DO:
            client, number, _, key, *_ = argument
            if not output:
                ctx.send(client, NotServed(number))
            else:
                self.answer(ctx, client, number, shard_of(key))
        elif output and what in (CONFIGURE, RECEIVE):
            self.advance(ctx)

    # The shard master

    def on_timer_tick(self, ctx: Context) -> None:
        if self.leads(ctx):
            self.advance(ctx)
        ctx.set_timer("tick", TICK)

    def advance(self, ctx: Context) -> None:
        """Hand over what is leaving, and ask for the next configuration once this one is complete."""
        for number, shard in self.store.leaving:
            self.hand_over(ctx, number, shard)
        if self.is_complete():
            self.master = (self.master + 1) % len(self.masters)
            ctx.send(self.masters[self.master], Ask(self.wanted()))

    def is_complete(self) -> bool:
        """Whether the group may change to its next configuration."""
        return not self.store.awaited

    def wanted(self) -> int:
        """The number of the configuration to ask for: one after the other, none is left out."""
        return self.store.configuration.number + 1

    def on_Configuration(self, ctx: Context, src: str, msg: Configuration) -> None:
        if msg.number == self.wanted() and self.is_complete():
            self.propose(ctx, (CONFIGURE, as_data(msg)))

    # Other groups

    def hand_over(self, ctx: Context, number: int, shard: int) -> None:
        """Send a shard to all servers of its new owner: one of them leads."""
        items, replies = self.store.leaving[number, shard]
        for server in self.store.bound[number, shard]:
            ctx.send(server, Transfer(number, shard, items, replies))

    def on_Transfer(self, ctx: Context, src: str, msg: Transfer) -> None:
        if self.store.has_received(msg.number, msg.shard):
            ctx.send(src, Received(msg.number, msg.shard))
        elif self.expects(msg):
            self.propose(ctx, (RECEIVE, (msg.number, msg.shard, msg.contents)))

    def expects(self, transfer: Transfer) -> bool:
        """Whether the shard belongs to the present configuration. What is for a later one is sent again then."""
        return transfer.number == self.store.configuration.number

    def on_Received(self, ctx: Context, src: str, msg: Received) -> None:
        if (msg.number, msg.shard) in self.store.leaving:
            self.propose(ctx, (FORGET, (msg.number, msg.shard)))
