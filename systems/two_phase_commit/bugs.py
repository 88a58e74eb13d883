"""Planted bugs: mistakes that are made with two-phase commit, each one small change to the correct nodes."""

from collections.abc import Callable
from dataclasses import dataclass

from ..node import Context
from ..system import Bug
from .messages import Changes, Outcome, Transaction
from .resource_manager import ResourceManager
from .transaction_manager import TransactionManager, Voting, place


@dataclass(frozen=True)
class Nodes:
    """The classes that make up a deployment."""

    manager: Callable[[tuple[str, ...]], TransactionManager] = TransactionManager
    resource: Callable[[], ResourceManager] = ResourceManager


class ForgetsDecisions(TransactionManager):
    """Announces decisions before they are on disk: they are written with the next outcome of an abort, or never."""

    def log(self, ctx: Context, transaction: Transaction, client: str, outcome: Outcome) -> None:
        ctx.storage.put(place(transaction), (transaction, self.deciding[transaction], client, outcome))

    def answer(self, ctx: Context, client: str, outcome: Outcome) -> None:
        if outcome.committed:
            self.outcomes[client] = outcome
            ctx.send(client, outcome)
        else:
            super().answer(ctx, client, outcome)


class AnswersTwice(TransactionManager):
    """Remembers what clients were told in memory only: after a restart a repeated request is a new transaction."""

    def start(self, ctx: Context) -> None:
        super().start(ctx)
        self.outcomes.clear()


class MajorityCommits(TransactionManager):
    """Takes more than half of the votes for all."""

    def elected(self, voting: Voting) -> bool:
        return 2 * len(voting.votes) > len(voting.changes)


class SilenceIsConsent(TransactionManager):
    """Commits when the time for votes is over and nobody was against."""

    def give_up(self, ctx: Context, transaction: Transaction) -> None:
        voting = self.voting[transaction]
        voting.votes |= {each: () for each in voting.changes if each not in voting.votes}
        self.commit(ctx, transaction)


class ForgetsPromises(ResourceManager):
    """Votes before its promise is on disk."""

    def prepare(self, ctx: Context, transaction: Transaction, changes: Changes) -> None:
        self.prepared[transaction] = changes


class DecidesAlone(ResourceManager):
    """Aborts what it is still prepared for when it is about to ask for the second time."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: tuple[Transaction, ...] = ()

    def on_timer_inquire(self, ctx: Context) -> None:
        for transaction in self.waited:
            if transaction in self.prepared:
                self.end(ctx, transaction, committed=False)
        self.waited = tuple(self.prepared)
        super().on_timer_inquire(ctx)


class ReadsLocked(ResourceManager):
    """Lets transactions that change nothing read accounts that are locked."""

    def possible(self, changes: Changes) -> bool:
        return all(change == 0 for _, change in changes) or super().possible(changes)


class LateCopies(ResourceManager):
    """Does not remember what is over: a late copy of a request is prepared for, and may be committed again."""

    def is_over(self, transaction: Transaction) -> bool:
        return False


PLANTED: dict[str, tuple[Nodes, Bug]] = {
    bug.name: (nodes, bug)
    for nodes, bug in (
        (
            Nodes(manager=ForgetsDecisions),
            Bug(
                "forgets-decisions",
                "The decision to commit is announced before it is on disk: after a restart the manager presumes that "
                "it was to abort (Mohan et al. 1986: the commit record is forced).",
            ),
        ),
        (
            Nodes(manager=AnswersTwice),
            Bug(
                "answers-twice",
                "What clients were told is not on disk: a repeated request is carried out again after a restart of the "
                "manager (a payment that is made twice).",
            ),
        ),
        (
            Nodes(manager=MajorityCommits),
            Bug(
                "majority-commits",
                "More than half of the votes count as all of them: a transaction commits that one participant voted "
                "against or never heard of (a quorum where there must be unanimity).",
            ),
        ),
        (
            Nodes(manager=SilenceIsConsent),
            Bug(
                "silence-is-consent",
                "A vote that does not come in time counts as one in favour (Bernstein et al., 1987, section 7.4: a "
                "timeout in the first phase must abort).",
            ),
        ),
        (
            Nodes(resource=ForgetsPromises),
            Bug(
                "forgets-promises",
                "A resource manager votes before its promise is on disk: killed, it does not know what it has "
                "promised, and its part is never done (Gray & Lamport 2006, section 3: the prepared state is stable).",
            ),
        ),
        (
            Nodes(resource=DecidesAlone),
            Bug(
                "decides-alone",
                "A resource manager that is prepared and hears nothing aborts by itself (the blocking of two-phase "
                "commit, done away with in the wrong way).",
            ),
        ),
        (
            Nodes(resource=ReadsLocked),
            Bug(
                "reads-locked",
                "Reads pass locks: they see the balance of a transaction that is decided at one server and not at the "
                "other (fractured and dirty reads of prepared transactions).",
            ),
        ),
        (
            Nodes(resource=LateCopies),
            Bug(
                "late-copies",
                "A copy of a request that comes after the decision is prepared for once more, and a copy of the "
                "decision commits it once more.",
            ),
        ),
    )
}
