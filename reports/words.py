"""Values, times and operations in words, the same in the terminal, on the page and in evidence."""

import json
from dataclasses import dataclass

from ..histories.operation import Operation, Value
from .meaning import READS


@dataclass(frozen=True)
class Clock:
    """Shows times (nanoseconds of the world's clock) in seconds since `origin`, with so many `digits`."""

    origin: int = 0
    digits: int = 3

    def at(self, time: int) -> str:
        """The moment, as in `1.204 s`."""
        return f"{(time - self.origin) / 1e9:.{self.digits}f} s"

    def between(self, start: int | None, stop: int | None) -> str:
        """The interval, as in `0.500–2.000 s`; an open end says so."""
        if start is None:
            return "never began"
        if stop is None:
            return f"from {self.at(start)} on"
        return f"{self.at(start).removesuffix(' s')}–{self.at(stop)}"


def duration(nanoseconds: float | None) -> str:
    """A length of time with the unit that suits it: `870 ns`, `12.3 µs`, `4.56 ms`, `1.20 s`; `–` for None."""
    if nanoseconds is None:
        return "–"
    if nanoseconds < 1_000:
        return f"{nanoseconds:.0f} ns"
    for unit, size in (("µs", 1e3), ("ms", 1e6)):
        if nanoseconds < size * 999.5:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds / 1e9:.2f} s"


def show(value: Value, limit: int = 60) -> str:
    """The value in JSON's notation, every digit of it; beyond `limit` characters, its beginning, end and length."""
    return plain(json.dumps(value, ensure_ascii=False), limit)


def plain(text: str, limit: int = 200) -> str:
    """Text from the system under test, safe to print: what is not printable is escaped, long text is shortened."""
    length = len(text)
    if length > limit:
        tail = limit // 3
        text = f"{text[: limit - tail]}…{text[-tail:]} ({length:,} characters)"
    return printable(text)


def printable(text: str) -> str:
    """All of the text on one line, with what is not printable escaped: nothing in it can steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def name(key: Value) -> str:
    """A key as it reads in a sentence: a plain string without quotes."""
    return key if isinstance(key, str) and key.isprintable() and 0 < len(key) <= 40 else show(key, 40)


def request(operation: Operation, limit: int = 60) -> str:
    """What was asked, without the key: `write 7`, `compare-and-set 3 → 4`, `read`."""
    given = operation.input
    if operation.f == "cas" and isinstance(given, tuple) and len(given) == 2:
        return f"compare-and-set {show(given[0], limit)} → {show(given[1], limit)}"
    return operation.f if given is None and operation.f in READS else f"{operation.f} {show(given, limit)}"


def noun(operation: Operation, limit: int = 60) -> str:
    """The request as a noun: `write of 7`, `compare-and-set of 3 → 4`, `read`."""
    what, _, given = request(operation, limit).partition(" ")
    return f"{what} of {given}" if given else what


def answer(operation: Operation, limit: int = 60) -> str:
    """What came back: a value, `done`, `refused`, `found another value` or `no answer`."""
    if operation.outcome == "info":
        return "no answer"
    if operation.outcome == "fail":
        return "refused"
    if operation.f == "cas" and isinstance(operation.output, bool):
        return "done" if operation.output else "found another value"
    if operation.output is None and operation.f not in READS:
        return "done"
    return show(operation.output, limit)


def label(operation: Operation, limit: int = 28) -> str:
    """The operation as one short label: `write 7`, `read → 4`, `cas 3 → 4`."""
    given = operation.input
    if operation.f == "cas" and isinstance(given, tuple) and len(given) == 2:
        return f"cas {show(given[0], limit)} → {show(given[1], limit)}"
    if operation.f in READS and operation.outcome == "ok":
        return f"{operation.f} → {show(operation.output, limit)}"
    return request(operation, limit)
