"""What native code reads of a file is what is read without it, and whatever it does not read is read without it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest
from drawn import histories
from fuzz import OURS, damaged
from hypothesis import given

from splitbrain.errors import HistoryError
from splitbrain.histories.columns import Columns
from splitbrain.histories.formats import events, jsonl, paired, plain
from splitbrain.histories.formats.detect import Format
from splitbrain.histories.history import History

HEADER = '{"format":"splitbrain","version":1}\n'
INVOKE = '{"type":"invoke","operation":0,"process":0,"time":5,"f":"write","key":"x","input":1}\n'
OK = '{"type":"ok","operation":0,"process":0,"time":6}\n'
PLAIN = HEADER + INVOKE + OK
LONGER = (
    PLAIN
    + """{"type":"invoke","operation":1,"process":0,"time":7,"f":"cas","key":["x",2],"input":[1,5],"node":"s1"}
{"type":"invoke","operation":2,"process":1,"time":8,"f":"read","key":"x"}
{"type":"nemesis","what":"start","time":9,"unit":0,"fault":"kill","targets":["s1"]}
{"type":"ok","operation":1,"process":0,"time":9,"output":true}
{"type":"info","operation":2,"process":1,"time":10,"error":"deadline"}
{"type":"invoke","operation":3,"process":2,"time":11,"f":"write","key":3,"input":"a\\n"}
{"type":"fail","operation":3,"process":2,"time":12,"error":"refused"}
"""
)

native = pytest.mark.skipif(not plain.NATIVE, reason="there is no native code here")


def read(text: str | bytes, format: Format = jsonl) -> str:
    """The history, or what is wrong, and the values with their types."""
    try:
        history = format.read("h", text.encode() if isinstance(text, str) else text)
        return repr(History(history.operations, history.nemesis, history.warnings))
    except HistoryError as error:
        return str(error)


def both(text: str | bytes, monkeypatch: pytest.MonkeyPatch, format: Format = jsonl) -> tuple[str, str]:
    """What becomes of the file with and without native code."""
    with_native = read(text, format)
    with monkeypatch.context() as patch:
        patch.setattr(plain, "NATIVE", False)
        return with_native, read(text, format)


def is_plain(text: str | bytes) -> bool:
    data = text.encode() if isinstance(text, str) else text
    return plain.read_ours(data, data.index(b"\n") + 1) is not None


@given(histories())
def test_columns_hold_the_operations(history: History) -> None:
    columns = Columns.of(history.operations)
    assert repr(tuple(columns.operations())) == repr(history.operations)
    assert columns.counts() == history.counts
    assert History.from_columns(columns, history.nemesis, history.warnings) == history


@native
@given(histories())
def test_what_a_recorder_writes_is_plain(history: History) -> None:
    written = jsonl.write(history)
    assert is_plain(written)
    with pytest.MonkeyPatch.context() as patch:
        one, other = both(written, patch)
        assert one == other


def test_damaged_files(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(1)
    samples = [OURS.encode(), PLAIN.encode(), LONGER.encode()]
    for _ in range(3000):
        data = damaged(random, samples)
        one, other = both(data, monkeypatch)
        assert one == other, data


@native
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ('"input":1', '"input":[1,[2.50,"]"]]'),
        ('"input":1', '"input":"\\u0061\\"b"'),
        ('"input":1', '"input":-0.0'),
        ('"input":1', '"input": null , "node" : "s1"'),
        ('"key":"x",', ""),
        ('"x"', '[1,"ä"]'),
        ("\n", "\r\n"),
        ("\n", "\n\n \t\n"),
        (OK, ""),
        (OK, OK.replace("ok", "info").replace('"time"', '"error":"timeout","time"')),
        (OK, '{"type":"nemesis","what":"heal","time":6}\n' + OK),
        ('"time":5', '"time":-9223372036854775807'),
        ('"type":"invoke","operation":0', '"operation":0,"type":"invoke"'),
    ],
)
def test_plain_files(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PLAIN.replace(old, new)
    assert is_plain(text)
    one, other = both(text, monkeypatch)
    assert one == other
    assert one.startswith("History(")


@native
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"input":1', '"input":{"a":1}'),
        ('"input":1', '"input":NaN'),
        ('"input":1', '"input":1e999'),
        ('"input":1', f'"input":{"[" * 200}{"]" * 200}'),
        ('"input":1', '"input":01'),
        ('"input":1', '"input":[1,]'),
        ('"input":1', '"input":"\x00"'),
        ('"input":1', '"input":1,"input":1'),
        ('"input":1', '"input":1,"output":1'),
        ('"input":1', '"input":1,"colour":1'),
        ('"key":"x"', '"key":1.5'),
        ('"key":"x"', '"key":[true]'),
        ('"f":"write"', '"f":1'),
        ('"f":"write",', ""),
        ('"time":5', '"time":5.0'),
        ('"time":5', '"time":-0'),
        ('"time":5', '"time":7'),
        ('"time":5', '"time":9223372036854775808'),
        ('"process":0', '"process":-1'),
        ('"process":0,"time":6', '"process":1,"time":6'),
        ('"operation":0', '"operation":1'),
        ("ok", "done"),
        (OK, OK + OK),
        (INVOKE, INVOKE + INVOKE),
        (INVOKE, ""),
        ("}\n", "},\n"),
        ('"x"', '"x'),
        (OK, OK[:-3]),
        (OK, OK + '{"type":"nemesis","what":"heal","time":6,"unit":"one"}\n'),
    ],
)
def test_what_is_not_plain_is_read_without_native_code(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PLAIN.replace(old, new)
    assert text != PLAIN
    if "unit" not in new:  # a line about something else is looked at later
        assert not is_plain(text)
    one, other = both(text, monkeypatch)
    assert one == other


def recorded_events(random: Random) -> str:
    """What a recorder of events may write, with processes that go on after anything, and every kind of answer."""
    lines: list[dict[str, object]] = []
    open_: dict[int, dict[str, object]] = {}
    for time in range(random.randint(1, 30)):
        process = random.choice((0, 1, 2, -7, 40))
        if random.random() < 0.05:
            lines.append(
                {"process": "nemesis", "type": "fault", "f": random.choice(("kill-x", "restart-x")), "t": time}
            )
        elif random.random() < 0.05:
            lines.append({"process": process, "type": "connect-error", "t": time, "error": "refused"})
        elif process in open_ and random.random() < 0.95:
            asked = open_.pop(process)
            value = _answer(random, str(asked["f"]), asked["value"])
            kind = random.choice(("ok", "ok", "ok", "info", "fail"))
            lines.append(asked | {"type": kind, "t": time, "value": value, "error": random.choice((None, "why"))})
            if random.random() < 0.2:
                del lines[-1]["f"], lines[-1]["key"]
        else:
            asked = _asked(random, ("process", "f", "key", "value", "node"), process)
            open_[process] = asked
            lines.append(asked | {"type": "invoke", "t": time})
    return "".join(json.dumps(line) + "\n" for line in lines)


def recorded_pairs(random: Random) -> str:
    """What a recorder of pairs may write, some of them at the same time, in the order in which they returned."""
    lines: list[dict[str, object]] = []
    for _ in range(random.randint(1, 15)):
        row = _asked(random, ("client", "op", "key", "in", "node"), random.choice((0, 1, 2, -7)))
        call = random.randint(0, 40) if random.random() < 0.3 else random.randint(0, 10**9)
        length = random.choice((0, 1, 5, 10**6))
        row |= {"call": call, "return": random.choice((None, *[call + length] * 5))}
        row["out"] = _answer(random, str(row["op"]), row["in"])
        lines.append(row | random.choice(({}, {"colour": "blue"})))
    return "".join(json.dumps(line) + "\n" for line in lines)


def _asked(random: Random, names: Sequence[str], process: int) -> dict[str, object]:
    f = random.choice(("read", "write", "cas", "append", "add"))
    given = {"read": None, "cas": [random.randint(0, 2), 5]}.get(f, random.choice((1, 1.0, True, "a", [1])))
    values = (process, f, random.choice(("x", 3, ["y", 1], None)), given, random.choice((None, 2, "n1")))
    return dict(zip(names, values, strict=True))


def _answer(random: Random, f: str, given: object) -> object:
    if f == "cas":
        return random.choice((True, False, given)) if random.random() < 0.98 else 7
    return random.choice((given, given, None, 1, 1.0, "b"))


@pytest.mark.parametrize(("format", "recorded"), [(events, recorded_events), (paired, recorded_pairs)])
def test_foreign_files(format: Format, recorded: Callable[[Random], str], monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(1)
    loaded = plain_ones = 0
    for _ in range(2000):
        data = recorded(random).encode()
        if random.random() < 0.3:
            data = damaged(random, [data])
        one, other = both(data, monkeypatch, format)
        assert one == other, data
        loaded += one.startswith("History(")
        plain_ones += bool(data) and (plain.read_events if format is events else plain.read_paired)(data) is not None
    assert loaded > 500
    assert plain_ones > 500 or not plain.NATIVE


def test_recorded_files_are_plain(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (real_data / "real").glob("*.jsonl"):
        data = path.read_bytes()
        format = events if path.name.endswith(".events.jsonl") else paired
        if plain.NATIVE:
            assert (plain.read_events if format is events else plain.read_paired)(data) is not None, path
        one, other = both(data, monkeypatch, format)
        assert one == other, path


@native
def test_many_values() -> None:
    """More than the table of texts has room for at first, and many of them alike."""
    lines = [
        f'{{"type":"invoke","operation":{n},"process":{n},"time":5,"f":"write","key":{n % 7},"input":"{n:020x}"}}\n'
        for n in range(20_000)
    ]
    data = (HEADER + "".join(lines)).encode()
    assert is_plain(data)
    assert [operation.input for operation in jsonl.read("h", data)] == [f"{n:020x}" for n in range(20_000)]


def test_operations_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    history = jsonl.read("h", PLAIN.encode())
    assert len(history) == 1
    assert history.counts == {("write", "ok"): 1}
    assert ("operations" in vars(history)) is not plain.NATIVE
    assert history.operations[0].input == 1
    assert history == History.from_events(history.events())
    assert hash(history) == hash(History(history.operations))
