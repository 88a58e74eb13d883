"""EDN, the notation of Clojure data in which Jepsen, Knossos and Elle write histories.

| EDN                     | Python                                                             |
| ----------------------- | ------------------------------------------------------------------ |
| `nil`, `true`, `false`  | None, True, False                                                  |
| `1`, `0x1f`, `1N`       | int                                                                |
| `1.5`, `1.5M`, `1/3`    | float, Decimal, Fraction                                           |
| `"text"`, `\\a`          | str                                                                |
| `:name`, `name`         | `Keyword`, `Symbol`: strings, that of a keyword with its colon     |
| `[1 2]`, `(1 2)`        | tuple                                                              |
| `#{1 2}`                | frozenset                                                          |
| `{:a 1}`                | dict; inside a set, or as a key, the frozenset of its items        |
| `#tag form`             | `Tagged`                                                           |

Source: the specification at github.com/edn-format/edn, and what Clojure's printer writes beyond it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ...errors import HistoryError
from ..operation import Value
from .atoms import Atoms, Keyword, MalformedError, Mark, NeverEndsError, Prefix, Symbol, shorten

__all__ = ["CutOffError", "Form", "Keyword", "Symbol", "Tagged", "elements", "read", "write"]

Form: TypeAlias = Any
"""What is on the right side of the table above."""

MAX_DEPTH: Final = 200
"""How deep forms may be nested."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A form with a tag: that of `#inst "1985"` is `#inst`."""

    tag: str
    form: Form


class CutOffError(HistoryError):
    """The text ends inside a form, which is in no other and begins on line `begun`."""

    def __init__(self, reason: str, path: str, line: int, begun: int) -> None:
        self.begun = begun
        super().__init__(reason, path, line)


def elements(path: str, text: str) -> Iterator[tuple[int, Form]]:
    """The forms of the text, each with the line (from 1) on which it begins.

    If the first of them is a vector or a list, its elements stand in place of it, and nothing may follow. Raises
    `HistoryError` with path, line and reason; `CutOffError` if the text ends inside a form.
    """
    return _Reader(path, 1, unwrap=True).read(text)


def read(path: str, line: int, text: str) -> list[Form]:
    """The forms of a text that stands on that line of the file. Raises `HistoryError`."""
    return [form for _, form in _Reader(path, line, unwrap=False).read(text)]


def write(value: Value) -> str:
    """The value in EDN, on one line. `read` gives an equal one."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{_UNPRINTABLE.sub(_escape, value)}"'
    if isinstance(value, tuple):
        return f"[{' '.join(map(write, value))}]"
    return repr(value)


_TOKENS: Final = re.compile(
    r"""  \n                                                # for the number of the line
        | "[^"\\]*+ (?: \\. [^"\\]*+ )*+ (?: " | \\?\Z )    # a string, perhaps one that never ends
        | ;[^\n]*                                           # a comment
        | \#[{_]                                            # begins a set; discards a form
        | [()\[\]{}]
        | \\. [^\s,()\[\]{}";]*                             # a character
        | [^\s,()\[\]{}";]+                                 # any other atom, or a tag
    """,
    re.DOTALL | re.VERBOSE,
)
"""What is between tokens is white space. Nothing is ever tried twice, so that hostile text takes no longer."""

_CLOSES: Final = {"(": ")", "[": "]", "{": "}", "#{": "}"}
_MARKS: Final = frozenset((Mark, Prefix))
_ENDS: Final = frozenset(_CLOSES.values())
_NAMES: Final = {"(": "list", "[": "vector", "{": "map", "#{": "set"}

_UNPRINTABLE: Final = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029]')
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class _Reader:
    """Builds forms from tokens, without recursion."""

    def __init__(self, path: str, line: int, unwrap: bool) -> None:
        self.path = path
        self.line = line
        self.unwrap = unwrap
        """Whether a vector or list that begins now is the one whose elements stand in place of it."""
        self.wrapper: str | None = None
        """The bracket that closes it, and once it is closed, an empty string."""
        self.atoms = Atoms()
        self.open: list[tuple[str, int, list[Form]]] = []
        """Bracket and line of every form that is not closed, with the forms that stand before it in its parent."""
        self.begun = line
        """The line on which the form that was closed last begins."""
        self.prefixes: list[Prefix] = []
        """Those before the next form that is in no other."""
        self.nested_prefixes = False
        """Whether any stands inside another form."""

    def read(self, text: str) -> Iterator[tuple[int, Form]]:
        try:
            yield from self.forms(text)
        except NeverEndsError as error:
            begun = self.open[0][1] if self.open else self.number()
            raise CutOffError(f"cut off: {error}", self.path, self.number(), begun) from None
        except MalformedError as error:
            raise HistoryError(f"not EDN: {error}", self.path, self.number()) from None
        except RecursionError:  # of tags, which may stand in any number before a form
            raise HistoryError("nested too deeply", self.path, self.number()) from None

    def forms(self, text: str) -> Iterator[tuple[int, Form]]:
        atoms, open_ = self.atoms, self.open
        items: list[Form] = []
        for match in _TOKENS.finditer(text):
            atom = atoms[match[0]]
            if type(atom) in _MARKS:  # twice as fast as isinstance here
                items = self.take(atom, items)  # type: ignore[arg-type]  # mypy does not narrow by membership
                if open_ or not items:
                    continue
            else:
                items.append(atom)
                if open_:
                    continue
                self.begun = self.number() - match[0].count("\n")
            form = items.pop()
            if self.is_kept():
                yield self.begun, self.tagged(form)
        if open_:
            bracket, line, _ = open_[-1]
            raise NeverEndsError(f"the {_NAMES[bracket]} that begins on line {line} never ends")
        if self.wrapper:
            raise NeverEndsError("the end of the operations is missing")
        if self.prefixes:
            raise NeverEndsError(f"nothing follows {shorten(self.prefixes[-1])}")

    def number(self) -> int:
        """The line that is being read."""
        return self.line + self.atoms.newlines

    def take(self, mark: Mark, items: list[Form]) -> list[Form]:
        """The forms of the innermost open form after this mark, where `items` are those before it."""
        if mark == "\n":
            self.line += 1
        elif mark in _CLOSES:
            return self.begin(mark, items)
        elif mark in _ENDS:
            return self.end(mark, items)
        elif isinstance(mark, Prefix):
            (items if self.open else self.prefixes).append(mark)
            self.nested_prefixes = bool(self.open) or self.nested_prefixes
        return items

    def begin(self, bracket: str, items: list[Form]) -> list[Form]:
        if self.unwrap and bracket in "([" and not self.open and not self.prefixes:
            self.unwrap, self.wrapper = False, _CLOSES[bracket]
            return items
        if len(self.open) == MAX_DEPTH:
            raise MalformedError(f"nested deeper than {MAX_DEPTH}")
        self.open.append((bracket, self.number(), items))
        return []

    def end(self, bracket: str, items: list[Form]) -> list[Form]:
        if not self.open:
            if bracket != self.wrapper:
                raise MalformedError(f"{bracket} closes nothing")
            self.wrapper = ""
            return items
        opened, self.begun, before = self.open.pop()
        if _CLOSES[opened] != bracket:
            raise MalformedError(f"{bracket} closes the {_NAMES[opened]} that begins on line {self.begun}")
        if self.nested_prefixes:
            items = _applied(items)
        before.append(_form(opened, items))
        return before

    def is_kept(self) -> bool:
        """Whether the form that just ended, and is in no other, is not discarded."""
        if self.wrapper == "":
            raise MalformedError("something follows the end of the operations")
        if "#_" in self.prefixes:
            while self.prefixes.pop() != "#_":
                pass
            return False
        self.unwrap = False
        return True

    def tagged(self, form: Form) -> Form:
        """The form with the tags that stand before it."""
        while self.prefixes:
            form = Tagged(self.prefixes.pop(), form)
        return form


def _form(opened: str, items: list[Form]) -> Form:
    """The form that consists of these."""
    if opened == "{":
        if len(items) % 2:
            raise MalformedError("a map has a key without a value")
        keys, values = items[::2], items[1::2]
        try:
            form = dict(zip(keys, values, strict=True))
        except TypeError:
            form = dict(zip(map(_hashable, keys), values, strict=True))
        if len(form) != len(keys):
            raise MalformedError("a map has two equal keys")
        return form
    if opened == "#{":
        elements = frozenset(map(_hashable, items))
        if len(elements) != len(items):
            raise MalformedError("a set has two equal elements")
        return elements
    return tuple(items)


def _applied(items: list[Form]) -> list[Form]:
    """The forms without their prefixes: tagged, or left out."""
    forms: list[Form] = []
    for item in reversed(items):
        if not isinstance(item, Prefix):
            forms.append(item)
        elif not forms:
            raise MalformedError(f"nothing follows {shorten(item)}")
        else:
            form = forms.pop()
            if item != "#_":
                forms.append(Tagged(item, form))
    forms.reverse()
    return forms


def _hashable(form: Form) -> Form:
    if isinstance(form, dict):
        return frozenset((key, _hashable(value)) for key, value in form.items())
    if isinstance(form, tuple):
        return tuple(map(_hashable, form))
    if isinstance(form, Tagged):
        return Tagged(form.tag, _hashable(form.form))
    return form


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"
