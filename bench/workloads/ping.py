"""Ping: every request carries a number, and the answer must be the same number."""

import random
from itertools import count

from ...checkers.checker import Budget
from ...checkers.verdict import Validity, Verdict
from ...histories.history import History
from ..generators import Repeat, Request
from ..test import Test
from .workload import Calls, Workload


class Echo:
    """Every ok answer equals its request."""

    name = "echo"

    def check(self, history: History, budget: Budget) -> Verdict:
        answered = [operation for operation in history.operations if operation.outcome == "ok"]
        for operation in answered:
            if operation.output != operation.input:
                reason = f"operation {operation.index} sent {operation.input} and was answered {operation.output}"
                return Verdict(self.name, Validity.INVALID, reason)
        return Verdict(self.name, Validity.VALID, f"all {len(answered)} answers equal their requests")


def calls(test: Test, random: random.Random) -> Calls:
    """The numbers from 1."""
    numbers = count(1)

    def ping() -> Request:
        return Request("ping", input=next(numbers))

    return Calls(faults=Repeat(ping), probes=(ping,))


WORKLOAD = Workload(name="ping", summary="numbers that must come back", calls=calls, checkers=(Echo(),))
