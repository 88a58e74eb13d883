"""What is asked of clocks: broadcasts in causal order, and what time it is."""

import random
from itertools import count

from ...checkers.causal_order import causal_order
from ...checkers.clocks import clock_bounds, clocks_together
from ...checkers.convergence import converged_set
from ..generators import Mix, Repeat, Request
from ..test import SECOND, Test
from .workload import Calls, Workload

SETTLE = 3 * SECOND
"""How long processes have to tell each other everything once the faults are over."""


def broadcasts(test: Test, random: random.Random) -> Calls:
    """As many reads as broadcasts, so that much causes much; in the end a read of every process."""
    values = count(1)

    def add() -> Request:
        return Request("add", input=next(values))

    def read() -> Request:
        return Request("read")

    return Calls(
        faults=Mix(random, (1, Repeat(add)), (1, Repeat(read))),
        probes=(add, read),
        final=tuple(Request("read", input=f"s{number}") for number in range(1, test.servers + 1)),
        settle=SETTLE,
    )


def times(test: Test, random: random.Random) -> Calls:
    """What time is it?"""

    def time() -> Request:
        return Request("time")

    return Calls(faults=Repeat(time), probes=(time,))


CAUSAL_BROADCAST = Workload(
    "causal_broadcast", "broadcasts that must be delivered in causal order", broadcasts, (causal_order, converged_set)
)
TIME = Workload("time", "clocks that must know how wrong they may be", times, (clock_bounds,))
TIME_TOGETHER = Workload("time_together", "clocks that must not be far apart", times, (clocks_together,))
