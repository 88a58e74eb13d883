"""Files into histories and back: equality, torn lines, and the file, line and reason of everything that is wrong."""

import gc
from contextlib import suppress
from pathlib import Path

import pytest
from drawn import histories
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.errors import HistoryError, RunDirectoryError, UsageError
from splitbrain.histories.event import NemesisEvent
from splitbrain.histories.history import History
from splitbrain.histories.store import load, save

HEADER = '{"format":"splitbrain","version":1}\n'
INVOKE = '{"type":"invoke","operation":0,"process":0,"f":"write","key":"x","input":3,"time":1}\n'
OK = '{"type":"ok","operation":0,"process":0,"time":2}\n'
FORMATS = "(splitbrain, paired, events, elle, jepsen, jepsen-log)"


@given(histories())
@settings(max_examples=150)
def test_a_saved_history_loads_equal(tmp_path_factory: pytest.TempPathFactory, history: History) -> None:
    path = tmp_path_factory.getbasetemp() / "saved.jsonl"
    save(history, path)
    loaded = load(path)
    assert loaded == history
    assert repr(loaded) == repr(history)  # 1, 1.0 and True are equal


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "history.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path, format: str | None = None) -> str:
    with pytest.raises(HistoryError) as raised:
        load(path, format)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message[len(str(path)) :]


def test_absent_fields_are_null_and_blank_lines_nothing(tmp_path: Path) -> None:
    history = load(written(tmp_path, "\n" + HEADER + "\r\n" + INVOKE + "\n  \n" + OK + "\n\n"))
    (operation,) = history
    assert (operation.output, operation.node, operation.error, operation.return_) == (None, None, None, 1)
    assert history.warnings == ()


@pytest.mark.parametrize("cut", range(1, len(OK) - 1))
def test_a_torn_last_line_is_left_out_and_reported(tmp_path: Path, cut: int) -> None:
    history = load(written(tmp_path, HEADER + INVOKE + OK[:cut]))
    assert [op.outcome for op in history] == ["info"]
    assert history.warnings == ("line 3, the last, is torn and was left out: not JSON: cut off",)


def test_a_last_line_that_lacks_only_its_newline_is_whole(tmp_path: Path) -> None:
    history = load(written(tmp_path, HEADER + INVOKE + OK.rstrip("\n")))
    assert [op.outcome for op in history] == ["ok"]
    assert history.warnings == ()


@pytest.mark.parametrize(
    ("tail", "why"),
    [
        (b"\0\0\0\0", "not JSON: invalid character (byte 0)"),
        (b"garbage\n", "not JSON: invalid character (byte 0)"),
        (b'{"type":"ok","error":"\xff', "not JSON: cut off"),
        (b'{"type":"ok","operation":0,"process":0,"time":2,"error":"\xff"}', "not UTF-8 text: invalid start byte"),
    ],
)
def test_a_last_line_that_is_no_json_is_torn_too(tmp_path: Path, tail: bytes, why: str) -> None:
    history = load(written(tmp_path, (HEADER + INVOKE).encode() + tail))
    assert len(history) == 1
    (warning,) = history.warnings
    assert warning.startswith(f"line 3, the last, is torn and was left out: {why}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (HEADER + INVOKE[:30] + "\n" + OK, ":2: not JSON: cut off"),
        (HEADER + INVOKE + "\0\0\n" + OK, ":3: not JSON: invalid character (byte 0)"),
        (HEADER + INVOKE + '{"type":"ok",\n' + OK, ":3: not JSON: cut off"),
        (HEADER + '{"type":"invoke"}\n', ":2: missing required field `operation`"),
        (HEADER + INVOKE + OK.replace('"time":2', '"time":"2"'), ":3: field `time`: Expected `int`, got `str`"),
        (HEADER + INVOKE + OK.replace('"ok"', '"okay"'), ":3: field `type`: Invalid value 'okay'"),
        (HEADER + INVOKE + OK.replace("time", "tiem"), ":3: unknown field `tiem`"),
        (HEADER + INVOKE + OK.replace("time", "ti\\nme"), ":3: unknown field `ti\\nme`"),
        (HEADER + INVOKE + OK.replace("time", "t" * 999), ":3: unknown field `" + "t" * 484 + "…"),
        (HEADER + INVOKE + '{"operation":0}\n', ":3: missing required field `type`"),
        (HEADER + INVOKE + "[]\n", ":3: Expected `object`, got `array`"),
        (HEADER + INVOKE.replace('"f":"write"', '"f":null'), ":2: field `f`: Expected `str`, got `null`"),
        (
            HEADER + INVOKE.replace('"time":1', '"time":1' + "0" * 30),
            ":2: field `time`: Expected `int` <= 9223372036854775807",
        ),
        (HEADER + INVOKE.replace(":3", ":1e999"), ":2: field `input`: Number out of range"),
        (HEADER + INVOKE.replace(":3", ":" + "9" * 9999), ":2: field `input`: Integer value out of range"),
        (HEADER + INVOKE.replace(":3", ":NaN") + OK, ":2: not JSON: invalid character (byte 73)"),
        (HEADER + INVOKE + OK + OK, ":4: operation 0 is completed a second time (ok)"),
        (HEADER + OK + INVOKE, ":2: operation 0 is completed (ok) but was never invoked"),
        (
            HEADER + INVOKE + OK.replace('"time":2', '"time":0'),
            ":3: operation 0 completes at 0 ns, before its invocation at 1 ns",
        ),
        (
            HEADER + "\n" + INVOKE.replace(":3", ':{"a":1}') + OK,
            ":3: field `input`: Expected `bool | int | float | str | array | null`, got `object`",
        ),
        (
            HEADER + INVOKE.replace(":3", ':[[{"a":1}]]') + OK,
            ":2: a value is an object: use null, booleans, numbers, strings and lists of those",
        ),
        (
            HEADER + INVOKE.replace(":3", ":" + "[" * 200 + "]" * 200) + OK,
            ":2: a value nests lists deeper than 100: use a flatter one",
        ),
        (HEADER + INVOKE.replace(":3", ":" + "[" * 100_000) + OK, ":2: nested too deeply"),
        (HEADER + INVOKE + "[]", ":3: Expected `object`, got `array`"),
        (
            HEADER.replace("1", "2"),
            ":1: version 2 of the format, but only 1 is known: upgrade",
        ),
        (HEADER.replace("splitbrain", "other"), ":1: the format is 'other', not 'splitbrain'"),
        (HEADER.replace("1", '"1"'), ":1: field `version`: Expected `int`, got `str`"),
        ("", ": the file is empty: there is no history in it"),
        (" \n\r\n", ": the file is empty: there is no history in it"),
        ('{"a":1}\n', f":1: the line is in none of the known formats {FORMATS}"),
        ("\n\n[1]\n", f":3: the line is in none of the known formats {FORMATS}"),
        ('{"a":1', f":1: not JSON: cut off: it is in none of the known formats {FORMATS}"),
        (
            b'{"\xff":1}',
            ":1: not UTF-8 text: invalid start byte at byte 0 of a string: "
            f"it is in none of the known formats {FORMATS}",
        ),
        ('{"a":' * 100_000, f":1: nested too deeply: it is in none of the known formats {FORMATS}"),
        (b"\x7fELF\0\0", f":1: the line is in none of the known formats {FORMATS}"),
        ("[" * 100_000, f":1: the line is in none of the known formats {FORMATS}"),
    ],
)
def test_file_line_and_reason(tmp_path: Path, lines: str | bytes, message: str) -> None:
    assert refusal(written(tmp_path, lines)) == message


def test_missing_files_and_directories(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.jsonl") == ": no such file"
    assert refusal(tmp_path) == ": a directory, not a history: name the file in it"
    assert refusal(tmp_path / "nul\0") == ": cannot be read: embedded null byte"


def test_a_format_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + INVOKE + OK)
    assert load(path, "splitbrain") == load(path)
    assert refusal(path, "paired") == ":1: missing required field `client`"
    assert refusal(written(tmp_path, "\n"), "splitbrain") == ": the file is empty: there is no history in it"
    with pytest.raises(UsageError) as raised:
        load(path, "edn")
    assert str(raised.value) == f"unknown format 'edn': the formats are {FORMATS.strip('()')}"


def test_saving_replaces_the_file_only_when_all_is_written(tmp_path: Path) -> None:
    path = written(tmp_path, "precious")
    surrogate = NemesisEvent(what="start", time=0, detail="\ud800")
    with pytest.raises(HistoryError):
        save(History(nemesis=(surrogate,)), path)
    assert path.read_text() == "precious"
    save(History(), path)
    assert path.read_text() == HEADER
    assert list(tmp_path.iterdir()) == [path]


def test_saving_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "history.jsonl"
    with pytest.raises(RunDirectoryError) as raised:
        save(History(), path)
    assert str(raised.value) == f"{path}: cannot write the history: No such file or directory"


def test_loading_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    assert gc.isenabled()
    load(written(tmp_path, HEADER))
    assert gc.isenabled()
    refusal(written(tmp_path, HEADER + "x\n" + INVOKE))
    assert gc.isenabled()


@given(st.binary(max_size=60))
@settings(max_examples=150)
def test_junk_is_an_error_and_never_a_traceback(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.jsonl"
    for content in (junk, HEADER.encode() + junk + b"\n" + OK.encode()):
        path.write_bytes(content)
        for name in (None, *FORMATS.strip("()").split(", ")):
            with suppress(HistoryError):
                load(path, name)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_bytes(b"\xef\xbb\xbf" + (HEADER + INVOKE + OK).encode())
    assert len(load(tmp_path / "h.jsonl")) == 1
