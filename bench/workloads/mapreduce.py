"""Jobs on texts: word counts and inverted indexes, each result compared with that of a sequential run."""

import random
from collections import Counter

from ...checkers.checker import Budget
from ...checkers.verdict import Validity, Verdict
from ...histories.history import History
from ...histories.operation import Operation, Value
from ..generators import Mix, Repeat, Request
from ..test import MILLISECOND, Test
from .workload import Calls, Workload

SENTENCES = (
    "the leader sends a message to every follower and waits until most of them have answered",
    "if it does not hear from them it sends the message again",
    "a follower that hears nothing for a while asks to be leader itself",
)
VOCABULARY = tuple(word for sentence in SENTENCES for word in sentence.split())
"""Words to make texts of, some of them often."""

DOCUMENTS, LENGTH = 5, 30
"""How many texts a job has, and how many words a text at most."""


class Sequential:
    """Every result is what one machine would have found, one text after the other."""

    name = "sequential-run"

    def check(self, history: History, budget: Budget) -> Verdict:
        answered = [operation for operation in history.operations if operation.outcome == "ok"]
        for operation in answered:
            wrong = difference(operation)
            if wrong:
                reason = f"the result of operation {operation.index} ({operation.f}) is wrong: {wrong}"
                return Verdict(self.name, Validity.INVALID, reason)
        return Verdict(self.name, Validity.VALID, f"all {len(answered)} results are those of a sequential run")


def difference(operation: Operation) -> str:
    """The first word of which the result says something else than a sequential run, "" if there is none."""
    expected, found = expected_of(operation), found_of(operation)
    for word in sorted(expected.keys() | found.keys()):
        if expected.get(word) != found.get(word):
            return f"{word!r} has {found.get(word, 'nothing')}, where {expected.get(word, 'nothing')} is right"
    return ""


def expected_of(operation: Operation) -> dict[str, str]:
    """What a sequential run finds for each word."""
    texts = [(str(name), str(text).split()) for name, text in _pairs(operation.input)]
    if operation.f == "count":
        return {word: str(times) for word, times in Counter(word for _, words in texts for word in words).items()}
    every = {word for _, words in texts for word in words}
    return {word: " ".join(sorted(name for name, words in texts if word in words)) for word in every}


def found_of(operation: Operation) -> dict[str, str]:
    """What the result says of each word; all that it says, if it says more than one thing."""
    found: dict[str, str] = {}
    for word, value in _pairs(operation.output):
        found[str(word)] = f"{found[str(word)]} and {value}" if word in found else str(value)
    return found


def _pairs(value: Value) -> list[tuple[Value, Value]]:
    return [pair for pair in value if isinstance(pair, tuple) and len(pair) == 2] if isinstance(value, tuple) else []


def calls(test: Test, random: random.Random) -> Calls:
    """As many word counts as indexes."""

    def job(kind: str) -> Request:
        texts = tuple(
            (f"text{number}", " ".join(random.choices(VOCABULARY, k=random.randint(1, LENGTH))))
            for number in range(random.randint(1, DOCUMENTS))
        )
        return Request(kind, input=texts)

    def count() -> Request:
        return job("count")

    def index() -> Request:
        return job("index")

    return Calls(faults=Mix(random, (1, Repeat(count)), (1, Repeat(index))), probes=(count, index))


WORKLOAD = Workload(
    name="mapreduce",
    summary="word counts and inverted indexes of texts",
    calls=calls,
    checkers=(Sequential(),),
    interval=60 * MILLISECOND,
)
