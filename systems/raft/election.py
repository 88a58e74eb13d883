"""Leader election (sections 5.2 and 5.4.1), with a vote before the vote (thesis, section 9.6)."""

from ..node import Context
from .messages import ELECTION, Outdated, RequestVote, Vote
from .replication import Replication


class Election(Replication):
    """Stands for election when no leader is heard, and votes."""

    request: RequestVote | None = None
    """Candidate: what it asks of the others."""
    votes: frozenset[str] = frozenset()
    """Candidate: who has said yes to that."""

    def on_timer_election(self, ctx: Context) -> None:
        """Nobody leads: ask whether one would be elected. Nobody's term changes, so that it disturbs nobody."""
        ctx.set_timer("election", self.patience(ctx))
        if self.me in self.log.members:
            self.state, self.leader = "candidate", None
            self.ask(ctx, self.term + 1, pre=True)

    def stand(self, ctx: Context) -> None:
        """Begin a term, vote for oneself, and ask for the others' votes (section 5.2)."""
        self.state, self.leader = "candidate", None
        self.term, self.voted_for = self.term + 1, self.me
        self.save_vote(ctx)
        self.ask(ctx, self.term, pre=False)

    def ask(self, ctx: Context, term: int, pre: bool) -> None:
        """Ask the other members for their votes in the term."""
        self.request = RequestVote(term, self.log.last, self.log.last_term, pre)
        self.votes = frozenset()
        for member in self.log.members:
            if member != self.me:
                ctx.send(member, self.request)
        self.count(ctx, self.me)

    def count(self, ctx: Context, voter: str) -> None:
        """Count a vote. With those of a majority, go on: from the question to the election, and then to lead."""
        self.votes |= {voter}
        if self.request is not None and self.majority(self.votes):
            pre, self.request = self.request.pre, None
            if pre:
                self.stand(ctx)
            else:
                self.lead(ctx)

    def follow(self, ctx: Context, leader: str | None) -> None:
        super().follow(ctx, leader)
        self.request = None

    def on_RequestVote(self, ctx: Context, src: str, msg: RequestVote) -> None:
        if msg.pre:
            if msg.term <= self.term:
                ctx.send(src, Outdated(self.term))
            elif not self.hears_leader(ctx) and self.is_up_to_date(msg):
                ctx.send(src, Vote(msg.term, pre=True))
        elif self.in_term(ctx, src, msg.term) and self.voted_for in (None, src) and self.is_up_to_date(msg):
            self.voted_for = src
            self.save_vote(ctx)
            ctx.set_timer("election", self.patience(ctx))
            ctx.send(src, Vote(msg.term, pre=False))

    def on_Vote(self, ctx: Context, src: str, msg: Vote) -> None:
        if self.request is not None and (msg.term, msg.pre) == (self.request.term, self.request.pre):
            self.count(ctx, src)

    def is_up_to_date(self, msg: RequestVote) -> bool:
        """Whether the candidate's log has everything that may be committed here (section 5.4.1)."""
        return (msg.last_term, msg.last_index) >= (self.log.last_term, self.log.last)

    def hears_leader(self, ctx: Context) -> bool:
        """Whether there is a leader that this replica has heard less than the shortest timeout ago, or is itself."""
        return self.leader is not None and (self.leader == self.me or ctx.now - self.heard < ELECTION[0])
