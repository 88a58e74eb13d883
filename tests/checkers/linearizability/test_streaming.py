"""The checker that goes along with the run, against the one that sees all of it, on every prefix."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from register_histories import Shape as RegisterShape
from register_histories import made, shapes
from small import UNLIMITED, makers
from small_objects import histories

from splitbrain.checkers.linearizability import judge
from splitbrain.checkers.linearizability.streaming import Streaming
from splitbrain.checkers.models import Model, by_name
from splitbrain.checkers.verdict import Validity, Violation
from splitbrain.errors import HistoryError
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation


def events_of(operations: Sequence[Operation], choose: random.Random) -> list[Event]:
    """The events of operations. Some of those that never returned are said to be of unknown outcome at some time."""
    last = max(max(each.call, each.return_ or 0) for each in operations)
    placed: list[tuple[float, int, Event]] = []
    for each in operations:
        invocation = Invocation(
            operation=each.index, process=each.index, f=each.f, key=each.key, input=each.input, time=each.call
        )
        if each.f in ("acquire", "release"):
            invocation = Invocation(operation=each.index, process=each.process, f=each.f, time=each.call)
        placed.append((each.call, each.index, invocation))
        end: float | None = each.return_
        if end is None and choose.random() < 0.6:
            end = each.call + 0.5 + choose.randint(0, last + 1 - each.call)
        if end is not None:
            completion = Completion(
                operation=each.index,
                process=invocation.process,
                outcome=each.outcome,
                output=each.output,
                time=last + 1,
            )
            placed.append((end, each.index, completion))
    return [event for _, _, event in sorted(placed, key=lambda one: one[:2])]


def first_violation(model: Model, events: Sequence[Event]) -> tuple[int, Violation] | None:
    streaming = Streaming(model, configurations=1_000_000)
    for place, event in enumerate(events):
        found = streaming.feed(event)
        if found is not None:
            return place, found
    assert not streaming.given_up
    return None


def first_invalid_prefix(model: Model, events: Sequence[Event]) -> int | None:
    """By asking the other checker about each prefix that ends with a completion."""
    if is_valid(model, events):
        return None
    for place, event in enumerate(events):
        if isinstance(event, Completion) and not is_valid(model, events[: place + 1]):
            return place
    raise AssertionError


def is_valid(model: Model, events: Sequence[Event]) -> bool:
    judgements = judge(model, History.from_events(events), UNLIMITED)
    assert all(each.validity is not Validity.UNKNOWN for each in judgements)
    return all(each.validity is Validity.VALID for each in judgements)


def compare(model: Model, operations: Sequence[Operation], choose: random.Random) -> bool:
    """Whether there is a violation, which both see at the same event."""
    events = events_of(operations, choose)
    expected, found = first_invalid_prefix(model, events), first_violation(model, events)
    assert (None if found is None else found[0]) == expected, events
    return found is not None


@pytest.mark.parametrize("name", ["register", "cas-register", "kv"])
def test_it_reports_at_the_event_that_makes_the_prefix_invalid(name: str) -> None:
    model = by_name(name)
    seen = Counter(
        compare(model, maker.corrupted(maker.random.randint(1, 8)), maker.random) for maker in makers(name, 2_000)
    )
    assert min(seen.values()) > 250


@pytest.mark.parametrize("name", ["set", "queue", "counter", "mutex"])
def test_it_does_for_every_model(name: str) -> None:
    model, choose = by_name(name), random.Random(name)
    seen = Counter(compare(model, operations, choose) for operations in in_own_processes(histories(model, 700)))
    assert min(seen.values()) > 50


def in_own_processes(all_operations: Iterator[list[Operation]]) -> Iterator[list[Operation]]:
    """Those that one recorder can have recorded: no process does two things at a time, or goes on after it crashed."""
    for operations in all_operations:
        free: dict[int, float] = {}
        for operation in operations:
            if free.get(operation.process, -1) > operation.call:
                break
            free[operation.process] = float("inf") if operation.return_ is None else operation.return_
        else:
            yield operations


@pytest.mark.parametrize("unique", [True, False])
def test_longer_ones_with_lost_operations(unique: bool) -> None:
    model = by_name("cas-register")
    seen: Counter[bool] = Counter()
    for choose, shape in shapes(f"streaming {unique}", 60, size=60, processes=5, crash=0.1, unique=unique):
        shape.wrong = choose.choice([0, 0.1])
        events = list(made(choose, shape).events())
        expected, found = first_invalid_prefix(model, events), first_violation(model, events)
        assert (None if found is None else found[0]) == expected, events
        seen[found is not None] += 1
    assert min(seen.values()) > 10


def test_memory_is_that_of_what_is_open_and_what_was_lost() -> None:
    """Two thousand reads and writes by five processes of which a few crash."""
    model = by_name("register")
    choose = random.Random(1)
    events = made(choose, RegisterShape(size=2_000, processes=5, cas=False, crash=0.01, refuse=0)).events()
    streaming = Streaming(model)
    lost, most = 0, 0
    for event in events:
        assert streaming.feed(event) is None
        lost += isinstance(event, Completion) and event.outcome == "info"
        most = max(most, streaming.configurations)
    assert lost > 5
    assert most < 100


def test_a_key_with_too_many_configurations_is_given_up() -> None:
    streaming = Streaming(by_name("queue"), configurations=20)
    for number in range(8):
        assert streaming.feed(Invocation(operation=number, process=number, f="enqueue", input=number, time=0)) is None
    assert streaming.feed(Completion(operation=0, process=0, outcome="ok", time=1)) is None
    assert streaming.given_up == [None]
    assert streaming.feed(Invocation(operation=8, process=0, f="dequeue", time=2)) is None
    assert streaming.feed(Completion(operation=8, process=0, outcome="ok", output=99, time=3)) is None


def test_what_is_reported_is_said_once_and_by_key() -> None:
    streaming = Streaming(by_name("register"))
    events: list[Event] = []
    for number, key in enumerate("abab"):
        events.append(Invocation(operation=number, process=number, f="read", key=key, time=2_000_000 * number))
        completed = 2_000_000 * number + 1_000_000
        events.append(Completion(operation=number, process=number, outcome="ok", output=number % 2, time=completed))
    found = [violation for event in events if (violation := streaming.feed(event)) is not None]
    assert [str(each) for each in found] == [
        'not linearizable on key "a" since the completion of operation 0 at 0.001 s',
        'not linearizable on key "b" since the completion of operation 1 at 0.003 s',
    ]


def test_an_operation_that_the_model_does_not_know_is_an_error() -> None:
    with pytest.raises(HistoryError, match="operation 0 is a pop: the model register has read, write"):
        Streaming(by_name("register")).feed(Invocation(operation=0, process=0, f="pop", time=0))
