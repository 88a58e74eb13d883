"""What native code reads of a file is what is read without it, and whatever it does not read is read without it."""

from pathlib import Path
from random import Random

import pytest
from drawn import histories
from fuzz import OURS, damaged
from hypothesis import given

from splitbrain.errors import HistoryError
from splitbrain.histories.columns import Columns
from splitbrain.histories.formats import jsonl, plain
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


def read(text: str | bytes) -> str:
    """The history, or what is wrong, and the values with their types."""
    try:
        history = jsonl.read("h", text.encode() if isinstance(text, str) else text)
        return repr(History(history.operations, history.nemesis, history.warnings))
    except HistoryError as error:
        return str(error)


def both(text: str | bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What becomes of the file with and without native code."""
    with_native = read(text)
    with monkeypatch.context() as patch:
        patch.setattr(plain, "NATIVE", False)
        return with_native, read(text)


def is_plain(text: str | bytes) -> bool:
    data = text.encode() if isinstance(text, str) else text
    return plain.read_plain(data, data.index(b"\n") + 1) is not None


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
