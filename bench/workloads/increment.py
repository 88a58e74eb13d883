"""A count that every client counts up by one, whatever protects it: no number may come twice, or be left out."""

import random
from collections.abc import Sequence

from ...checkers.linearizability import linearizable
from ...checkers.models.model import Anomaly, Model, State, Step, unnamed
from ...histories.operation import Operation
from ..generators import Repeat, Request
from ..test import Test
from .workload import Calls, Workload


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """An increment answers the new count."""
    assert isinstance(state, int)
    return ((state + 1, state + 1),)


def anomaly(culprit: Operation, kept: Sequence[Operation], operations: Sequence[Operation]) -> Anomaly:
    """Two increments that answered the same count: one of them is lost."""
    twins = [
        each for each in operations if each is not culprit and each.outcome == "ok" and each.output == culprit.output
    ]
    return (
        ("lost update", tuple(twins[:1])) if culprit.outcome == "ok" and twins else unnamed(culprit, kept, operations)
    )


COUNT = Model(name="count", functions=frozenset({"increment"}), initial=0, step=step, anomaly=anomaly)


def calls(test: Test, random: random.Random) -> Calls:
    """Increments, of one count."""

    def increment() -> Request:
        return Request("increment", "count")

    return Calls(faults=Repeat(increment), probes=(increment,), final=(increment(),))


WORKLOAD = Workload(
    name="increment",
    summary="a count that everybody counts up",
    calls=calls,
    checkers=(linearizable(COUNT),),
)
