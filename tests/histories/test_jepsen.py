"""Jepsen's operations in each notation: outcomes, processes, keys, the nemesis, and history.edn written and read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import histories
from hypothesis import given, settings

from splitbrain.errors import HistoryError, UsageError
from splitbrain.histories.event import Completion, Event, Invocation, NemesisEvent
from splitbrain.histories.formats import elle, jepsen, jepsen_log
from splitbrain.histories.history import History
from splitbrain.histories.operation import Value
from splitbrain.histories.store import load, save

Line = tuple[object, str, str, Value]
"""Process, type, `f`, value."""


def edn(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(edn, value))}]"
    return json.dumps(value)


def as_edn(*lines: Line) -> str:
    def text(line: Line) -> str:
        process, kind, f, value = line
        name = process if isinstance(process, int) else f":{process}"
        return f"{{:process {name}, :type :{kind}, :f :{f}, :value {edn(value)}}}\n"

    return "".join(map(text, lines))


def as_vector(*lines: Line) -> str:
    return f"[{as_edn(*lines).strip()}]"


def as_records(*lines: Line) -> str:
    return as_edn(*lines).replace("{:", "#jepsen.history.Op{:")


def as_log(*lines: Line) -> str:
    def text(line: Line) -> str:
        process, kind, f, value = line
        name = process if isinstance(process, int) else f":{process}"
        return f"INFO  jepsen.util - {name}\t:{kind}\t:{f}\t{edn(value)}\n"

    return "".join(map(text, lines))


def as_json(*lines: Line) -> str:
    names = ("process", "type", "f", "value")
    return json.dumps([dict(zip(names, line, strict=True)) for line in lines])


def as_json_lines(*lines: Line) -> str:
    names = ("process", "type", "f", "value")
    return "".join(json.dumps(dict(zip(names, line, strict=True))) + "\n" for line in lines)


Notation = Callable[..., str]
NOTATIONS: list[Notation] = [as_edn, as_vector, as_records, as_log, as_json, as_json_lines]

each_notation = pytest.mark.parametrize("notation", NOTATIONS)


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[[str], History]:
    def load_text(text: str) -> History:
        path = tmp_path / "anything"
        path.write_text(text)
        return load(path)

    return load_text


Loaded = Callable[[str], History]


@each_notation
def test_operations_in_our_words(notation: Notation, loaded: Loaded) -> None:
    history = loaded(
        notation(
            (0, "invoke", "read", None),
            (1, "invoke", "write", 3),
            (0, "ok", "read", None),
            (1, "ok", "write", 3),
            (2, "invoke", "cas", (3, 4)),
            (2, "ok", "cas", (3, 4)),
            (0, "invoke", "cas", (1, 4)),
            (0, "fail", "cas", (1, 4)),
            (0, "invoke", "enqueue", "x"),
            (0, "ok", "enqueue", "x"),
            (1, "invoke", "dequeue", None),
            (1, "ok", "dequeue", "x"),
            (1, "invoke", "acquire", None),
            (1, "ok", "acquire", None),
            (2, "invoke", "write", 5),
            (2, "info", "write", 5),
            (7, "invoke", "read", None),
        )
    )
    assert [(op.process, op.f, op.input, op.output, op.outcome) for op in history] == [
        (0, "read", None, None, "ok"),
        (1, "write", 3, None, "ok"),
        (2, "cas", (3, 4), True, "ok"),
        (0, "cas", (1, 4), None, "fail"),
        (0, "enqueue", "x", None, "ok"),
        (1, "dequeue", None, "x", "ok"),
        (1, "acquire", None, None, "ok"),
        (2, "write", 5, None, "info"),
        (7, "read", None, None, "info"),
    ]
    assert [(op.call, op.return_) for op in history][:4] == [(0, 2), (1, 3), (4, 5), (6, 7)]
    assert [op.completed is None for op in history] == [False] * 8 + [True]
    assert history.warnings == ()


@each_notation
def test_a_process_that_goes_on_gets_a_fresh_number(notation: Notation, loaded: Loaded) -> None:
    history = loaded(
        notation(
            (0, "invoke", "write", 1),
            (0, "info", "write", 1),
            (0, "invoke", "write", 2),
            (0, "invoke", "write", 3),
            (0, "ok", "write", 3),
            (0, "invoke", "read", None),
            (0, "ok", "read", 3),
        )
    )
    assert [(op.process, op.outcome) for op in history] == [(0, "info"), (1, "info"), (2, "ok"), (2, "ok")]
    assert history.operations[1].return_ is None
    (warning,) = history.warnings
    assert warning.startswith("operations invoked after one of unknown outcome went onto fresh processes: 2, the first")


@each_notation
def test_pairs_of_key_and_value(notation: Notation, loaded: Loaded) -> None:
    history = loaded(
        notation(
            (0, "invoke", "write", ("x", 1)),
            ("nemesis", "info", "start", None),
            (1, "invoke", "read", ("y", None)),
            (0, "ok", "write", ("x", 1)),
            (1, "ok", "read", ("y", None)),
            (0, "invoke", "cas", ("x", (1, 2))),
            (0, "ok", "cas", ("x", (1, 2))),
            (1, "invoke", "write", ("y", 5)),
            (1, "info", "write", ("y", 5)),
        )
    )
    assert [(op.f, op.key, op.input, op.output) for op in history] == [
        ("write", "x", 1, None),
        ("read", "y", None, None),
        ("cas", "x", (1, 2), True),
        ("write", "y", 5, None),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [
            (0, "invoke", "cas", (1, 2)),
            (0, "ok", "cas", (1, 2)),
            (0, "invoke", "cas", (2, 3)),
            (0, "fail", "cas", None),
        ],
        [(0, "invoke", "write", (1, 2)), (0, "ok", "write", (1, 2)), (0, "invoke", "read", None)],
        [(0, "invoke", "write", (1, 2)), (0, "ok", "write", (1, 2)), (0, "invoke", "cas", ((1, 2), (3, 4)))],
        [(0, "invoke", "write", (1, 2)), (0, "ok", "write", (1, 2)), (1, "invoke", "write", 1)],
        [(0, "invoke", "txn", (("r", 1, None), ("r", 2, None)))],
        [(0, "invoke", "read", (1, None)), (0, "ok", "read", 5)],
    ],
)
def test_other_pairs_are_values(lines: list[Line], loaded: Loaded) -> None:
    for notation in NOTATIONS:
        history = loaded(notation(*lines))
        assert all(op.key is None for op in history)
        assert [op.input for op in history] == [value for _, kind, _, value in lines if kind == "invoke"]


def test_a_field_for_the_key(loaded: Loaded) -> None:
    history = loaded(
        '{:process 9, :type :invoke, :f :append, :key "0", :value ["a" 1]}\n'
        '{:process 9, :type :ok, :f :append, :key "0", :value ["a" 1]}\n'
    )
    assert [(op.key, op.input, op.output) for op in history] == [("0", ("a", 1), None)]


@each_notation
def test_the_nemesis(notation: Notation, loaded: Loaded) -> None:
    def twice(f: str, value: Value = None) -> list[Line]:
        return [("nemesis", "info", f, value)] * 2

    history = loaded(
        notation(
            *[(0, "invoke", "read", None), (0, "ok", "read", None)],
            *[*twice("start"), *twice("stop"), *twice("start-partition", "n1"), *twice("kill"), *twice("start")],
            *[*twice("stop-partition"), *twice("pause"), *twice("resume"), *twice("stop"), *twice("bump-clock")],
        )
    )
    assert [(event.what, event.unit, event.fault) for event in history.nemesis] == [
        ("start", 0, "nemesis"),
        ("stop", 0, "nemesis"),
        ("start", 1, "partition"),
        ("start", 2, "kill"),
        ("stop", 2, "kill"),
        ("stop", 1, "partition"),
        ("start", 3, "pause"),
        ("stop", 3, "pause"),
        ("start", 4, "bump-clock"),
    ]
    assert history.nemesis[2].detail == "n1"


def test_times_are_taken_if_all_lines_have_one(loaded: Loaded) -> None:
    first = "{:process 0, :type :invoke, :f :read, :time 70}\n"
    assert loaded(first + "{:process 0, :type :ok, :f :read, :time 90}").span == (70, 90)
    assert loaded(first + "{:process 0, :type :ok, :f :read}").span == (0, 1)


def test_values_and_errors_of_all_kinds(loaded: Loaded) -> None:
    history = loaded(
        "{:process 0, :type :invoke, :f :read, :value nil}\n"
        "{:process 0, :type :ok, :f :read, :value #{3 1 [:x a 1.5M 1/3]}, :node :n1}\n"
        "{:process 0, :type :invoke, :f :read, :value nil, :node n1}\n"
        '{:process 0, :type :ok, :f :read, :value {:y 1, :x #inst "1985"}}\n'
        "{:process 0, :type :invoke, :f :write, :value :a}\n"
        "{:process 0, :type :fail, :f :write, :value :a, :error [:no-leader {:term 3}]}\n"
        "{:process 1, :type :invoke, :f :write, :value 1}\n"
        "{:process 1, :type :info, :f :write, :value :timed-out}\n"
        "{:process :worker, :type :invoke, :value [[:append 1 2]]}\n"
    )
    assert [(op.f, op.input, op.output) for op in history] == [
        ("read", None, (("x", "a", "1.5", "1/3"), 1, 3)),
        ("read", None, (("x", ("#inst", "1985")), ("y", 1))),
        ("write", "a", None),
        ("write", 1, None),
        ("txn", (("append", 1, 2),), None),
    ]
    assert [op.error for op in history] == [None, None, '["no-leader" [["term" 3]]]', "timed-out", None]
    assert [op.process for op in history] == [0, 0, 0, 1, 2]
    assert history.operations[1].node == "n1"


def test_a_torn_end_is_left_out(loaded: Loaded) -> None:
    whole = as_edn((0, "invoke", "read", None), (0, "ok", "read", 5))
    for text in (whole[:-5], "[" + whole[:-5]):
        history = loaded(text)
        assert [op.outcome for op in history] == ["info"]
        assert history.warnings == (
            "the file is torn on line 2, its end was left out: cut off: the map that begins on line 2 never ends",
        )
    assert len(loaded("[" + whole).warnings) == 1
    history = loaded(as_log((0, "invoke", "read", None), (0, "ok", "read", 15)).rstrip("5\n"))
    assert [op.outcome for op in history] == ["info"]
    assert history.warnings == ("line 2, the last, has no end: it may be torn and was left out",)


def test_a_long_first_operation(loaded: Loaded) -> None:
    numbers = tuple(range(20_000))
    history = loaded(f"[{{:type :invoke, :process 0, :f :write, :value {edn(numbers)}}}]")
    assert history.operations[0].input == numbers


def test_other_lines_in_a_log(loaded: Loaded) -> None:
    history = loaded(
        "2016-04-05 INFO  jepsen.core - Worker 0 starting\n\n"
        "2016-04-05 10:00:00 INFO [worker 3] jepsen.util - 3\t:invoke\t:read\tnil\n"
        "3\t:fail\t:read\tnil\t[:no-leader 1]\r\n"
        "WARN: 3 :fail\n"
    )
    assert [(op.process, op.outcome, op.error) for op in history] == [(3, "fail", '["no-leader" 1]')]
    assert history.warnings == ("lines that are no operations were left out: 2, the first is 1",)


GOOD = "{:process 0, :type :invoke, :f :read}\n"
GOOD_LOG = "1\t:invoke\t:read\tnil\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "[1 2]", ":2: an operation is no map"),
        (GOOD + "{:process 0}", ":2: an operation without :type"),
        (GOOD + "{:type :ok}", ":2: an operation without :process"),
        (GOOD + "{:type 5}", ":2: :type is 5: it must be a name"),
        (GOOD + "{:type :ok, :process 1.5}", ":2: :process is 1.5: it must be a name"),
        (GOOD + "{:type :ok, :process true}", ":2: :process is true: it must be a name"),
        (GOOD + "{:type :ok, :process 0, :f 5}", ":2: :f is 5: it must be a name"),
        (
            GOOD + "{:type :ok, :process 0, :time 1.5}",
            ":2: :time is 1.5: it must be an integer of at most 64 bits",
        ),
        (
            GOOD + "{:type :ok, :process 99999999999999999999}",
            ":2: :process is 99999999999999999999: it must be an integer of at most 64 bits",
        ),
        (GOOD + "{:type :done, :process 0}", ":2: unknown type 'done': use invoke, ok, fail, info or connect-error"),
        (GOOD + "\n{:type :ok, :process 1}", ":3: ok of process 1, which has no operation open"),
        (GOOD + "{:type :invoke, :process 1}", ":2: an invocation without field `f`"),
        (
            GOOD + "{:type :ok, :process 0, :f :write}",
            ":2: ok of process 0 for write on None, but it invoked read on None on line 1",
        ),
        (
            GOOD + "{:type :invoke, :process 1, :f :cas, :value 1}",
            ":2: the input of cas is 1: it must be the list [expected, new]",
        ),
        (GOOD + "{:type :ok, :process 0, :value ##NaN}", ":2: nan is not a value: use null, or a string"),
        (
            GOOD + "{:type :ok, :process 0, :value " + "[" * 150 + "]" * 150 + "}",
            ":2: a value is nested deeper than 100: use a flatter one",
        ),
        (GOOD + "{:type :ok, :process 0 :what 1}", ":2: what the nemesis did makes no sense: "),
        (GOOD + "}", ":2: not EDN: } closes nothing"),
        (GOOD.replace("}", "") + GOOD * 3, ":5: cut off: the map that begins on line 1 never ends"),
        (GOOD + GOOD.replace("}", ' "}') + GOOD * 3, ":2: cut off: a string never ends"),
        ("; c\n[#a.B {:type :ok :f 5/}", ":2: not EDN: 5/ is no number"),
        (GOOD_LOG + "1\t:ok\tread\tnil\n", ":2: an operation is `process :type :f value`"),
        (GOOD_LOG + "1\t:ok\t:read\t[\n", ":2: cut off: the vector that begins on line 2 never ends"),
        (GOOD_LOG + "1\t:ok\t:read\t1 2 3\n", ":2: more than value and error follow the function"),
        (GOOD_LOG + "12345678901234567890\t:ok\t:read\t1\n", ":2: an operation is `process :type :f value`"),
        ('[{"type":"invoke","process":0,"f":"read"},\n\n{"type":"ok"}]', ":3: an operation without :process"),
        ('[{"type":"invoke","process":0,"f":"read"},\n5]', ":2: Expected `object`, got `int`"),
        ('[{"type":"invoke","process":0,"f":"read"},\n{]', ":2: not JSON: expected '\"' (byte 44)"),
        ('[{"type":"invoke","process":0,"f":"read"},\n{', ":2: not JSON: cut off"),
        ('{"type":"ok","process":0,"f":"read"}\n', ":1: ok of process 0, which has no operation open"),
    ],
)
def test_line_and_reason(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text(text)
    with pytest.raises(HistoryError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}{message}")


def test_a_log_without_operations() -> None:
    with pytest.raises(HistoryError, match="h: no line is an operation"):
        jepsen_log.read("h", b"INFO  jepsen.core - starting\n")


def test_bytes_that_are_no_text() -> None:
    for format in (jepsen, jepsen_log):
        with pytest.raises(HistoryError, match="h:2: not UTF-8 text: invalid start byte at byte 38"):
            format.read("h", GOOD.encode() + b"\xff")
    with pytest.raises(HistoryError, match="h:1: not UTF-8 text"):
        elle.read("h", b'[{"type":"\xff"}]')


@given(histories())
@settings(max_examples=200)
def test_what_is_written_as_edn_loads_equal(history: History) -> None:
    loaded = jepsen.read("h", jepsen.write(history))
    assert loaded.operations == history.operations
    assert loaded.nemesis == history.nemesis
    assert repr(loaded.operations) == repr(history.operations)  # 1, 1.0 and True are equal


def test_what_knossos_reads(tmp_path: Path) -> None:
    def invoked(operation: int, f: str, input: Value = None) -> Event:
        return Invocation(operation=operation, process=operation, f=f, key="x", input=input, time=operation)

    def completed(operation: int, output: Value = None) -> Event:
        return Completion(operation=operation, process=operation, outcome="ok", output=output, time=operation)

    history = History.from_events(
        [
            *[invoked(0, "write", 3), completed(0), invoked(1, "read"), completed(1, 3)],
            *[invoked(2, "cas", (1, 2)), completed(2, False), invoked(3, "cas", (3, "a")), completed(3, True)],
            NemesisEvent(what="start", time=4, unit=0, fault="partition", targets=("s1",)),
        ]
    )
    path = tmp_path / "history.edn"
    save(history, path, "jepsen")
    assert load(path) == history
    assert path.read_text().splitlines() == [
        '{:index 0, :type :invoke, :process 0, :f :write, :key "x", :value 3, :time 0}',
        '{:index 1, :type :ok, :process 0, :f :write, :key "x", :value 3, :time 0}',
        '{:index 2, :type :invoke, :process 1, :f :read, :key "x", :value nil, :time 1}',
        '{:index 3, :type :ok, :process 1, :f :read, :key "x", :value 3, :time 1}',
        '{:index 4, :type :invoke, :process 2, :f :cas, :key "x", :value [1 2], :time 2}',
        '{:index 5, :type :fail, :process 2, :f :cas, :key "x", :value [1 2], :outcome :ok, :output false, :time 2}',
        '{:index 6, :type :invoke, :process 3, :f :cas, :key "x", :value [3 "a"], :time 3}',
        '{:index 7, :type :ok, :process 3, :f :cas, :key "x", :value [3 "a"], :time 3}',
        "{:index 8, :type :info, :process :nemesis, :f :start-partition, :value nil, :time 4, "
        ':what "start", :unit 0, :fault "partition", :targets ["s1"]}',
    ]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    surrogate = NemesisEvent(what="start", time=0, detail="\ud800")
    with pytest.raises(HistoryError, match="half of a surrogate pair"):
        jepsen.write(History(nemesis=(surrogate,)))
    huge = History.from_events([Invocation(operation=0, process=0, f="write", input=10**5000, time=0)])
    with pytest.raises(HistoryError, match="more than 4300 digits"):
        jepsen.write(huge)
    with pytest.raises(UsageError) as raised:
        save(History(), tmp_path / "h", "paired")
    assert str(raised.value) == "cannot write format 'paired': those that can be written are splitbrain, jepsen"
