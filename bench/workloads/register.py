"""Registers, one per key: read, write and compare-and-set, every written value unique."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle

from ...checkers.linearizability import linearizable
from ...checkers.models import cas_register
from ...histories.operation import Value
from ..generators import Context, Generator, Mix, PerKey, Repeat, Request, Reserve, Step, Update
from ..test import Test
from .workload import Calls, Workload, key_names


class CompareAndSet:
    """Compares with the value that was seen last, so that many succeed unless others are faster.

    `absent` is what it compares with while no value was seen.
    """

    def __init__(self, values: Iterator[int], absent: Value = None) -> None:
        self._values = values
        self._absent = absent
        self._seen: Value = None

    def next(self, context: Context) -> Step:
        return Request("cas", input=(self._absent if self._seen is None else self._seen, next(self._values)))

    def update(self, update: Update) -> None:
        op, completion = update.op, update.completion
        if completion is None or completion.outcome != "ok":
            return
        if op.f == "read":
            self._seen = completion.output
        elif op.f == "write":
            self._seen = op.input
        elif completion.output is True and isinstance(op.input, tuple):
            self._seen = op.input[1]


def calls(test: Test, random: random.Random) -> Calls:
    """Five reads to three writes to two compare-and-sets."""
    values, keys = count(1), cycle(key_names(test))

    def register() -> Generator:
        return Mix(
            random,
            (5, Repeat(lambda: Request("read"))),
            (3, Repeat(lambda: Request("write", input=next(values)))),
            (2, CompareAndSet(values)),
        )

    return Calls(
        faults=PerKey(random, {key: register() for key in key_names(test)}),
        probes=(
            lambda: Request("read", next(keys)),
            lambda: Request("write", next(keys), next(values)),
            lambda: Request("cas", next(keys), (None, next(values))),
        ),
        final=tuple(Request("read", key) for key in key_names(test)),
    )


def readers(test: Test, random: random.Random) -> Calls:
    """The first half of the clients carry on as above, the others only read, and so never wait for a write."""
    mixed = calls(test, random)
    reads = PerKey(random, {key: Repeat(lambda: Request("read")) for key in key_names(test)})
    return replace(mixed, faults=Reserve(((test.clients + 1) // 2, mixed.faults), rest=reads))


WORKLOAD = Workload(
    name="register",
    summary="read, write and compare-and-set of registers",
    calls=calls,
    checkers=(linearizable(cas_register()),),
)

READERS = Workload(
    name="readers",
    summary="registers, which half of the clients only read",
    calls=readers,
    checkers=(linearizable(cas_register()),),
)
