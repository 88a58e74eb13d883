"""What is said between clients, the transaction manager and the resource managers."""

from typing import TypeAlias

from ..node import Message

MANAGER = "tm"
"""The name of the one node that runs the transaction manager."""

FIRST_BALANCE = 10
"""What every account holds at first."""

Changes: TypeAlias = tuple[tuple[int, int], ...]
"""By how much which accounts change; 0 for one that is only read."""

Balances: TypeAlias = tuple[tuple[int, int], ...]
"""Accounts with what they hold."""


class Transaction(Message):
    """The name of a transaction. Its manager never gives a name twice: `epoch` is the number of its restarts."""

    epoch: int
    number: int


# Clients and the transaction manager


class Begin(Message):
    """Change these accounts, all or none. `number` grows with every operation of a client."""

    number: int
    changes: Changes


class Outcome(Message):
    """Whether the changes took effect; if so, what the accounts held before."""

    number: int
    committed: bool
    balances: Balances


# The transaction manager and resource managers


class Prepare(Message):
    """Can you make these changes? All transactions before `oldest` are decided, and those
    that were committed are over everywhere."""

    transaction: Transaction
    changes: Changes
    oldest: Transaction


class Vote(Message):
    """I can and will, whatever happens, if you say so: these accounts hold that now, and wait. Or I cannot."""

    transaction: Transaction
    prepared: bool
    balances: Balances


class Commit(Message):
    """All have voted for it: make the changes."""

    transaction: Transaction


class Abort(Message):
    """Not all have: forget the changes."""

    transaction: Transaction


class Acknowledge(Message):
    """The transaction is over here."""

    transaction: Transaction


class Inquire(Message):
    """What became of the transaction that I am prepared for?"""

    transaction: Transaction
