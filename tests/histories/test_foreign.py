"""The forms that other recorders write: their order, their conventions, and real files."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.errors import HistoryError
from splitbrain.histories.event import NemesisEvent
from splitbrain.histories.formats import events, paired
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation
from splitbrain.histories.store import load, save


def row(client: int | str, call: int, return_: int | None, **more: object) -> dict[str, object]:
    return {"client": client, "op": "write", "key": "x", "in": 1, "out": None, "call": call, "return": return_} | more


def line(process: int | str, type: str, value: object = None, **more: object) -> dict[str, object]:
    return {"process": process, "type": type, "f": "write", "key": "x", "value": value, "t": 0} | more


def from_paired(*rows: dict[str, object]) -> History:
    return paired.read("p", "\n".join(map(json.dumps, rows)).encode())


def from_events(*lines: dict[str, object]) -> History:
    return events.read("e", "\n".join(map(json.dumps, lines)).encode())


def sequence(history: History) -> list[str]:
    """The events in order, as c0 and r0 for call and return of operation 0."""
    moments = [(op.call, f"c{op.index}") for op in history]
    moments += [(op.return_, f"r{op.index}") for op in history if op.return_ is not None]
    return [name for _, name in sorted(moments)]


def refusal(format: str, *lines: dict[str, object]) -> str:
    with pytest.raises(HistoryError) as raised:
        (from_paired if format == "paired" else from_events)(*lines)
    return str(raised.value)


def test_a_tie_between_clients_is_concurrent() -> None:
    assert sequence(from_paired(row(0, 1, 5), row(1, 5, 9))) == ["c0", "c1", "r0", "r1"]


def test_a_tie_within_a_client_is_in_sequence() -> None:
    assert sequence(from_paired(row(0, 1, 5), row(0, 5, 9))) == ["c0", "r0", "c1", "r1"]


def test_one_client_in_sequence_among_others_that_stay_concurrent() -> None:
    history = from_paired(row(0, 1, 5), row(1, 2, 5), row(0, 5, 5), row(0, 5, 9), row(2, 5, 8))
    assert sequence(history) == ["c0", "c1", "c2", "r0", "c3", "r3", "c4", "r1", "r2", "r4"]
    assert history.warnings == ()


def test_where_two_clients_cannot_both_be_in_sequence_neither_is() -> None:
    history = from_paired(row(0, 1, 5), row(1, 1, 5), row(0, 5, 9), row(1, 5, 9))
    assert sequence(history) == ["c0", "c1", "c2", "c3", "r0", "r1", "r2", "r3"]
    assert [op.process for op in history] == [0, 1, 2, 3]
    assert len(history.warnings) == 1


def sequential(a: dict[str, object], b: dict[str, object], position: dict[int, int]) -> bool:
    """Whether one client did `a` and then, at the time of its return, `b`."""
    same = a["client"] == b["client"] and a["return"] == b["call"]
    return same and (a["call"] != b["call"] or b["return"] != b["call"] or position[id(a)] < position[id(b)])


TIMES = st.integers(0, 6)


@given(st.lists(st.tuples(st.integers(0, 2), TIMES, TIMES | st.none()), max_size=9))
def test_precedence_is_that_of_closed_intervals(drawn: list[tuple[int, int, int | None]]) -> None:
    rows = [row(client, call, None if last is None else max(call, last)) for client, call, last in drawn]
    for number, entry in enumerate(rows):
        entry["in"] = number
    operations = {op.input: op for op in from_paired(*rows)}
    position = {id(entry): number for number, entry in enumerate(rows)}
    for a in rows:
        for b in rows:
            if a is b or a["return"] is None:
                continue
            first, second = operations[a["in"]], operations[b["in"]]  # type: ignore[index]
            strictly = a["return"] < b["call"]  # type: ignore[operator]
            if strictly:
                assert first.precedes(second)
            elif first.precedes(second):
                assert sequential(a, b, position)


def test_a_client_never_has_two_operations_open_or_goes_on_after_an_unknown_one() -> None:
    history = from_paired(row(0, 1, 9), row(0, 2, 3), row(0, 4, None), row(0, 10, 11), row("a", 1, 2))
    assert [(op.process, op.invoked) for op in history] == [(0, 1), (1, 1), (2, 2), (2, 4), (0, 10)]
    assert history.warnings == (
        "operations invoked while their process had another one open went onto fresh processes: 1, "
        "the first on line 2, of process 0",
    )
    history = from_paired(row(4, 1, None), row(4, 2, 3), row(4, 4, 5))
    assert [op.process for op in history] == [4, 5, 5]
    assert history.warnings == (
        "operations invoked after one of unknown outcome went onto fresh processes: 1, "
        "the first on line 2, of process 4",
    )


def test_paired_values_in_our_words() -> None:
    history = from_paired(
        row("a", 1, 2, op="cas", **{"in": [None, 2], "out": True}, node=3),
        row("a", 3, 4, op="cas", **{"in": [1, 2], "out": False}),
        row("a", 5, 6, op="write", out="OK"),
        row("a", 7, 8, op="read", out=[1, [2]]),
        row("a", 9, 10, op="append", **{"in": "z", "out": "yz"}),
        row("a", 11, None, op="cas", **{"in": [1, 2], "out": None}),
    )
    assert [op.output for op in history] == [True, False, None, (1, (2,)), "yz", None]
    assert [op.outcome for op in history] == ["ok"] * 5 + ["info"]
    assert history.operations[0].input == (None, 2)
    assert history.operations[0].node == "3"


def test_events_in_our_words() -> None:
    history = from_events(
        line("a", "invoke", [1, 2], f="cas", node=3, t=1),
        line("nemesis", "fault", "kill -9 n1", f="kill-leader", t=2),
        line("b", "connect-error"),
        line("b", "invoke", 7, t=3),
        line("a", "ok", False, f="cas", t=4),
        line("nemesis", "fault", "leader now n3", f="who", t=4),
        line("a", "invoke", [1, 2], f="cas", t=5),
        line("b", "info", 7, t=5, error="timeout"),
        line("nemesis", "fault", "restart n1", f="restart", t=6),
        line("a", "fail", [1, 2], f="cas", t=6, error="mismatch"),
        line("a", "invoke", None, f="read", t=7),
        line("a", "ok", 7, f="read", t=8),
    )
    assert [(op.f, op.input, op.output, op.outcome, op.process) for op in history] == [
        ("cas", (1, 2), False, "ok", 0),
        ("write", 7, None, "info", 1),
        ("cas", (1, 2), None, "fail", 0),
        ("read", None, 7, "ok", 0),
    ]
    assert [op.error for op in history] == [None, "timeout", "mismatch", None]
    assert history.operations[0].node == "3"
    assert history.nemesis == (
        NemesisEvent(what="start", time=2, unit=0, fault="kill-leader", detail="kill -9 n1"),
        NemesisEvent(what="stop", time=6, unit=0, fault="kill-leader", detail="restart n1"),
    )
    assert history.warnings == ("1 connect-error lines are no operations and were left out",)


def test_the_order_of_lines_is_the_order_of_events() -> None:
    history = from_events(line(0, "invoke", 1, t=5), line(0, "ok", 1, t=6), line(1, "invoke", 2, t=5))
    assert sequence(history) == ["c0", "r0", "c1"]


def test_open_operations_of_one_process_are_told_apart_by_what_completes_them() -> None:
    history = from_events(
        line(0, "invoke", 1),
        line(0, "invoke", 2),
        line(0, "invoke", None, f="read"),
        line(0, "ok", 2),
        line(0, "ok", 5, f="read"),
        line(0, "ok", 1),
        line(0, "invoke", 3),
        line(0, "info", 3),
        line(0, "invoke", 4),
        line(0, "ok", 4),
    )
    assert sequence(history) == ["c0", "c1", "c2", "r1", "r2", "r0", "c3", "c4", "r4"]
    assert [op.output for op in history] == [None, None, 5, None, None]
    assert history.warnings == (
        "operations invoked while their process had another one open went onto fresh processes: 2, "
        "the first on line 2, of process 0",
    )


def test_a_process_that_goes_on_after_an_unknown_outcome_is_split() -> None:
    history = from_events(line(3, "invoke", 1), line(3, "info", 1), line(3, "invoke", 2), line(3, "ok", 2))
    assert [op.process for op in history] == [3, 4]
    assert history.warnings == (
        "operations invoked after one of unknown outcome went onto fresh processes: 1, "
        "the first on line 3, of process 3",
    )


@pytest.mark.parametrize(
    ("format", "lines", "message"),
    [
        ("paired", [row(0, 5, 4)], "p:1: field `return`: 4 is before the call at 5"),
        ("paired", [row(0, 5, 6), row(0, "x", 6)], "p:2: field `call`: Expected `int`, got `str`"),  # type: ignore[arg-type]
        ("paired", [row(0, 1, 2), {"client": 0, "call": 1}], "p:2: missing required field `op`"),
        ("paired", [row(1.5, 1, 2)], "p:1: field `client`: Expected `int | str`, got `float`"),  # type: ignore[arg-type]
        (
            "paired",
            [row(0, 1, 2), row(0, 3, 4, op="cas")],
            "p:2: the input of cas is 1: it must be the list [expected, new]",
        ),
        (
            "paired",
            [row(0, 1, 2, op="cas", **{"in": [1, 2], "out": None})],
            "p:1: the output of cas is None: it must be true or false",
        ),
        ("paired", [row(0, 1, 2, key=1.5)], "p:1: 1.5 is a key: use null, integers, strings or lists of those"),
        (
            "events",
            [line(0, "invoke", 1), line(0, "done", 1)],
            "e:2: unknown type 'done': use invoke, ok, fail, info or connect-error",
        ),
        ("events", [line(0, "ok", 1)], "e:1: ok of process 0, which has no operation open"),
        ("events", [line(0, "invoke", 1, f=None)], "e:1: an invocation without field `f`"),
        (
            "events",
            [line(0, "invoke", 1), line(0, "ok", 1, key="y")],
            "e:2: ok of process 0 for write on 'y', but it invoked write on 'x' on line 1",
        ),
        (
            "events",
            [line(0, "invoke", 1, f="read"), line(0, "invoke", 1, f="read"), line(0, "ok", 1, f="read")],
            "e:3: ok of process 0 fits not exactly one of its open operations, of lines 1 and 2: "
            "give each a process of its own",
        ),
        (
            "events",
            [line(0, "invoke", number) for number in range(1001)],
            "e:1001: process 0 has 1000 operations open: give each a process of its own",
        ),
        (
            "events",
            [line(0, "invoke", 1, t=5), line(0, "ok", 1, t=4)],
            "e:2: operation 0 completes at 4 ns, before its invocation at 5 ns",
        ),
        (
            "events",
            [line(0, "invoke", {"a": 1})],
            "e:1: a value is an object: use null, booleans, numbers, strings and lists of those",
        ),
    ],
)
def test_line_and_reason(format: str, lines: list[dict[str, object]], message: str) -> None:
    assert refusal(format, *lines) == message


def test_a_torn_last_line_may_be_left_out_only_where_lines_are_in_real_time_order() -> None:
    whole = json.dumps(line(0, "invoke", 1)).encode()
    history = events.read("e", whole + b"\n" + whole[:20])
    assert len(history) == 1
    assert history.warnings == ("line 2, the last, is torn and was left out: not JSON: cut off",)
    whole = json.dumps(row(0, 1, 2)).encode()
    with pytest.raises(HistoryError, match="p:2: not JSON: cut off"):
        paired.read("p", whole + b"\n" + whole[:20])


REAL = {
    "etcd-linearizable.jsonl": (3479, {"ok": 3462, "info": 17}, 15, 0),
    "etcd351-set-lost-writes-slice.jsonl": (764, {"ok": 764}, 191, 0),
    "nats2151-jetstream-kv-leader-get.events.jsonl": (3296, {"ok": 2753, "fail": 528, "info": 15}, 15, 8),
    "postgres-patroni-async.jsonl": (3025, {"ok": 3016, "info": 9}, 15, 0),
    "pysyncobj-local-reads.jsonl": (2287, {"ok": 2274, "info": 13}, 15, 0),
    "redis-sentinel-default.events.jsonl": (6765, {"ok": 6753, "fail": 8, "info": 4}, 10, 6),
    "redis-sentinel-default.jsonl": (6757, {"ok": 6753, "info": 4}, 10, 0),
    "zookeeper-plain-reads.jsonl": (5561, {"ok": 5552, "info": 9}, 20, 0),
    "zookeeper-sync-reads.jsonl": (5364, {"ok": 5359, "info": 5}, 20, 0),
}


@pytest.mark.parametrize("name", REAL)
def test_real_histories(real_data: Path, tmp_path: Path, name: str) -> None:
    history = load(real_data / "real" / name)
    outcomes = Counter(op.outcome for op in history)
    assert (len(history), dict(outcomes), len(history.by_key()), len(history.nemesis)) == REAL[name]
    assert all(_in_register_words(op) for op in history)
    save(history, tmp_path / name)
    assert load(tmp_path / name) == history


def test_both_forms_of_one_run_agree(real_data: Path) -> None:
    def claims(history: History) -> Counter[tuple[object, ...]]:
        return Counter(
            (op.f, op.key, op.input, op.output, op.outcome, op.invoked) for op in history if op.outcome != "fail"
        )

    as_events = load(real_data / "real" / "redis-sentinel-default.events.jsonl")
    as_pairs = load(real_data / "real" / "redis-sentinel-default.jsonl")
    assert claims(as_events) == claims(as_pairs)


def _in_register_words(op: Operation) -> bool:
    if op.f == "cas":
        pair = isinstance(op.input, tuple) and len(op.input) == 2
        return pair and (op.output is None if op.outcome != "ok" else isinstance(op.output, bool))
    return (op.f == "read" and op.input is None) or (op.f == "write" and op.output is None)
