"""A server of a group: it coordinates transactions, takes part in those of others, and does all that the shards need.

What is decided is decided in the log. What a leader remembers beside it, the votes, can be asked for again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ..key_value import NotLeader
from ..node import Context, Message
from ..paxos.replica import PaxosReplica
from ..replicated import Data
from ..sharded.configuration import shard_of
from ..sharded.logs import Log
from ..sharded.messages import NotServed
from ..sharded.server import GroupServer
from .messages import VOTE_TIMEOUT, Acknowledge, Begin, Conflict, Decision, Name, Prepare, Vote
from .operations import Argument, Pairs, home_of
from .store import BEGIN, DECIDE, END, FINISH, PREPARE, TransactionStore, Voting


class Poll:
    """A leader's memory of a transaction that is voted on. Plain data."""

    def __init__(self, voting: Voting, begun: int) -> None:
        self.voting = voting
        self.begun = begun
        self.values: dict[str, Pairs] = {}
        """What the groups have found that are prepared."""


class TransactionServer(GroupServer):
    """A server of a group, as in `GroupServer`."""

    store: TransactionStore

    def __init__(
        self,
        group: str,
        peers: Sequence[str],
        masters: Sequence[str],
        replica: type[Log] = PaxosReplica,
        store: Callable[[str], TransactionStore] = TransactionStore,
    ) -> None:
        super().__init__(group, peers, masters, replica, store)
        self.peers = tuple(peers)
        self.polls: dict[Name, Poll] = {}
        self.asking: dict[Name, str] = {}
        """Who wants to know the decision on a transaction that is not known here."""
        self.ended: deque[tuple[Name, bool]] = deque(maxlen=16)
        """What ended here lately, and whether it was committed. For those who watch."""

    def tell(self, ctx: Context, servers: Iterable[str], message: Message) -> None:
        """Send to all servers of a group: one of them leads."""
        for server in servers:
            ctx.send(server, message)

    def applied(self, ctx: Context, command: tuple[str, Data], output: bool) -> None:
        """See systems/replicated.py."""
        super().applied(ctx, command, output)
        match command:
            case "begin", (str(client), int(number), _, tuple(argument)) if self.leads(ctx):
                self.began(ctx, client, number, argument, output)  # type: ignore[arg-type]
            case "decide", ((str(group), int(number)), values):
                self.decided(ctx, (group, number), committed=values is not None, first=output)
            case "prepare", ((str(group), int(number)), tuple(coordinator), _) if self.leads(ctx):
                self.vote(ctx, (group, number), coordinator, output)  # type: ignore[arg-type]
            case "end", ((str(group), int(number)), tuple(coordinator), writes):
                if output:
                    self.ended.append(((group, number), writes is not None))
                if writes is not None and self.leads(ctx):
                    acknowledge = Acknowledge((group, number), self.group)
                    self.tell(ctx, coordinator, acknowledge)  # type: ignore[arg-type]

    # The coordinator

    def on_Begin(self, ctx: Context, src: str, msg: Begin) -> None:
        home = home_of(msg.argument)
        if not self.leads(ctx):
            ctx.send(src, NotLeader(msg.number, self.replica.leader))
        elif home not in self.store.shards or not self.store.awaited.isdisjoint(map(shard_of, msg.keys)):
            ctx.send(src, NotServed(msg.number))
        elif not self.answer(ctx, src, msg.number, home):
            self.propose(ctx, (BEGIN, (src, msg.number, msg.f, msg.argument)))

    def began(self, ctx: Context, client: str, number: int, argument: Argument, possible: bool) -> None:
        """Answer a transaction that is done or cannot be; have the others vote on one that is under way."""
        home = home_of(argument)
        if not possible:
            ctx.send(client, Conflict(number) if home in self.store.shards else NotServed(number))
        elif not self.answer(ctx, client, number, home):
            self.open_polls(ctx)

    def open_polls(self, ctx: Context) -> None:
        """Have the others vote on what they were not asked about by this leader."""
        for name, voting in self.store.voting.items():
            if name not in self.polls:
                self.polls[name] = Poll(voting, ctx.now)
                self.ask(ctx, name)

    def ask(self, ctx: Context, name: Name) -> None:
        """Ask all that have not voted yet."""
        poll = self.polls[name]
        for part in poll.voting.parts:
            if part.group not in poll.values:
                self.tell(ctx, part.servers, Prepare(name, self.peers, part.keys))

    def on_Vote(self, ctx: Context, src: str, msg: Vote) -> None:
        """Count a vote. What is decided, or not known, is answered; but from the log, which may be ahead of us."""
        if not self.leads(ctx):
            return
        poll = self.polls.get(msg.name)
        if msg.name in self.store.decided:
            self.announce(ctx, msg.name)
        elif msg.name not in self.store.voting:
            if msg.values is not None:
                self.asking[msg.name] = src
                self.propose(ctx, (DECIDE, (msg.name, None)))
        elif msg.values is None:
            self.refused(ctx, msg.name, msg.group)
        elif poll is not None:
            poll.values[msg.group] = msg.values
            self.count(ctx, msg.name)

    def refused(self, ctx: Context, name: Name, group: str) -> None:
        """Somebody has voted against it."""
        self.propose(ctx, (DECIDE, (name, None)))

    def count(self, ctx: Context, name: Name) -> None:
        """Commit if all are prepared."""
        poll = self.polls[name]
        if len(poll.values) == len(poll.voting.parts):
            values = tuple(sorted(pair for pairs in poll.values.values() for pair in pairs))
            self.propose(ctx, (DECIDE, (name, values)))

    def decided(self, ctx: Context, name: Name, *, committed: bool, first: bool) -> None:
        """A decision was made, or one that nobody remembers was asked for."""
        if first:
            self.ended.append((name, committed))
        poll, asking = self.polls.pop(name, None), self.asking.pop(name, None)
        if not self.leads(ctx):
            return
        if name in self.store.decided:
            self.announce(ctx, name)
        elif asking is not None:
            ctx.send(asking, Decision(name, self.peers, None))
        if poll is None or not first:
            return
        voting = poll.voting
        if committed:
            self.answer(ctx, voting.client, voting.number, home_of(voting.argument))
        else:
            ctx.send(voting.client, Conflict(voting.number))
            for part in voting.parts:
                self.tell(ctx, part.servers, Decision(name, self.peers, None))

    def announce(self, ctx: Context, name: Name) -> None:
        """Tell all who are not known to have done it that a transaction is committed."""
        for due in self.store.decided[name]:
            self.tell(ctx, due.servers, Decision(name, self.peers, due.writes))

    def on_Acknowledge(self, ctx: Context, src: str, msg: Acknowledge) -> None:
        if any(due.group == msg.group for due in self.store.decided.get(msg.name, ())):
            self.propose(ctx, (FINISH, (msg.name, msg.group)))

    # The participants

    def on_Prepare(self, ctx: Context, src: str, msg: Prepare) -> None:
        self.propose(ctx, (PREPARE, (msg.name, msg.coordinator, msg.keys)))

    def vote(self, ctx: Context, name: Name, coordinator: Sequence[str], prepared: bool) -> None:
        """Tell the coordinator whether this group is prepared."""
        values = tuple(self.store.values(self.store.prepared[name].keys).items()) if prepared else None
        self.tell(ctx, coordinator, Vote(name, self.group, values))

    def on_Decision(self, ctx: Context, src: str, msg: Decision) -> None:
        self.propose(ctx, (END, (msg.name, msg.coordinator, msg.writes)))

    # What is repeated

    def on_timer_tick(self, ctx: Context) -> None:
        super().on_timer_tick(ctx)
        if self.leads(ctx):
            self.repeat(ctx)
        else:
            self.polls.clear()
            self.asking.clear()

    def repeat(self, ctx: Context) -> None:
        """Ask again who has not voted, or abort; announce what is not known to be done; ask what was decided."""
        for name, poll in list(self.polls.items()):
            if ctx.now - poll.begun > VOTE_TIMEOUT:
                self.give_up(ctx, name)
            else:
                self.ask(ctx, name)
        self.open_polls(ctx)
        for name in self.store.decided:
            self.announce(ctx, name)
        for name, promise in self.store.prepared.items():
            self.vote(ctx, name, promise.coordinator, prepared=True)

    def give_up(self, ctx: Context, name: Name) -> None:
        """Votes are missing for too long."""
        self.propose(ctx, (DECIDE, (name, None)))
