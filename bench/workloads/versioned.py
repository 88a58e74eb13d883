"""Values with versions: get, and put on the version that was seen last, every written value unique."""

import random
from collections.abc import Iterator
from itertools import count, cycle

from ...checkers.linearizability import linearizable
from ...checkers.models.versioned import versioned
from ..generators import Context, Generator, Mix, PerKey, Repeat, Request, Step, Update
from ..test import Test
from .workload import Calls, Workload, key_names


class PutNext:
    """Puts on the newest version that any client has seen, so that many take effect unless others are faster."""

    def __init__(self, values: Iterator[int]) -> None:
        self._values = values
        self._seen = 0

    def next(self, context: Context) -> Step:
        return Request("put", input=(next(self._values), self._seen))

    def update(self, update: Update) -> None:
        op, completion = update.op, update.completion
        if completion is None or completion.outcome != "ok":
            return
        if isinstance(completion.output, tuple):
            _, version = completion.output
        elif completion.output is True and isinstance(op.input, tuple):
            _, before = op.input
            version = before + 1 if isinstance(before, int) else 0
        else:
            return
        if isinstance(version, int):
            self._seen = max(self._seen, version)


def calls(test: Test, random: random.Random) -> Calls:
    """As many gets as puts."""
    values, keys = count(1), cycle(key_names(test))

    def value() -> Generator:
        return Mix(random, (1, Repeat(lambda: Request("get"))), (1, PutNext(values)))

    return Calls(
        faults=PerKey(random, {key: value() for key in key_names(test)}),
        probes=(
            lambda: Request("get", next(keys)),
            lambda: Request("put", f"new-{(value := next(values))}", (value, 0)),
        ),
        final=tuple(Request("get", key) for key in key_names(test)),
    )


WORKLOAD = Workload(
    name="versioned",
    summary="get, and put on the version that was seen last",
    calls=calls,
    checkers=(linearizable(versioned()),),
)
