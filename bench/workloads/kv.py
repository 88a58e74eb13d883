"""A string per key: put, append and get, every piece of text unique."""

import random
from itertools import count, cycle

from ...checkers.linearizability import linearizable
from ...checkers.models import kv
from ..generators import Generator, Mix, PerKey, Repeat, Request
from ..test import Test
from .workload import Calls, Workload, key_names


def calls(test: Test, random: random.Random) -> Calls:
    """Five gets to four appends to one put: strings grow long enough to show what was lost."""
    numbers, keys = count(1), cycle(key_names(test))

    def piece() -> str:
        return f"{next(numbers)} "

    def string() -> Generator:
        return Mix(
            random,
            (5, Repeat(lambda: Request("get"))),
            (4, Repeat(lambda: Request("append", input=piece()))),
            (1, Repeat(lambda: Request("put", input=piece()))),
        )

    return Calls(
        faults=PerKey(random, {key: string() for key in key_names(test)}),
        probes=(
            lambda: Request("get", next(keys)),
            lambda: Request("append", next(keys), piece()),
            lambda: Request("put", next(keys), piece()),
        ),
        final=tuple(Request("get", key) for key in key_names(test)),
    )


WORKLOAD = Workload(
    name="kv",
    summary="put, append and get of strings",
    calls=calls,
    checkers=(linearizable(kv()),),
)
