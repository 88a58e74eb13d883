"""What holds at every moment of every run, whatever the clients happen to see of it."""

from collections.abc import Mapping
from typing import Final

from ..node import Node
from ..system import Broken, Monitor
from .messages import Abort, Commit, Prepare, Transaction, Vote
from .resource_manager import ResourceManager
from .transaction_manager import TransactionManager


class OneDecision:
    """No resource manager commits a transaction that another one aborts.

    The state holds the decisions that resource managers have carried out. (What the transaction manager has decided
    counts only once it is on disk, which cannot be seen here.)
    """

    name = "one-decision"
    initial: Mapping[Transaction, bool] = {}
    events = frozenset((Commit, Abort, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Mapping)
        if not isinstance(node, ResourceManager):
            return state
        news = {transaction: decision for transaction, decision in node.over.items() if transaction not in state}
        for transaction, decision in node.over.items():
            if state.get(transaction, decision) != decision:
                verb, other = ("committed", "aborted") if decision else ("aborted", "committed")
                name = f"{transaction.epoch}.{transaction.number}"
                return Broken(f"{node_id} has {verb} transaction {name}, another one has {other} it")
        return {**state, **news} if news else state


class AllPrepared:
    """A transaction is decided to be committed only when all participants are prepared for it.

    The state holds who is prepared for which transactions.
    """

    name = "all-prepared"
    initial: tuple[Mapping[str, frozenset[Transaction]], frozenset[Transaction]] = ({}, frozenset())
    events = frozenset((Prepare, Commit, Abort, Vote, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, tuple)
        prepared, decided = state
        if isinstance(node, ResourceManager):
            return {**prepared, node_id: frozenset(node.prepared)}, decided
        assert isinstance(node, TransactionManager)
        for transaction, participants in node.deciding.items():
            if transaction in decided:
                continue
            for participant in participants:
                if transaction not in prepared.get(participant, ()):
                    name = f"{transaction.epoch}.{transaction.number}"
                    return Broken(f"transaction {name} is to be committed, and {participant} is not prepared for it")
        return prepared, decided | frozenset(node.deciding)


MONITORS: Final[tuple[Monitor, ...]] = (OneDecision(), AllPrepared())
