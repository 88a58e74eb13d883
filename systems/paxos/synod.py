"""Single-decree Paxos: a group of processes chooses one value (Lamport, "Paxos Made Simple", 2001, section 2).

Three roles without any input or output, so that the rules stand alone: whoever holds them sends what they say. P1, P2b,
P2c and the phases are those of the paper.

    proposer                          acceptors                          learner
    1a  prepare(ballot)       ──▶     1b  promise: no older ballot
        value_for(own)        ◀──         any more, and the vote so far
    2a  accept(ballot, value) ──▶     2b  vote, unless promised away ──▶ a majority has voted in one ballot: chosen
"""

from collections.abc import Collection, Iterable

from ..node import Message
from ..replicated import Data


class Ballot(Message, order=True):
    """A proposal number. Ballots are ordered by `number` first, and no two proposers ever use the same one.

    `node` tells proposers apart, and `epoch` tells apart the lives of one of them, even if its disk was lost.
    """

    number: int
    node: str
    epoch: int


NO_BALLOT = Ballot(0, "", 0)
"""Below every ballot that is used."""


class Vote(Message):
    """A proposal that an acceptor has accepted."""

    ballot: Ballot
    value: Data


class Acceptor:
    """Remembers a promise and a vote (section 2.2). Both must be durable before anybody hears of them."""

    def __init__(self, promised: Ballot = NO_BALLOT, vote: Vote | None = None) -> None:
        self.promised = promised
        self.vote = vote

    def prepare(self, ballot: Ballot) -> bool:
        """Phase 1b: promise never to accept a ballot below this one, unless a higher promise was given."""
        if ballot < self.promised:
            return False
        self.promised = ballot
        return True

    def accept(self, vote: Vote) -> bool:
        """Phase 2b: accept the proposal, unless a higher ballot was promised (P1a)."""
        if vote.ballot < self.promised:
            return False
        self.promised = vote.ballot
        self.vote = vote
        return True


class Proposer:
    """Collects the promises for one ballot, and learns from them what it may propose."""

    def __init__(self, ballot: Ballot, acceptors: Collection[str]) -> None:
        self.ballot = ballot
        self.majority = majority(acceptors)
        self.promises: dict[str, Vote | None] = {}

    def promised(self, acceptor: str, vote: Vote | None) -> bool:
        """Note a promise, with the acceptor's vote so far; whether a majority has promised."""
        self.promises[acceptor] = vote
        return len(self.promises) >= self.majority

    def value_for(self, own: Data) -> Data:
        """Phase 2a: the value that must be proposed (P2c), the proposer's own only if no other may have been chosen."""
        binding = highest(vote for vote in self.promises.values() if vote is not None)
        return own if binding is None else binding.value


class Learner:
    """Counts the votes of distinct acceptors for one proposal (section 2.3)."""

    def __init__(self, acceptors: Collection[str]) -> None:
        self.majority = majority(acceptors)
        self.voters: set[str] = set()

    def voted(self, acceptor: str) -> bool:
        """Note a vote; whether the proposal is chosen."""
        self.voters.add(acceptor)
        return len(self.voters) >= self.majority


def majority(acceptors: Collection[str]) -> int:
    """How many acceptors make a quorum: any two majorities have one in common."""
    return len(acceptors) // 2 + 1


def highest(votes: Iterable[Vote]) -> Vote | None:
    """The vote of the highest ballot, None if there is none (P2c)."""
    return max(votes, key=lambda vote: vote.ballot, default=None)
