"""What is said of sets, queues, counters and locks."""

import pytest
from handmade import build

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import by_name
from splitbrain.histories.operation import Outcome, Value
from splitbrain.reports.explain import explain

Step = tuple[str, Value, Value]


def said(name: str, *steps: Step) -> str:
    """The sentence on operations one after another, each by its own process; "?" answered nothing."""
    rows = []
    for number, (f, given, output) in enumerate(steps):
        outcome: Outcome = "info" if output == "?" else "ok"
        rows.append((number, f, given, None if output == "?" else output, outcome, 2 * number, 2 * number + 1))
    history = build(rows)
    return explain(linearizable(by_name(name)).check(history, Budget()), history)[0]


@pytest.mark.parametrize(
    ("name", "steps", "sentence"),
    [
        (
            "set",
            [("add", 1, None), ("read", None, ())],
            "process 1 read x without 1 at 0.003 s, although its add by process 0 had been acknowledged at 0.001 s",
        ),
        (
            "set",
            [("add", 1, None), ("read", None, (1, 2))],
            "process 1 found 2 in x at 0.003 s, which no operation of this history adds",
        ),
        (
            "queue",
            [("dequeue", None, 5)],
            "process 0 dequeued 5 from x at 0.001 s, which no operation of this history enqueues",
        ),
        (
            "queue",
            [("enqueue", 1, None), ("dequeue", None, 1), ("dequeue", None, 1)],
            "process 2 and process 1 both dequeued 1 from x (at 0.005 s, at 0.003 s), "
            "although it was enqueued only once",
        ),
        (
            "queue",
            [("enqueue", 1, None), ("enqueue", 2, None), ("dequeue", None, 2), ("dequeue", None, 1)],
            "process 2 dequeued 2 from x at 0.005 s, although 1 had been enqueued before it "
            "and was dequeued only after that",
        ),
        (
            "queue",
            [("enqueue", 1, None), ("enqueue", 2, None), ("dequeue", None, 2)],
            "process 2 dequeued 2 from x at 0.005 s, although 1 had been enqueued before it and was never dequeued",
        ),
        (
            "counter",
            [("inc", None, "?"), ("read", None, 1), ("read", None, 0)],
            "process 2 read x = 0 at 0.005 s, although process 1 read 1 at 0.003 s, before that, "
            "and nothing decreased it",
        ),
        (
            "mutex",
            [("acquire", None, None), ("acquire", None, None)],
            "process 1 acquired the lock at 0.003 s, although process 0 had acquired it at 0.001 s "
            "and did not begin to release it until then",
        ),
    ],
)
def test_one_sentence_says_what_is_wrong(name: str, steps: list[Step], sentence: str) -> None:
    assert said(name, *steps) == sentence


def test_a_sentence_that_does_not_hold_is_not_said() -> None:
    """A dequeue of unknown outcome may have taken what seems to have been overtaken."""
    steps = [
        ("enqueue", 1, None),
        ("enqueue", 2, None),
        ("dequeue", None, 2),
        ("dequeue", None, 1),
        ("dequeue", None, "?"),
    ]
    assert "that respects real time" in said("queue", *steps)


def test_otherwise_it_says_what_the_state_can_have_been() -> None:
    sentence = said("cas-register", ("write", 1, None), ("cas", (1, 2), False), ("read", None, 1))
    assert "that respects real time" in sentence
