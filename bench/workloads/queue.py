"""A queue: elements go in, each once, and come out. In the end it is emptied."""

import random
from itertools import count

from ...checkers.queues import total_queue
from ..generators import Mix, Repeat, Request
from ..test import SECOND, Test
from .workload import Calls, Workload

SETTLE = 10 * SECOND
"""Until elements are back that were handed out to clients of whom nothing was heard again."""


def calls(test: Test, random: random.Random) -> Calls:
    """As many dequeues as enqueues. An element may come out twice, if who took it first could not say so."""
    elements = count(1)

    def enqueue() -> Request:
        return Request("enqueue", input=next(elements))

    def dequeue() -> Request:
        return Request("dequeue")

    return Calls(
        faults=Mix(random, (1, Repeat(enqueue)), (1, Repeat(dequeue))),
        probes=(enqueue, dequeue),
        final=tuple(Request("drain", thread=thread) for thread in range(test.clients)),
        settle=SETTLE,
    )


WORKLOAD = Workload(
    name="queue",
    summary="enqueue and dequeue, and everything taken out in the end",
    calls=calls,
    checkers=(total_queue(at_most_once=False),),
)
