"""Registers and transactions on stores that are not linearizable, but converge, or keep to weaker promises."""

import random
from functools import partial
from itertools import count

from ...checkers.causal import causal, causal_per_key
from ...checkers.convergence import converged_register
from ...checkers.read_committed import read_committed
from ...histories.operation import Value
from ..generators import Mix, PerKey, Repeat, Request
from ..test import SECOND, Test
from .workload import Calls, Workload, key_names

SETTLE = 4 * SECOND
"""How long servers have to tell each other everything once the faults are over."""


def calls(test: Test, random: random.Random, *, deletes: bool = False) -> Calls:
    """As many writes, each of a value of its own, as reads; in the end a read of every key at every server."""
    values = count(1)

    def register() -> Mix:
        return Mix(
            random,
            (5, Repeat(lambda: Request("write", input=next(values)))),
            (5, Repeat(lambda: Request("read"))),
            (2 * deletes, Repeat(lambda: Request("delete"))),
        )

    servers = [f"s{number}" for number in range(1, test.servers + 1)]
    return Calls(
        faults=PerKey(random, {key: register() for key in key_names(test)}),
        # What is written after the faults must not hide what went wrong before.
        probes=(lambda: Request("write", "probe", next(values)), lambda: Request("read", "probe")),
        final=tuple(Request("read", key, server) for key in key_names(test) for server in servers),
        settle=SETTLE,
    )


ABORTED = 0.15
"""The part of the transactions that abort."""


def transactions(test: Test, random: random.Random) -> Calls:
    """Two to five reads and writes, of values of their own; in the end a read of all keys at every server."""
    values = count(1)
    keys = key_names(test)

    def step() -> tuple[Value, ...]:
        key = random.choice(keys)
        return ("write", key, next(values)) if random.random() < 0.5 else ("read", key, None)

    def transaction() -> Request:
        steps = [step() for _ in range(random.randint(2, 5))]
        return Request("txn", input=(*steps, ("abort", None, None)) if random.random() < ABORTED else tuple(steps))

    return Calls(
        faults=Repeat(transaction),
        probes=(lambda: Request("txn", input=(("read", "probe", None), ("write", "probe", next(values)))),),
        final=tuple(
            Request("txn", input=tuple(("read", key, f"s{number}") for key in keys))
            for number in range(1, test.servers + 1)
        ),
        settle=SETTLE,
    )


EVENTUAL = Workload(
    "eventual",
    "registers, written and deleted, that must be equal everywhere in the end",
    partial(calls, deletes=True),
    (converged_register, causal_per_key),
)
CAUSAL = Workload("causal", "registers, read and written at any server", calls, (causal, converged_register))
READ_COMMITTED = Workload(
    "read_committed", "transactions that must not see what is not committed", transactions, (read_committed,)
)
