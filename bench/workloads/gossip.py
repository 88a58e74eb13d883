"""What the Gossip Glomers ask: broadcasts, counters, unique ids, and logs like Kafka's."""

import random
from itertools import count, cycle

from ...checkers.convergence import converged_counter, converged_set
from ...checkers.logs import log
from ...checkers.unique_ids import unique_ids
from ...systems.maelstrom import names_of, speaks
from ..generators import Mix, PerKey, Repeat, Request
from ..test import MILLISECOND, SECOND, Test
from .workload import Calls, Workload, key_names

SETTLE = 3 * SECOND
"""How long servers have to tell each other everything once the faults are over."""


def servers(test: Test) -> tuple[str, ...]:
    """The names of the servers."""
    if speaks(test.system):
        return names_of(test.servers)
    return tuple(f"s{number}" for number in range(1, test.servers + 1))


def broadcasts(test: Test, random: random.Random) -> Calls:
    """Nine values to one read; in the end a read of every server."""
    values = count(1)

    def add() -> Request:
        return Request("add", input=next(values))

    def read() -> Request:
        return Request("read")

    return Calls(
        faults=Mix(random, (9, Repeat(add)), (1, Repeat(read))),
        probes=(add, read),
        final=tuple(Request("read", input=name) for name in servers(test)),
        settle=SETTLE,
    )


def additions(test: Test, random: random.Random) -> Calls:
    """Three additions of up to five, some of them negative, to one read; in the end a read of every server."""

    def add() -> Request:
        return Request("add", input=random.choice((1, 2, 3, 4, 5, -1, -2, -3)))

    def read() -> Request:
        return Request("read")

    return Calls(
        faults=Mix(random, (3, Repeat(add)), (1, Repeat(read))),
        probes=(add, read),
        final=tuple(Request("read", input=name) for name in servers(test)),
        settle=SETTLE,
    )


def ids(test: Test, random: random.Random) -> Calls:
    """Ids and nothing else."""

    def generate() -> Request:
        return Request("generate")

    return Calls(faults=Repeat(generate), probes=(generate,))


def logs(test: Test, random: random.Random) -> Calls:
    """Five sends to three polls from any offset, and commits of what may be there."""
    values, keys = count(1), cycle(key_names(test))

    def offset() -> int:
        return random.randrange(10)

    def one() -> Mix:
        return Mix(
            random,
            (5, Repeat(lambda: Request("send", input=next(values)))),
            (3, Repeat(lambda: Request("poll", input=offset()))),
            (1, Repeat(lambda: Request("commit", input=offset()))),
            (1, Repeat(lambda: Request("committed"))),
        )

    return Calls(
        faults=PerKey(random, {key: one() for key in key_names(test)}),
        probes=(
            lambda: Request("send", next(keys), next(values)),
            lambda: Request("poll", next(keys), 0),
            lambda: Request("committed", next(keys)),
        ),
        final=tuple(Request("poll", key, 0) for key in key_names(test)),
    )


BROADCAST = Workload("broadcast", "values that must reach every server", broadcasts, (converged_set,))
COUNTER = Workload("counter", "a counter that every server counts", additions, (converged_counter,))
IDS = Workload("unique_ids", "ids that nobody else gives out", ids, (unique_ids,), interval=10 * MILLISECOND)
LOGS = Workload("kafka", "logs with offsets", logs, (log,))
