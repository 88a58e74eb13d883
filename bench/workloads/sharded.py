"""Strings in a sharded store, while its configuration changes: groups join and leave, shards are moved.

Clients give these orders like any other operation, on a key of their own. The strings are judged; what the orders do
is watched by the system's monitors.
"""

import random
from dataclasses import dataclass
from itertools import count, cycle

from ...checkers.checker import Budget, Checker
from ...checkers.linearizability import linearizable
from ...checkers.models import kv
from ...checkers.models.model import Model
from ...checkers.verdict import Verdict
from ...histories.history import History
from ...systems.sharded.configuration import SHARDS
from ...systems.sharded.messages import NEWEST
from ...systems.sharded.system import GROUPS
from ..generators import Generator, Mix, PerKey, Repeat, Request
from ..test import Test
from .workload import Calls, Workload, key_names

CONFIGURATION = "configuration"
"""The key of the orders to the shard master."""


def calls(test: Test, random: random.Random) -> Calls:
    """Strings as in the workload `kv`; about every seventh operation is an order to the shard master."""
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
        faults=PerKey(random, {**{key: string() for key in key_names(test)}, CONFIGURATION: orders(random)}),
        probes=(
            lambda: Request("get", next(keys)),
            lambda: Request("append", next(keys), piece()),
            lambda: Request("query", CONFIGURATION, NEWEST),
        ),
        final=tuple(Request("get", key) for key in key_names(test)),
    )


def orders(random: random.Random) -> Generator:
    """Orders to the shard master: most are moves."""

    def group() -> str:
        return random.choice(GROUPS)

    return Mix(
        random,
        (4, Repeat(lambda: Request("move", CONFIGURATION, (random.randrange(SHARDS), group())))),
        (2, Repeat(lambda: Request("join", CONFIGURATION, group()))),
        (2, Repeat(lambda: Request("leave", CONFIGURATION, group()))),
        (1, Repeat(lambda: Request("query", CONFIGURATION, NEWEST))),
    )


@dataclass(frozen=True)
class OfModel:
    """Has a checker judge the operations that the model knows, and no others."""

    model: Model
    checker: Checker

    @property
    def name(self) -> str:
        return self.checker.name

    def check(self, history: History, budget: Budget) -> Verdict:
        known = tuple(operation for operation in history if operation.f in self.model.functions)
        return self.checker.check(History(known, history.nemesis, history.warnings), budget)


STRINGS: Checker = OfModel(kv(), linearizable(kv()))

WORKLOAD = Workload(
    name="sharded",
    summary="put, append and get of strings, while groups join and leave and shards move",
    calls=calls,
    checkers=(STRINGS,),
)
