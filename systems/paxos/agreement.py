"""Agreement on many values, each by single-decree Paxos on its own (MIT 6.824, 2012 to 2015, lab 3A).

Any peer may begin an instance with a value, at any time and in any order; at most one value is decided for each. There
is no leader. Peers say when they need an instance no more, and forget what nobody needs.
"""

from collections.abc import Mapping, Sequence

from ..node import Context, Message, Node
from ..replicated import Data
from .synod import NO_BALLOT, Acceptor, Ballot, Learner, Proposer, Vote

RETRY = (20_000_000, 100_000_000)
"""How long a proposer waits before it tries again with a higher ballot: drawn anew each time (nanoseconds)."""

# Every message says, as `done`, up to which instance its sender needs nothing any more.


class Prepare(Message):
    """Phase 1a: promise this ballot in this instance."""

    instance: int
    ballot: Ballot
    done: int


class Promise(Message):
    """Phase 1b: promised; this is my vote so far."""

    instance: int
    ballot: Ballot
    vote: Vote | None
    done: int


class Accept(Message):
    """Phase 2a: vote for this proposal."""

    instance: int
    vote: Vote
    done: int


class Accepted(Message):
    """Phase 2b: voted."""

    instance: int
    ballot: Ballot
    done: int


class Reject(Message):
    """I have promised this ballot, which is above yours."""

    instance: int
    promised: Ballot
    done: int


class Decided(Message):
    """This value was chosen."""

    instance: int
    value: Data
    done: int


class Attempt:
    """A peer's attempt to have a value of its own, or another, decided: phase 1, then phase 2."""

    def __init__(self, own: Data) -> None:
        self.own = own
        self.proposer = Proposer(NO_BALLOT, ())
        self.proposal: Vote | None = None
        self.learner = Learner(())


class Agreement(Node):
    """One peer. `peers` are all of them by name, this one among them."""

    def __init__(self, peers: Sequence[str]) -> None:
        self.peers = tuple(peers)
        self.acceptors: dict[int, Acceptor] = {}
        self.attempts: dict[int, Attempt] = {}
        self.decided: dict[int, Data] = {}
        self.needless: dict[str, int] = dict.fromkeys(peers, -1)
        """Up to which instance each peer needs nothing any more, as far as it has said so."""
        self.highest = -1
        """The highest instance that this peer has heard of."""

    def start(self, ctx: Context) -> None:
        """Remember what was on the disk."""
        storage = ctx.storage
        for key in storage.keys("acceptor/"):
            self.acceptors[int(key.removeprefix("acceptor/"))] = Acceptor(*storage.get(key))  # type: ignore[misc]
        for key in storage.keys("decided/"):
            self.decided[int(key.removeprefix("decided/"))] = storage.get(key)  # type: ignore[assignment]
        self.needless[ctx.id] = storage.get("done", -1)  # type: ignore[assignment]
        self.highest = max((*self.acceptors, *self.decided), default=-1)

    # What the application asks

    def begin(self, ctx: Context, instance: int, value: Data) -> None:
        """Have something decided in the instance, this value unless there is another. Forgotten ones are left alone."""
        if instance >= self.min and instance not in self.decided and instance not in self.attempts:
            self.attempts[instance] = Attempt(value)
            self.prepare(ctx, instance)
            ctx.set_timer("retry", ctx.random.randint(*RETRY))

    def done(self, ctx: Context, instance: int) -> None:
        """Need nothing up to this instance any more. The others hear of it with the next messages."""
        self.needless[ctx.id] = max(self.needless[ctx.id], instance)
        ctx.storage.put("done", self.needless[ctx.id])
        ctx.storage.sync()
        self.forget(ctx)

    @property
    def min(self) -> int:
        """The first instance that is not forgotten: one above what everybody is done with."""
        return min(self.needless.values()) + 1

    @property
    def max(self) -> int:
        """The highest instance that this peer has heard of, -1 if there is none."""
        return self.highest

    # Proposer

    def on_timer_retry(self, ctx: Context) -> None:
        for instance in list(self.attempts):
            self.prepare(ctx, instance)
        if self.attempts:
            ctx.set_timer("retry", ctx.random.randint(*RETRY))

    def prepare(self, ctx: Context, instance: int) -> None:
        """Phase 1a, with a ballot above all that this peer has heard of."""
        attempt, acceptor = self.attempts[instance], self.acceptor(instance)
        number = max(acceptor.promised.number, attempt.proposer.ballot.number) + 1
        ballot = Ballot(number, ctx.id, ctx.epoch)
        attempt.proposer, attempt.proposal = Proposer(ballot, self.peers), None
        acceptor.prepare(ballot)
        self.save(ctx, instance)
        self.tell_others(ctx, Prepare(instance, ballot, self.needless[ctx.id]))
        self.count_promise(ctx, instance, ctx.id, acceptor.vote)

    def on_Promise(self, ctx: Context, src: str, msg: Promise) -> None:
        self.hear(ctx, src, msg.instance, msg.done)
        attempt = self.attempts.get(msg.instance)
        if attempt is not None and attempt.proposal is None and msg.ballot == attempt.proposer.ballot:
            self.count_promise(ctx, msg.instance, src, msg.vote)

    def count_promise(self, ctx: Context, instance: int, src: str, vote: Vote | None) -> None:
        """Phase 2a, once a majority has promised."""
        attempt, acceptor = self.attempts[instance], self.acceptor(instance)
        if not attempt.proposer.promised(src, vote):
            return
        attempt.proposal = Vote(attempt.proposer.ballot, attempt.proposer.value_for(attempt.own))
        attempt.learner = Learner(self.peers)
        self.tell_others(ctx, Accept(instance, attempt.proposal, self.needless[ctx.id]))
        if acceptor.accept(attempt.proposal):
            self.save(ctx, instance)
            self.count_vote(ctx, instance, ctx.id)

    def on_Accepted(self, ctx: Context, src: str, msg: Accepted) -> None:
        self.hear(ctx, src, msg.instance, msg.done)
        attempt = self.attempts.get(msg.instance)
        if attempt is not None and attempt.proposal is not None and msg.ballot == attempt.proposal.ballot:
            self.count_vote(ctx, msg.instance, src)

    def count_vote(self, ctx: Context, instance: int, src: str) -> None:
        """Once a majority has voted, the value is chosen: tell everybody."""
        attempt = self.attempts[instance]
        if attempt.proposal is not None and attempt.learner.voted(src):
            self.tell_others(ctx, Decided(instance, attempt.proposal.value, self.needless[ctx.id]))
            self.learn(ctx, instance, attempt.proposal.value)

    def on_Reject(self, ctx: Context, src: str, msg: Reject) -> None:
        self.hear(ctx, src, msg.instance, msg.done)
        if msg.instance >= self.min and self.acceptor(msg.instance).prepare(msg.promised):
            self.save(ctx, msg.instance)  # the next attempt goes above it

    # Acceptor and learner

    def on_Prepare(self, ctx: Context, src: str, msg: Prepare) -> None:
        if not self.asks_for_vote(ctx, src, msg.instance, msg.done):
            return
        acceptor, done = self.acceptor(msg.instance), self.needless[ctx.id]
        if acceptor.prepare(msg.ballot):
            self.save(ctx, msg.instance)
            ctx.send(src, Promise(msg.instance, msg.ballot, acceptor.vote, done))
        else:
            ctx.send(src, Reject(msg.instance, acceptor.promised, done))

    def on_Accept(self, ctx: Context, src: str, msg: Accept) -> None:
        if not self.asks_for_vote(ctx, src, msg.instance, msg.done):
            return
        acceptor, done = self.acceptor(msg.instance), self.needless[ctx.id]
        if acceptor.accept(msg.vote):
            self.save(ctx, msg.instance)
            ctx.send(src, Accepted(msg.instance, msg.vote.ballot, done))
        else:
            ctx.send(src, Reject(msg.instance, acceptor.promised, done))

    def on_Decided(self, ctx: Context, src: str, msg: Decided) -> None:
        self.hear(ctx, src, msg.instance, msg.done)
        if msg.instance >= self.min:
            self.learn(ctx, msg.instance, msg.value)

    def asks_for_vote(self, ctx: Context, src: str, instance: int, done: int) -> bool:
        """Note what a proposer says; whether the acceptor is to answer, since nothing is known to be decided."""
        self.hear(ctx, src, instance, done)
        if instance in self.decided:
            ctx.send(src, Decided(instance, self.decided[instance], self.needless[ctx.id]))
        return instance >= self.min and instance not in self.decided

    def learn(self, ctx: Context, instance: int, value: Data) -> None:
        """A value is decided."""
        self.attempts.pop(instance, None)
        if instance not in self.decided:
            self.decided[instance] = value
            ctx.storage.put(f"decided/{instance}", value)
            ctx.storage.sync()

    # Memory

    def acceptor(self, instance: int) -> Acceptor:
        """The acceptor of an instance."""
        self.highest = max(self.highest, instance)
        return self.acceptors.setdefault(instance, Acceptor())

    def hear(self, ctx: Context, src: str, instance: int, done: int) -> None:
        """Note what a message tells beside its purpose."""
        self.highest = max(self.highest, instance)
        if done > self.needless[src]:
            self.needless[src] = done
            self.forget(ctx)

    def forget(self, ctx: Context) -> None:
        """Forget the instances that nobody needs."""
        tables: tuple[tuple[str, Mapping[int, object]], ...] = (("acceptor", self.acceptors), ("decided", self.decided))
        for name, table in tables:
            for instance in [instance for instance in table if instance < self.min]:
                ctx.storage.delete(f"{name}/{instance}")
        self.acceptors = {instance: one for instance, one in self.acceptors.items() if instance >= self.min}
        self.decided = {instance: value for instance, value in self.decided.items() if instance >= self.min}
        self.attempts = {instance: one for instance, one in self.attempts.items() if instance >= self.min}

    def save(self, ctx: Context, instance: int) -> None:
        """Write down promise and vote."""
        acceptor = self.acceptors[instance]
        ctx.storage.put(f"acceptor/{instance}", (acceptor.promised, acceptor.vote))
        ctx.storage.sync()

    def tell_others(self, ctx: Context, msg: Message) -> None:
        """Send to all peers but this one."""
        for peer in self.peers:
            if peer != ctx.id:
                ctx.send(peer, msg)
