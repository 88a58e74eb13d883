"""Events into operations: pairing, views, and every rule that one recorder keeps."""

import pickle

import pytest

from splitbrain.errors import HistoryError
from splitbrain.histories.event import Completion, Event, Invocation, NemesisEvent
from splitbrain.histories.history import History
from splitbrain.histories.operation import Outcome, Value


def invoke(operation: int, process: int = 0, *, time: int = 0, key: object = "x", input: object = None) -> Invocation:
    return Invocation(operation=operation, process=process, f="read", key=key, input=input, time=time)  # type: ignore[arg-type]


def complete(
    operation: int, process: int = 0, *, outcome: Outcome = "ok", time: int = 0, output: object = None
) -> Completion:
    return Completion(operation=operation, process=process, outcome=outcome, output=output, time=time)  # type: ignore[arg-type]


def test_calls_and_returns_are_ranks_among_the_events_of_operations() -> None:
    history = History.from_events(
        [
            invoke(0, 0, time=5),
            NemesisEvent(what="start", time=6, unit=0, fault="kill"),
            invoke(1, 1, time=6),
            complete(1, 1, outcome="info", time=7),
            complete(0, 0, output=3, time=9),
            invoke(2, 0, time=9),
        ]
    )
    first, unknown, last = history
    assert (first.call, first.return_, first.invoked, first.completed, first.output) == (0, 3, 5, 9, 3)
    assert (unknown.call, unknown.return_, unknown.completed, unknown.outcome) == (1, None, 7, "info")
    assert (last.call, last.return_, last.completed, last.outcome) == (4, None, None, "info")
    assert first.precedes(last)
    assert not unknown.precedes(last)
    assert len(history) == 3
    assert [event.what for event in history.nemesis] == ["start"]


def test_the_order_of_events_counts_not_their_times() -> None:
    history = History.from_events([invoke(0, 0, time=10), complete(0, 0, time=11), invoke(1, 1, time=3)])
    assert history.operations[0].precedes(history.operations[1])


def test_operations_are_numbered_by_their_invocations_whatever_the_recorder_called_them() -> None:
    history = History.from_events([invoke(7, 0), invoke(3, 1), complete(3, 1, output=1)])
    assert [(op.index, op.process, op.output) for op in history] == [(0, 0, None), (1, 1, 1)]


def test_lists_become_tuples_at_every_depth() -> None:
    history = History.from_events([invoke(0, key=["a", [1]], input=[1, [2, []]]), complete(0, output=[[None]])])
    operation = history.operations[0]
    assert (operation.key, operation.input, operation.output) == (("a", (1,)), (1, (2, ())), ((None,),))


def test_views_keep_the_order_and_are_computed_once() -> None:
    events: list[Event] = []
    for number, (process, key) in enumerate([(1, "b"), (0, "a"), (1, "a"), (0, "b")]):
        events += [invoke(number, process, key=key), complete(number, process)]
    history = History.from_events(events)
    assert {key: [op.index for op in view] for key, view in history.by_key().items()} == {"b": [0, 3], "a": [1, 2]}
    assert {who: [op.index for op in view] for who, view in history.by_process().items()} == {1: [0, 2], 0: [1, 3]}
    assert list(history.by_key()) == ["b", "a"]
    assert history.by_key() is history.by_key()
    assert history.by_process() is history.by_process()
    assert pickle.loads(pickle.dumps(history)) == history


def test_span_covers_operations_and_nemesis() -> None:
    assert History().span == (0, 0)
    heal = NemesisEvent(what="heal", time=30)
    assert History.from_events([invoke(0, time=5), complete(0, time=9), heal]).span == (5, 30)


def test_events_give_the_history_back() -> None:
    events: list[Event] = [
        NemesisEvent(what="start", time=0),
        invoke(0, 0, time=1),
        invoke(1, 1, time=1),
        invoke(2, 2, time=2),
        complete(1, 1, outcome="info", time=3),
        complete(2, 2, outcome="fail", time=4),
        NemesisEvent(what="heal", time=4),
        complete(0, 0, outcome="info", time=5),
        invoke(3, 4, time=6),
    ]
    history = History.from_events(events)
    assert History.from_events(history.events()) == history
    assert [event.time for event in history.events()] == [0, 1, 1, 2, 3, 4, 4, 5, 6]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([complete(0)], "operation 0 is completed (ok) but was never invoked"),
        ([invoke(0), complete(0), complete(0)], "operation 0 is completed a second time (ok)"),
        ([invoke(0, 1), complete(0, 2)], "operation 0 is completed by process 2 but was invoked by process 1"),
        (
            [invoke(0, time=5), complete(0, time=4)],
            "operation 0 completes at 4 ns, before its invocation at 5 ns",
        ),
        (
            [invoke(0), complete(0), invoke(0)],
            "operation 0 is invoked a second time: every operation needs its own number",
        ),
        (
            [invoke(0, 3), invoke(1, 3)],
            "process 3 invokes operation 1 while its operation 0 is open: "
            "its thread must go on under a fresh process number",
        ),
        (
            [invoke(0, 3), complete(0, 3, outcome="info"), invoke(1, 3)],
            "process 3 invokes operation 1 after its operation 0 ended info: "
            "its thread must go on under a fresh process number",
        ),
        (
            [invoke(0, input={"a": 1})],
            "a value is an object: use null, booleans, numbers, strings and lists of those",
        ),
        (
            [invoke(0), complete(0, output=[b"x"])],
            "a value is of type bytes: use null, booleans, numbers, strings and lists of those",
        ),
        ([invoke(0), complete(0, output=float("nan"))], "nan is not a value: use null, or a string"),
        ([invoke(0), complete(0, output=(1, float("-inf")))], "-inf is not a value: use null, or a string"),
        ([invoke(0, key=True)], "True is a key: use null, integers, strings or lists of those"),
        ([invoke(0, key=["a", 1.0])], "1.0 is a key: use null, integers, strings or lists of those"),
        (["invoke"], "str is not an event of a history"),
    ],
)
def test_events_that_one_recorder_cannot_have_recorded(events: list[Event], reason: str) -> None:
    with pytest.raises(HistoryError) as raised:
        History.from_events(events)
    assert str(raised.value) == reason


def test_a_value_nested_too_deeply_is_refused() -> None:
    nested: Value = ()
    for _ in range(150):
        nested = (nested,)
    with pytest.raises(HistoryError, match="nests lists deeper than 100"):
        History.from_events([invoke(0, input=nested)])
