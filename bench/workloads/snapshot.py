"""Snapshots: tokens are conserved in each, and nothing is received in it that was not sent in it."""

import random

from ...checkers.checker import Budget
from ...checkers.verdict import Validity, Verdict
from ...histories.history import History
from ...histories.operation import Operation, Value
from ...systems.snapshot.token_node import FIRST_TOKENS
from ..generators import Repeat, Request
from ..test import Test
from .workload import Calls, Workload


class ConsistentCut:
    """Every picture has all tokens, and of every channel what was sent is what was received and what was on its way."""

    name = "consistent-cut"

    def check(self, history: History, budget: Budget) -> Verdict:
        taken = [operation for operation in history.operations if operation.outcome == "ok"]
        for operation in taken:
            wrong = mistake(operation)
            if wrong:
                return Verdict(self.name, Validity.INVALID, f"the snapshot of operation {operation.index} {wrong}")
        return Verdict(self.name, Validity.VALID, f"all {len(taken)} snapshots are consistent")


def mistake(operation: Operation) -> str:
    """What is wrong with a snapshot, "" if nothing is."""
    parts = _rows(operation.output)
    tokens = 0
    sent: dict[tuple[Value, Value], Value] = {}
    received: dict[tuple[Value, Value], int] = {}
    for name, held, out, come, channels in parts:
        tokens += held if isinstance(held, int) else 0
        sent |= {(name, other): count for other, count in _rows(out)}
        for other, count in _rows(come):
            received[other, name] = count if isinstance(count, int) else 0
        for other, amounts in _rows(channels):
            on_the_way = amounts if isinstance(amounts, tuple) else ()
            tokens += sum(amount for amount in on_the_way if isinstance(amount, int))
            received[other, name] = received.get((other, name), 0) + len(on_the_way)
    for (source, target), count in received.items():
        if sent.get((source, target)) != count:
            known = f"{count} messages from {source} to {target} received or on their way"
            return f"has {known}, and {sent.get((source, target), 0)} sent"
    expected = FIRST_TOKENS * len(parts)
    return "" if tokens == expected else f"has {tokens} tokens, and there are {expected}"


def _rows(value: Value) -> list[tuple[Value, ...]]:
    return [row for row in value if isinstance(row, tuple)] if isinstance(value, tuple) else []


def calls(test: Test, random: random.Random) -> Calls:
    """Snapshots and nothing else."""

    def snapshot() -> Request:
        return Request("snapshot")

    return Calls(faults=Repeat(snapshot), probes=(snapshot,))


WORKLOAD = Workload(
    name="snapshot",
    summary="snapshots of nodes that pass tokens",
    calls=calls,
    checkers=(ConsistentCut(),),
)
