"""A resource manager: holds accounts, votes on changes to them, and does what was decided."""

from typing import TypeAlias, cast

from ..node import Context, Node
from .messages import (
    FIRST_BALANCE,
    MANAGER,
    Abort,
    Acknowledge,
    Balances,
    Changes,
    Commit,
    Inquire,
    Prepare,
    Transaction,
    Vote,
)

INQUIRY_INTERVAL = 100_000_000
"""How often a resource manager asks what became of the transactions that it is prepared for (nanoseconds)."""

State: TypeAlias = tuple[Balances, tuple[tuple[Transaction, bool], ...], Transaction]
"""Balances, the transactions that are over with whether they were committed, and before which all are over."""


class ResourceManager(Node):
    """Once prepared it can no longer decide by itself: the accounts stay locked until it hears the decision.

    A lock that is taken is a vote against, so nobody ever waits for a lock, and there is no deadlock.
    """

    def __init__(self) -> None:
        self.balances: dict[int, int] = {}
        """The accounts that were changed; all others hold FIRST_BALANCE."""
        self.prepared: dict[Transaction, Changes] = {}
        self.over: dict[Transaction, bool] = {}
        """Transactions that this manager has heard the decision on, and whether it was to commit. Those before `oldest`
        are left out."""
        self.oldest = Transaction(0, 0)

    def start(self, ctx: Context) -> None:
        """Recover the state and what was prepared; ask what became of that."""
        state = cast("State | None", ctx.storage.get("state"))
        if state is not None:
            balances, over, self.oldest = state
            self.balances, self.over = dict(balances), dict(over)
        for key in ctx.storage.keys("prepared/"):
            transaction, changes = cast("tuple[Transaction, Changes]", ctx.storage.get(key))
            if not self.is_over(transaction):
                self.prepared[transaction] = changes
        self.on_timer_inquire(ctx)

    def role(self) -> str:
        return "prepared" if self.prepared else "resource manager"

    # The first phase

    def on_Prepare(self, ctx: Context, src: str, msg: Prepare) -> None:
        self.forget(msg.oldest)
        transaction = msg.transaction
        if self.is_over(transaction):
            return  # a copy that was late
        if transaction not in self.prepared:
            if not self.possible(msg.changes):
                ctx.send(src, Vote(transaction, False, ()))
                return
            self.prepare(ctx, transaction, msg.changes)
        ctx.send(src, Vote(transaction, True, self.held(msg.changes)))

    def is_over(self, transaction: Transaction) -> bool:
        """Whether this manager has heard the decision on it."""
        return transaction in self.over or before(transaction, self.oldest)

    def possible(self, changes: Changes) -> bool:
        """Whether the accounts are free, and would not be overdrawn."""
        locked = self.locked()
        return all(account not in locked and self.balance(account) + change >= 0 for account, change in changes)

    def locked(self) -> set[int]:
        """The accounts of the transactions that this manager is prepared for."""
        return {account for changes in self.prepared.values() for account, _ in changes}

    def prepare(self, ctx: Context, transaction: Transaction, changes: Changes) -> None:
        """Promise to make the changes. The vote does not leave before the promise is on disk."""
        self.prepared[transaction] = changes
        ctx.storage.put(place(transaction), (transaction, changes))
        self.keep(ctx)
        ctx.storage.sync()

    def balance(self, account: int) -> int:
        """What the account holds."""
        return self.balances.get(account, FIRST_BALANCE)

    def held(self, changes: Changes) -> Balances:
        """What the accounts of the changes hold."""
        return tuple((account, self.balance(account)) for account, _ in changes)

    # The second phase

    def on_Commit(self, ctx: Context, src: str, msg: Commit) -> None:
        changes = self.prepared.get(msg.transaction)
        if changes is not None:
            for account, change in changes:
                self.balances[account] = self.balance(account) + change
            self.end(ctx, msg.transaction, committed=True)
        ctx.send(src, Acknowledge(msg.transaction))

    def on_Abort(self, ctx: Context, src: str, msg: Abort) -> None:
        # The manager does not wait for anybody to hear of an abort, so what is prepared may be over for it.
        if msg.transaction in self.prepared or not self.is_over(msg.transaction):
            self.end(ctx, msg.transaction, committed=False)

    def end(self, ctx: Context, transaction: Transaction, *, committed: bool) -> None:
        """The decision was heard: note it, and unlock the accounts. What follows waits until that is on disk."""
        self.prepared.pop(transaction, None)
        self.over[transaction] = committed
        self.keep(ctx)
        ctx.storage.delete(place(transaction))
        ctx.storage.sync()

    def keep(self, ctx: Context) -> None:
        """Write balances and ends as one record, so that a kill keeps both or neither."""
        state: State = tuple(self.balances.items()), tuple(self.over.items()), self.oldest
        ctx.storage.put("state", state)

    def forget(self, oldest: Transaction) -> None:
        """No request of a transaction before that is to be looked at any more."""
        if before(self.oldest, oldest):
            self.oldest = oldest
            self.over = {each: committed for each, committed in self.over.items() if not before(each, oldest)}

    def on_timer_inquire(self, ctx: Context) -> None:
        for transaction in self.prepared:
            ctx.send(MANAGER, Inquire(transaction))
        ctx.set_timer("inquire", INQUIRY_INTERVAL)


def before(first: Transaction, second: Transaction) -> bool:
    """Whether the first was begun before the second."""
    return (first.epoch, first.number) < (second.epoch, second.number)


def place(transaction: Transaction) -> str:
    """Where the promise to commit is stored."""
    return f"prepared/{transaction.epoch:06}.{transaction.number:012}"
