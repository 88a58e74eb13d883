"""The atoms of EDN: numbers, strings, characters, keywords, symbols."""

import math
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, TypeAlias

MAX_DIGITS: Final = 4300
"""How long a number may be. (Python's own limit for conversions between integers and text.)"""

MAX_KNOWN: Final = 100_000
"""How many different atoms are remembered, so that each is made once."""


class Keyword(str):
    """`:name`, with its colon."""

    __slots__ = ()


class Symbol(str):
    """A name that stands for itself."""

    __slots__ = ()


class Mark(str):
    """A token that is no atom: a bracket, a comment, the end of a line."""

    __slots__ = ()


class Prefix(Mark):
    """A token that takes the form after it: `#tag`, or `#_`, which discards it."""

    __slots__ = ()


Atom: TypeAlias = bool | int | float | Decimal | Fraction | str | None
"""A str that is no `Keyword` and no `Symbol` is a string or a character."""


class MalformedError(Exception):
    """A token or form is wrong, for the reason given."""


class NeverEndsError(MalformedError):
    """The text ends inside a token or form."""


class Atoms(dict[str, Atom]):
    """What each token stands for, worked out when it is asked for. Raises `MalformedError`."""

    def __init__(self) -> None:
        marks = {bracket: Mark(bracket) for bracket in ("\n", "(", ")", "[", "]", "{", "}", "#{")}
        super().__init__(marks, nil=None, true=True, false=False)
        self["#_"] = Prefix("#_")
        self.newlines = 0
        """How many there were inside tokens."""

    def __missing__(self, token: str) -> Atom:
        if token.isdigit() and token.isascii() and token[0] != "0" and len(token) <= MAX_DIGITS:
            if len(token) < 6:
                self[token] = int(token)
            return int(token)
        if token[0] == ";":
            return Mark(";")
        value = _string(token) if token[0] == '"' else _atom(token)
        newlines = token.count("\n")
        self.newlines += newlines
        if not newlines and len(self) < MAX_KNOWN:
            self[token] = value
        return value


_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(N?)")
_HEXADECIMAL: Final = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
_DECIMAL: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?(M?)")
_RATIO: Final = re.compile(r"[+-]?[0-9]+/0*[1-9][0-9]*")
_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([0-3]?[0-7]{1,2})|(.))", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_UNICODE: Final = re.compile(r"u[0-9a-fA-F]{4}")

_ESCAPES: Final = {"t": "\t", "r": "\r", "n": "\n", "b": "\b", "f": "\f", "\\": "\\", '"': '"'}
_CHARACTERS: Final = {
    "newline": "\n",
    "return": "\r",
    "space": " ",
    "tab": "\t",
    "backspace": "\b",
    "formfeed": "\f",
}
_SYMBOLIC: Final = {"##Inf": math.inf, "##-Inf": -math.inf, "##NaN": math.nan}


def _atom(token: str) -> Atom:
    first = token[0]
    if first == ":":
        if len(token) == 1:
            raise MalformedError("a colon without a name")
        return Keyword(token)
    if first.isdigit() or (first in "+-" and token[1:2].isdigit()):
        return _number(token)
    if first == "\\":
        return _character(token[1:])
    if first == "#":
        if token in _SYMBOLIC:
            return _SYMBOLIC[token]
        if not token[1:2].isalpha():
            raise MalformedError(f"{shorten(token)} is no tag")
        return Prefix(token)
    return Symbol(token)


def _number(token: str) -> Atom:
    if len(token) > MAX_DIGITS:
        raise MalformedError(f"a number has more than {MAX_DIGITS} digits: {shorten(token)}")
    if integer := _INTEGER.fullmatch(token):
        return int(token[:-1] if integer[1] else token)
    if decimal := _DECIMAL.fullmatch(token):
        try:
            found = Decimal(token[:-1]) if decimal[1] else float(token)
        except InvalidOperation:
            found = math.inf
        if found == math.inf or found == -math.inf:
            raise MalformedError(f"{shorten(token)} is out of range")
        return found
    if _RATIO.fullmatch(token):
        return Fraction(token)
    if _HEXADECIMAL.fullmatch(token):
        return int(token, 16)
    raise MalformedError(f"{shorten(token)} is no number")


def _character(name: str) -> str:
    if len(name) == 1 and not name.isspace():
        return name
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if _UNICODE.fullmatch(name):
        return _whole(chr(int(name[1:], 16)))
    raise MalformedError(f"\\{shorten(name)} is no character")


def _string(token: str) -> str:
    if "\\" not in token:
        if len(token) == 1 or token[-1] != '"':
            raise NeverEndsError("a string never ends")
        return token[1:-1]
    if not _STRING.fullmatch(token):
        raise NeverEndsError("a string never ends")
    return _whole(_ESCAPED.sub(_unescape, token[1:-1]))


def _unescape(escaped: re.Match[str]) -> str:
    unicode, octal, letter = escaped.groups()
    if unicode:
        return chr(int(unicode, 16))
    if octal:
        return chr(int(octal, 8))
    if letter not in _ESCAPES:
        raise MalformedError(f"a string has the unknown escape \\{shorten(letter)}")
    return _ESCAPES[letter]


def _whole(text: str) -> str:
    """The text with its pairs of surrogates, as Java has them, joined to characters."""
    if not _SURROGATE.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise MalformedError("a string holds half of a surrogate pair, which is not text") from None


def shorten(token: str) -> str:
    """The token as it may stand in a message: printable, and short."""
    printable = token[:30].encode("unicode_escape").decode()
    return printable + ("…" if len(token) > 30 else "")
