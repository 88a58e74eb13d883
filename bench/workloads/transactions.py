"""Transactions on several keys of a sharded store, while its configuration changes."""

import random
from itertools import count

from ...checkers.checker import Checker
from ...checkers.linearizability import linearizable
from ...checkers.models.transactions import transactions
from ..generators import Mix, Repeat, Request
from ..test import Test
from .sharded import OfModel, orders
from .workload import Calls, Workload, key_names

STRICTLY_SERIALIZABLE: Checker = OfModel(transactions(), linearizable(transactions()))
"""What judges the transactions. Nothing else depends on which checker that is."""


def calls(test: Test, random: random.Random) -> Calls:
    """As many reads as writes, of one key or several. Every value is written once; about every tenth call is an order
    to the shard master.
    """
    numbers, names = count(1), key_names(test)

    def some(fewest: int) -> tuple[str, ...]:
        return tuple(random.sample(names, random.randint(min(fewest, len(names)), len(names))))

    def get() -> Request:
        return Request("multi_get", input=some(1))

    def put() -> Request:
        return Request("multi_put", input=tuple((key, f"{next(numbers)}") for key in some(1)))

    def swap() -> Request:
        return Request("swap", input=tuple(random.sample(names, 2)))

    everything = Request("multi_get", input=names)
    return Calls(
        faults=Mix(
            random,
            (8, Repeat(get)),
            (5, Repeat(put)),
            (5 if len(names) > 1 else 0, Repeat(swap)),
            (2, orders(random)),
        ),
        probes=(get, put, lambda: everything),
        final=(everything, everything),
    )


WORKLOAD = Workload(
    name="transactions",
    summary="multi-get, multi-put and swap, while groups join and leave and shards move",
    calls=calls,
    checkers=(STRICTLY_SERIALIZABLE,),
)
