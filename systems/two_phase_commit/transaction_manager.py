"""The transaction manager: asks all, decides, and sees to it that everybody hears of it.

Two-phase commit with presumed abort (Mohan, Lindsay & Obermarck, "Transaction management in the R* distributed database
management system", ACM TODS 1986, section 3; Gray & Lamport, "Consensus on transaction commit", ACM TODS 2006, section
3). Only the decision to commit is logged, before anybody hears of it. A manager that does not know a transaction has
not decided to commit it, and after a restart never will: whoever asks is told to abort.
"""

from collections.abc import Mapping
from typing import cast

from ..node import Context, Node
from .messages import Abort, Acknowledge, Balances, Begin, Changes, Commit, Inquire, Outcome, Prepare, Transaction, Vote

VOTE_TIMEOUT = 100_000_000
"""How long the manager waits for all votes before it aborts (nanoseconds)."""

REPEAT_INTERVAL = 50_000_000
"""How often it repeats what was not answered (nanoseconds)."""


class Voting:
    """One transaction that is being voted on. Plain data."""

    def __init__(self, client: str, begin: Begin, changes: Mapping[str, Changes], begun: int) -> None:
        self.client = client
        self.begin = begin
        self.changes = dict(changes)
        """What is asked of each participant."""
        self.begun = begun
        self.votes: dict[str, Balances] = {}
        """Who has voted for it, with what its accounts hold."""


class TransactionManager(Node):
    """Coordinates all transactions. Which resource manager has which account is known to all."""

    def __init__(self, managers: tuple[str, ...]) -> None:
        self.managers = managers
        self.begun = 0
        """How many transactions this life has begun."""
        self.voting: dict[Transaction, Voting] = {}
        self.deciding: dict[Transaction, tuple[str, ...]] = {}
        """Transactions that were decided to commit, with the participants that have not acknowledged it yet."""
        self.outcomes: dict[str, Outcome] = {}
        """The outcome of the newest transaction of each client, against repetitions."""

    def start(self, ctx: Context) -> None:
        """Recover the decisions, and tell the participants again."""
        for key in ctx.storage.keys("client/"):
            self.outcomes[key.removeprefix("client/")] = cast("Outcome", ctx.storage.get(key))
        for key in ctx.storage.keys("commit/"):
            transaction, participants, client, outcome = cast(
                "tuple[Transaction, tuple[str, ...], str, Outcome]", ctx.storage.get(key)
            )
            self.deciding[transaction] = participants
            if client not in self.outcomes or self.outcomes[client].number < outcome.number:
                self.outcomes[client] = outcome
        self.on_timer_repeat(ctx)

    def role(self) -> str:
        return "transaction manager"

    # The first phase: everybody votes

    def on_Begin(self, ctx: Context, src: str, msg: Begin) -> None:
        outcome = self.outcomes.get(src)
        if outcome is not None and outcome.number >= msg.number:
            if outcome.number == msg.number:
                ctx.send(src, outcome)
            return
        if any(each.client == src and each.begin.number >= msg.number for each in self.voting.values()):
            return
        self.begun += 1
        transaction = Transaction(ctx.epoch, self.begun)
        self.voting[transaction] = Voting(src, msg, self.shares(msg.changes), ctx.now)
        self.ask(ctx, transaction)

    def shares(self, changes: Changes) -> dict[str, Changes]:
        """The changes by who is to make them."""
        shares: dict[str, Changes] = {}
        for account, change in changes:
            manager = self.managers[account % len(self.managers)]
            shares[manager] = (*shares.get(manager, ()), (account, change))
        return shares

    def ask(self, ctx: Context, transaction: Transaction) -> None:
        """Ask those that have not voted yet."""
        voting = self.voting[transaction]
        for participant, changes in voting.changes.items():
            if participant not in voting.votes:
                ctx.send(participant, Prepare(transaction, changes, self.oldest()))

    def oldest(self) -> Transaction:
        """The oldest transaction that is not over."""
        return min((*self.voting, *self.deciding), key=lambda each: (each.epoch, each.number))

    def on_Vote(self, ctx: Context, src: str, msg: Vote) -> None:
        voting = self.voting.get(msg.transaction)
        if voting is None:
            return
        if not msg.prepared:
            self.abort(ctx, msg.transaction)
            return
        voting.votes[src] = msg.balances
        if self.elected(voting):
            self.commit(ctx, msg.transaction)

    def elected(self, voting: Voting) -> bool:
        """Whether all have voted for it."""
        return len(voting.votes) == len(voting.changes)

    # The second phase: everybody hears the decision

    def commit(self, ctx: Context, transaction: Transaction) -> None:
        """Decide to commit. Nobody hears of it before it is on disk."""
        voting = self.voting.pop(transaction)
        balances = tuple(sorted(pair for vote in voting.votes.values() for pair in vote))
        outcome = Outcome(voting.begin.number, True, balances)
        self.deciding[transaction] = tuple(voting.changes)
        self.log(ctx, transaction, voting.client, outcome)
        self.answer(ctx, voting.client, outcome)
        self.announce(ctx, transaction)

    def log(self, ctx: Context, transaction: Transaction, client: str, outcome: Outcome) -> None:
        """Write the decision, with the outcome that the client is to hear, as one record."""
        ctx.storage.put(place(transaction), (transaction, self.deciding[transaction], client, outcome))
        ctx.storage.sync()

    def answer(self, ctx: Context, client: str, outcome: Outcome) -> None:
        """Tell the client, and remember for its repetitions what it was told: that never changes, come what may."""
        if client not in self.outcomes or self.outcomes[client].number < outcome.number:
            self.outcomes[client] = outcome
            ctx.storage.put(f"client/{client}", outcome)
            ctx.storage.sync()
        ctx.send(client, outcome)

    def announce(self, ctx: Context, transaction: Transaction) -> None:
        """Tell the participants that have not acknowledged it."""
        for participant in self.deciding[transaction]:
            ctx.send(participant, Commit(transaction))

    def abort(self, ctx: Context, transaction: Transaction) -> None:
        """Decide to abort. The decision needs no log, it is what everybody presumes; what the client was told does."""
        voting = self.voting.pop(transaction)
        self.answer(ctx, voting.client, Outcome(voting.begin.number, False, ()))
        for participant in voting.changes:
            ctx.send(participant, Abort(transaction))

    def on_Acknowledge(self, ctx: Context, src: str, msg: Acknowledge) -> None:
        left = self.deciding.get(msg.transaction)
        if left is None:
            return
        self.deciding[msg.transaction] = tuple(each for each in left if each != src)
        if not self.deciding[msg.transaction]:
            self.forget(ctx, msg.transaction)

    def forget(self, ctx: Context, transaction: Transaction) -> None:
        """All have acknowledged it: nobody will ask again. A kill may bring it back, which does no harm."""
        del self.deciding[transaction]
        ctx.storage.delete(place(transaction))

    def on_Inquire(self, ctx: Context, src: str, msg: Inquire) -> None:
        if msg.transaction in self.deciding:
            ctx.send(src, Commit(msg.transaction))
        elif msg.transaction not in self.voting:
            ctx.send(src, Abort(msg.transaction))

    def on_timer_repeat(self, ctx: Context) -> None:
        for transaction, voting in list(self.voting.items()):
            if ctx.now - voting.begun >= VOTE_TIMEOUT:
                self.give_up(ctx, transaction)
            else:
                self.ask(ctx, transaction)
        for transaction in self.deciding:
            self.announce(ctx, transaction)
        ctx.set_timer("repeat", REPEAT_INTERVAL)

    def give_up(self, ctx: Context, transaction: Transaction) -> None:
        """Not all votes came in time."""
        self.abort(ctx, transaction)


def place(transaction: Transaction) -> str:
    """Where the decision to commit is logged."""
    return f"commit/{transaction.epoch:06}/{transaction.number:012}"
