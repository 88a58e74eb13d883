"""A bank: transfers between two accounts, and reads of all of them."""

import random

from ...checkers.linearizability import linearizable
from ...checkers.models.bank import bank
from ..generators import Mix, Repeat, Request
from ..test import Test
from .workload import Calls, Workload

ACCOUNTS = 6
BALANCE = 10


def calls(test: Test, random: random.Random) -> Calls:
    """As many transfers as reads."""

    def transfer() -> Request:
        source, target = random.sample(range(ACCOUNTS), 2)
        return Request("transfer", input=(source, target, random.randint(1, 5)))

    def read() -> Request:
        return Request("read", input=tuple(range(ACCOUNTS)))

    return Calls(
        faults=Mix(random, (1, Repeat(transfer)), (1, Repeat(read))),
        probes=(transfer, read),
        final=(read(),),
    )


WORKLOAD = Workload(
    name="bank",
    summary="transfers between accounts, and reads of all of them",
    calls=calls,
    checkers=(linearizable(bank(ACCOUNTS, BALANCE)),),
)
