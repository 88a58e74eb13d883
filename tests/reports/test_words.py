"""Values and times read well, and nothing from the system under test can do harm by being printed."""

import pytest

from splitbrain.histories.operation import Operation, Outcome, Value
from splitbrain.reports.words import Clock, answer, duration, label, name, noun, plain, request, show


def operation(f: str, given: Value, output: Value = None, outcome: Outcome = "ok") -> Operation:
    return Operation(index=0, process=0, f=f, input=given, output=output, outcome=outcome, call=0, invoked=0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (2**63 + 1, "9223372036854775809"),
        ("a", '"a"'),
        ('say "hi"', '"say \\"hi\\""'),
        ((1, "b", None), '[1, "b", null]'),
        ("é→", '"é→"'),
    ],
)
def test_values_are_shown_as_json_with_every_digit(value: Value, text: str) -> None:
    assert show(value) == text


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\u202eb", "\u2028", "\x9b31m", "\ud800", "\x00"])
def test_what_is_not_printable_is_escaped(hostile: str) -> None:
    for text in (show(hostile), plain(hostile), name(hostile)):
        assert text.isprintable()
        assert text.encode()


def test_long_values_keep_their_beginning_end_and_length() -> None:
    text = show("a" * 500 + "z" * 500, 30)
    assert text.startswith('"aaa')
    assert 'zzz"' in text
    assert text.endswith("(1,002 characters)")
    assert len(text) < 60


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (None, "–"),
        (0, "0 ns"),
        (870, "870 ns"),
        (12_345, "12.3 µs"),
        (999_900, "1 ms"),
        (4_560_000, "4.56 ms"),
        (1_204_000_000, "1.20 s"),
    ],
)
def test_durations(nanoseconds: int | None, text: str) -> None:
    assert duration(nanoseconds) == text


def test_times_are_relative_to_the_origin() -> None:
    clock = Clock(origin=1_000_000_000)
    assert clock.at(2_204_000_000) == "1.204 s"
    assert clock.between(1_500_000_000, 3_000_000_000) == "0.500–2.000 s"
    assert clock.between(1_500_000_000, None) == "from 0.500 s on"
    assert clock.between(None, None) == "never began"


def test_operations_in_words() -> None:
    swap = operation("cas", (3, 4), True)
    assert (request(swap), noun(swap), label(swap)) == (
        "compare-and-set 3 → 4",
        "compare-and-set of 3 → 4",
        "cas 3 → 4",
    )
    assert answer(swap) == "done"
    assert answer(operation("cas", (3, 4), False)) == "found another value"
    assert answer(operation("cas", (3, 4), 5)) == "5"
    assert label(operation("read", None, 4)) == "read → 4"
    assert label(operation("read", None, outcome="info")) == "read"
    assert answer(operation("read", None)) == "null"
    assert answer(operation("write", 7)) == "done"
    assert answer(operation("write", 7, outcome="fail")) == "refused"
    assert answer(operation("write", 7, outcome="info")) == "no answer"
    assert noun(operation("append", "b c")) == 'append of "b c"'
