"""Registers on stores that are not linearizable: they must converge, or be causally consistent."""

import random
from itertools import count

from ...checkers.causal import causal
from ...checkers.convergence import converged_register
from ..generators import Mix, PerKey, Repeat, Request
from ..test import SECOND, Test
from .workload import Calls, Workload, key_names

SETTLE = 4 * SECOND
"""How long servers have to tell each other everything once the faults are over."""


def calls(test: Test, random: random.Random) -> Calls:
    """As many writes, each of a value of its own, as reads; in the end a read of every key at every server."""
    values = count(1)

    def register() -> Mix:
        return Mix(
            random,
            (1, Repeat(lambda: Request("write", input=next(values)))),
            (1, Repeat(lambda: Request("read"))),
        )

    servers = [f"s{number}" for number in range(1, test.servers + 1)]
    return Calls(
        faults=PerKey(random, {key: register() for key in key_names(test)}),
        # What is written after the faults must not hide what went wrong before.
        probes=(lambda: Request("write", "probe", next(values)), lambda: Request("read", "probe")),
        final=tuple(Request("read", key, server) for key in key_names(test) for server in servers),
        settle=SETTLE,
    )


EVENTUAL = Workload("eventual", "registers that must be equal everywhere in the end", calls, (converged_register,))
CAUSAL = Workload("causal", "registers, read and written at any server", calls, (causal, converged_register))
