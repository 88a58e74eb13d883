"""Maelstrom's workloads, as far as they are not those of the bundled systems."""

import random
from dataclasses import replace
from itertools import count, cycle

from ...checkers.convergence import converged_counter
from ...checkers.logs import log_in_parts
from ..generators import Generator, Mix, PerKey, Repeat, Request
from ..test import Test
from . import gossip, ping
from .register import WORKLOAD as REGISTER
from .register import CompareAndSet
from .workload import Calls, Workload, key_names

ABSENT = 0
"""What compare-and-sets expect of a register that was not seen with a value: nothing that was ever written."""


def registers(test: Test, random: random.Random) -> Calls:
    """Five reads to three writes to two compare-and-sets, none of which expects that there is nothing."""
    values, keys = count(1), cycle(key_names(test))

    def register() -> Generator:
        return Mix(
            random,
            (5, Repeat(lambda: Request("read"))),
            (3, Repeat(lambda: Request("write", input=next(values)))),
            (2, CompareAndSet(values, ABSENT)),
        )

    return Calls(
        faults=PerKey(random, {key: register() for key in key_names(test)}),
        probes=(
            lambda: Request("read", next(keys)),
            lambda: Request("write", next(keys), next(values)),
            lambda: Request("cas", next(keys), (ABSENT, next(values))),
        ),
        final=tuple(Request("read", key) for key in key_names(test)),
    )


def increments(test: Test, random: random.Random) -> Calls:
    """Three additions of up to five to one read; in the end a read of every server."""

    def add() -> Request:
        return Request("add", input=random.randint(1, 5))

    def read() -> Request:
        return Request("read")

    return replace(
        gossip.additions(test, random), faults=Mix(random, (3, Repeat(add)), (1, Repeat(read))), probes=(add, read)
    )


ECHO = replace(ping.WORKLOAD, name="echo", summary="Maelstrom's echo: numbers that must come back")
LIN_KV = replace(REGISTER, name="lin_kv", summary="Maelstrom's lin-kv: registers", calls=registers)
G_SET = replace(gossip.BROADCAST, name="g_set", summary="Maelstrom's g-set: a set that grows at every server")
G_COUNTER = Workload("g_counter", "Maelstrom's g-counter: a counter that grows", increments, (converged_counter,))
PN_COUNTER = replace(gossip.COUNTER, name="pn_counter", summary="Maelstrom's pn-counter: a counter up and down")
KAFKA = replace(
    gossip.LOGS, name="maelstrom_kafka", summary="Maelstrom's kafka: logs with offsets", checkers=(log_in_parts,)
)
