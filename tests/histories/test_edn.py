"""The reader and writer of EDN: what each notation becomes, what is refused and where, and hostile text."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from drawn import VALUES
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.errors import HistoryError
from splitbrain.histories.formats.edn import CutOffError, Keyword, Symbol, Tagged, elements, read, write
from splitbrain.histories.operation import Value


def one(text: str) -> Any:
    (form,) = read("f", 1, text)
    return form


def refusal(text: str) -> str:
    with pytest.raises(HistoryError) as raised:
        list(elements("f", text))
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("nil", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("12345678901234567890123N", 12345678901234567890123),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("-1e3", -1000.0),
        ("2.", 2.0),
        ("1.50M", Decimal("1.50")),
        ("2/6", Fraction(1, 3)),
        ("##Inf", math.inf),
        ("##-Inf", -math.inf),
        ('""', ""),
        ('"a\\tb\\"c\\\\d\\n"', 'a\tb"c\\d\n'),
        ('"two\nlines"', "two\nlines"),
        ('"\\u00e9\\ud83d\\ude00\\101"', "é😀A"),
        ("\\a", "a"),
        ("\\newline", "\n"),
        ("\\u00e9", "é"),
        ('[\\( \\; \\"]', ("(", ";", '"')),
        (":key", Keyword(":key")),
        (":a.b/c-d?", Keyword(":a.b/c-d?")),
        ("clojure.core$fn__1/x", Symbol("clojure.core$fn__1/x")),
        ("-", Symbol("-")),
        ("[1, [2 (3)],,]", (1, (2, (3,)))),
        ("[]", ()),
        ("{}", {}),
        ("#{}", frozenset()),
        ("{:a 1 [2] nil}", {":a": 1, (2,): None}),
        ("#{1 #{2}}", frozenset((1, frozenset((2,))))),
        ("#{{:a [{}]}}", frozenset((frozenset(((":a", (frozenset(),)),)),))),
        ('#inst "1985"', Tagged("#inst", "1985")),
        ("[#a #b 1]", (Tagged("#a", Tagged("#b", 1)),)),
        ("[1 #_ 2 3]", (1, 3)),
        ("[#_ #_ 1 2 3 #_[4]]", (3,)),
        ("[#_ #a 1]", ()),
        ("#a #_ 1 2", Tagged("#a", 2)),
        ("[1 ; one ]\n 2]", (1, 2)),
        ('#object[a.B 0x1f "a"]', Tagged("#object", (Symbol("a.B"), 31, "a"))),
    ],
)
def test_forms(text: str, form: object) -> None:
    found = one(text)
    assert found == form
    assert type(found) is type(form)


def test_keywords_symbols_and_strings_are_told_apart() -> None:
    keyword, symbol, string, character = read("f", 1, ':a a "a" \\a')
    assert [type(each) for each in (keyword, symbol, string, character)] == [Keyword, Symbol, str, str]
    assert str(keyword) == ":a"


def test_a_form_has_the_line_on_which_it_begins() -> None:
    text = '; comment\n{:a\n "x\ny"}\n\n#a\n{} 1\n"\n" :b'
    assert [(line, form) for line, form in elements("f", text)] == [
        (2, {":a": "x\ny"}),
        (7, Tagged("#a", {})),
        (7, 1),
        (8, "\n"),
        (9, ":b"),
    ]


@pytest.mark.parametrize("text", ["[{:a 1}\n{:a 2}]", "({:a 1}\n{:a 2}\n) ;", "; c\n#_ 0 [{:a 1}\n #_{} {:a 2}]\n"])
def test_the_elements_of_a_vector_stand_in_place_of_it(text: str) -> None:
    assert [form for _, form in elements("f", text)] == [{":a": 1}, {":a": 2}]


def test_only_the_first_vector_is_opened() -> None:
    assert [form for _, form in elements("f", "[[1] 2]")] == [(1,), 2]
    assert [form for _, form in elements("f", "1 [2]")] == [1, (2,)]
    assert [form for _, form in elements("f", "#a [2] [3]")] == [Tagged("#a", (2,)), (3,)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n {:a 1\n :b}", "f:3: not EDN: a map has a key without a value"),
        ("{:a 1 :a 2}", "f:1: not EDN: a map has two equal keys"),
        ("#{1 1}", "f:1: not EDN: a set has two equal elements"),
        ("{:a [1}", "f:1: not EDN: } closes the vector that begins on line 1"),
        ("\n}", "f:2: not EDN: } closes nothing"),
        ("[1]\n]", "f:2: not EDN: ] closes nothing"),
        ("[1]\n2", "f:2: not EDN: something follows the end of the operations"),
        ("[1)", "f:1: not EDN: ) closes nothing"),
        ("{12a 1}", "f:1: not EDN: 12a is no number"),
        ("{1/0 1}", "f:1: not EDN: 1/0 is no number"),
        ("{007 1}", "f:1: not EDN: 007 is no number"),
        ("{1_000 1}", "f:1: not EDN: 1_000 is no number"),
        ("{٣ 1}", "f:1: not EDN: \\u0663 is no number"),
        (f"{{:a {'9' * 5000}}}", f"f:1: not EDN: a number has more than 4300 digits: {'9' * 30}…"),
        ("{:a 1e999}", "f:1: not EDN: 1e999 is out of range"),
        ("{:a 1e9999999999999999999999M}", "f:1: not EDN: 1e9999999999999999999999M is out of range"),
        ("{: 1}", "f:1: not EDN: a colon without a name"),
        ("{# 1}", "f:1: not EDN: # is no tag"),
        ("{\\foo 1}", "f:1: not EDN: \\foo is no character"),
        ("{\\ 1}", "f:1: not EDN: \\ 1 is no character"),
        ('{"\\q" 1}', "f:1: not EDN: a string has the unknown escape \\q"),
        ('{"\\ud83d" 1}', "f:1: not EDN: a string holds half of a surrogate pair, which is not text"),
        ("[{#_} 1]", "f:1: not EDN: nothing follows #_"),
        ("{" * 300, "f:1: not EDN: nested deeper than 200"),
    ],
)
def test_line_and_reason(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n{:a\n 1", "f:3: cut off: the map that begins on line 2 never ends"),
        ("[{} [", "f:1: cut off: the vector that begins on line 1 never ends"),
        ("[{}\n", "f:2: cut off: the end of the operations is missing"),
        ('{:a "x', "f:1: cut off: a string never ends"),
        ('{:a "', "f:1: cut off: a string never ends"),
        ('{:a "x\\', "f:1: cut off: a string never ends"),
        ('{:a "x\\"', "f:1: cut off: a string never ends"),
        ("#tag", "f:1: cut off: nothing follows #tag"),
    ],
)
def test_text_that_is_cut_off(text: str, message: str) -> None:
    with pytest.raises(CutOffError) as raised:
        list(elements("f", text))
    assert str(raised.value) == message


@given(VALUES)
@settings(max_examples=300)
def test_what_is_written_is_read_again(value: Value) -> None:
    found = one(write(value))
    assert found == value
    assert repr(found) == repr(value)
    assert "\n" not in write(value)


@given(st.text(alphabet='{}[]()#_"\\;:,^a1/.-N \n', max_size=40))
@settings(max_examples=500)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        forms = list(elements("f", text))
    except HistoryError as error:
        assert 1 <= (error.line or 0) <= text.count("\n") + 1  # noqa: PT017
    else:
        assert all(line <= text.count("\n") + 1 for line, _ in forms)


HOSTILE = {
    "brackets": "[" * 1_000_000,
    "maps": "{:a " * 200_000,
    "closing": "]" * 1_000_000,
    "tags": "#a " * 300_000,
    "tags in a set": "[#{" + "#a " * 300_000 + "1}",
    "tagged": "#a " * 300_000 + "{}",
    "discards": "#_ " * 300_000,
    "escapes without end": '"' + '\\"' * 500_000,
    "backslashes": '"' + "\\" * 1_000_001,
    "white space": "[" + " " * 3_000_000,
    "one atom": "[:" + "a" * 3_000_000,
    "one number": "[" + "9" * 3_000_000,
    "many numbers": "[" + ("9" * 4000 + " ") * 300,
    "nul": "\0" * 1_000_000,
    "quotes": '" ' * 500_001,
    "comment": ";" * 3_000_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_soon(name: str) -> None:
    try:
        for _ in elements("f", HOSTILE[name]):
            pass
    except HistoryError as error:
        assert len(str(error)) < 200  # noqa: PT017
