"""A set per key: elements are added, each once, and read by everyone in the end, at every server."""

import random
from itertools import count

from ...checkers.sets import set_full
from ..generators import Mix, Repeat, Request
from ..test import SECOND, Test
from .workload import Calls, Workload

SETTLE = 2 * SECOND


def calls(test: Test, random: random.Random) -> Calls:
    """A thousand additions to each read. In the end every client reads all, at its own server."""
    elements = count(1)
    return Calls(
        faults=Mix(
            random,
            (1000, Repeat(lambda: Request("add", input=next(elements)))),
            (1, Repeat(lambda: Request("read"))),
        ),
        probes=(lambda: Request("add", input=next(elements)), lambda: Request("read")),
        final=tuple(Request("read", thread=thread) for thread in range(test.clients)),
        settle=SETTLE,
    )


WORKLOAD = Workload(
    name="set",
    summary="elements are added to a set, and read at every server in the end",
    calls=calls,
    checkers=(set_full(linearizable=True),),
)
