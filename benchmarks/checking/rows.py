"""The rows of the benchmark: which histories, what they vary, and what Go Porcupine is known to take for the like."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from .shapes import Shape


@dataclass(frozen=True)
class Strings:
    """A history of a string that clients append to (strings.py)."""

    operations: int
    clients: int
    seed: int = 1


@dataclass(frozen=True)
class Series:
    """Rows that differ in one thing, `varies`; harder from one to the next.

    `given` is what the clock starts with: `columns` (ranked integers), `times` (nanoseconds in any order), `history`
    (Operations; the whole checker with its evidence) or `file` (JSON Lines on disk). `published` has figures of Go
    Porcupine by what varies.
    """

    name: str
    title: str
    varies: str
    given: str
    histories: Mapping[int, Shape | Strings]
    quick: int
    published: Mapping[int, str]
    plotted: bool = True


@dataclass(frozen=True)
class Row:
    """One history of a series."""

    series: Series
    x: int

    @property
    def history(self) -> Shape | Strings:
        return self.series.histories[self.x]

    @property
    def valid(self) -> bool:
        """Whether it is linearizable."""
        return isinstance(self.history, Strings) or not self.history.stale


UNIQUE: Final = Shape(0)
FIVE: Final = Shape(0, values=5, cas=True)


def _lengths(shape: Shape, *sizes: int) -> dict[int, Shape | Strings]:
    return {size: replace(shape, operations=size) for size in sizes}


def _clients(shape: Shape, *clients: int) -> dict[int, Shape | Strings]:
    return {each: replace(shape, clients=each) for each in clients}


def _crashed(shape: Shape, *crashed: int) -> dict[int, Shape | Strings]:
    return {each: replace(shape, crashed=each) for each in crashed}


SERIES: Final = (
    Series(
        "length",
        "unique values, 10 clients",
        "operations",
        "columns",
        _lengths(UNIQUE, 1_000, 10_000, 100_000, 1_000_000, 10_000_000),
        10_000,
        {1_000: "0.05-0.06 s, 19-23 MB", 10_000: "1.73 s, 852 MB", 100_000: "over 8 GB after 10.4 s"},
    ),
    Series(
        "times",
        "unique values, 10 clients",
        "operations",
        "times",
        _lengths(UNIQUE, 10_000, 1_000_000),
        10_000,
        {},
        plotted=False,
    ),
    Series(
        "five-length",
        "five values with compare-and-set, 10 clients",
        "operations",
        "columns",
        _lengths(FIVE, 1_000, 10_000, 100_000, 1_000_000),
        10_000,
        {1_000: "0.009 s", 10_000: "0.43 s, 279 MB", 100_000: "over 8 GB"},
    ),
    Series(
        "clients",
        "unique values, 1,000 operations",
        "clients",
        "columns",
        _clients(replace(UNIQUE, operations=1_000), 1, 5, 10, 20, 50),
        10,
        {1: "0.001-0.005 s", 5: "0.003 s", 10: "0.05-0.06 s", 20: "63.6 s, 3.3 GB", 50: "undecided after 60 s"},
    ),
    Series(
        "five-clients",
        "five values with compare-and-set, 10,000 operations",
        "clients",
        "columns",
        _clients(replace(FIVE, operations=10_000), 5, 10, 20, 50),
        10,
        {5: "0.040 s, 40 MB", 10: "0.43 s, 279 MB", 20: "undecided after 20 s, 4.8 GB"},
    ),
    Series(
        "five-20",
        "five values with compare-and-set, 20 clients",
        "operations",
        "columns",
        _lengths(replace(FIVE, clients=20), 1_000, 100_000),
        1_000,
        {1_000: "6.6 s, 596 MB"},
        plotted=False,
    ),
    Series(
        "unique-cas",
        "unique values with compare-and-set, 10 clients",
        "operations",
        "columns",
        _lengths(Shape(0, cas=True), 10_000, 1_000_000),
        10_000,
        {10_000: "0.72 s, 394 MB"},
        plotted=False,
    ),
    Series(
        "crashed",
        "unique values, 10 clients, 100,000 operations",
        "crashed writes",
        "columns",
        _crashed(replace(UNIQUE, operations=100_000), 0, 10, 30),
        -1,
        {},
        plotted=False,
    ),
    Series(
        "crashed-stale",
        "unique values and a stale read, 5 clients, 1,000 operations",
        "crashed writes",
        "columns",
        _crashed(replace(UNIQUE, operations=1_000, clients=5, stale=True), 0, 2, 4, 6, 8, 10, 15, 30),
        4,
        {
            0: "0.0085 s",
            2: "0.008-0.017 s",
            4: "0.039-0.046 s",
            6: "0.042-0.13 s",
            8: "1.1 s, 150 MB",
            10: "3.9-6.5 s, 361-434 MB",
            15: "undecided after 30 s, 1.4 GB",
        },
    ),
    Series(
        "crashed-evidence",
        "unique values and a stale read, 5 clients, 3,000 operations",
        "crashed writes",
        "history",
        _crashed(replace(UNIQUE, operations=3_000, clients=5, stale=True), 0, 30),
        -1,
        {},
        plotted=False,
    ),
    Series(
        "five-crashed-evidence",
        "five values with compare-and-set and a stale read, 5 clients, 3,000 operations",
        "crashed writes",
        "history",
        _crashed(replace(FIVE, operations=3_000, clients=5, stale=True), 0, 30),
        -1,
        {},
        plotted=False,
    ),
    Series(
        "stale",
        "unique values, 10 clients, 100,000 operations: 0, or 1 stale read at 98 %",
        "stale reads",
        "columns",
        {stale: Shape(100_000, stale=bool(stale)) for stale in (0, 1)},
        -1,
        {0: "over 8 GB"},
        plotted=False,
    ),
    Series(
        "five-stale",
        "five values with compare-and-set, 10 clients, 100,000 operations: 0, or 1 stale read at 98 %",
        "stale reads",
        "columns",
        {stale: replace(FIVE, operations=100_000, stale=bool(stale)) for stale in (0, 1)},
        -1,
        {0: "over 8 GB"},
        plotted=False,
    ),
    Series(
        "stale-evidence",
        "unique values, 10 clients, 100,000 operations: 0, or 1 stale read at 98 %",
        "stale reads",
        "history",
        {stale: Shape(100_000, stale=bool(stale)) for stale in (0, 1)},
        -1,
        {0: "over 8 GB"},
        plotted=False,
    ),
    Series(
        "five-stale-evidence",
        "five values with compare-and-set, 10 clients, 100,000 operations: 0, or 1 stale read at 98 %",
        "stale reads",
        "history",
        {stale: replace(FIVE, operations=100_000, stale=bool(stale)) for stale in (0, 1)},
        -1,
        {0: "over 8 GB"},
        plotted=False,
    ),
    Series(
        "keys",
        "unique values, 10 clients, 100,000 operations",
        "keys",
        "columns",
        {keys: Shape(100_000, keys=keys) for keys in (1_000, 100, 10, 1)},
        1_000,
        {1_000: "0.15-0.19 s, 94-106 MB", 100: "0.17-0.22 s, 101-112 MB", 10: "0.42 s, 241 MB", 1: "over 8 GB"},
    ),
    Series(
        "strings",
        "append and get of one string, 20 clients",
        "operations",
        "history",
        {size: Strings(size, 20) for size in (1_000, 10_000)},
        1_000,
        {1_000: "undecided after 30 s, 4.4 GB"},
        plotted=False,
    ),
    Series(
        "file",
        "JSON Lines on disk, unique values, 10 clients, 1,000 keys",
        "operations",
        "file",
        {size: Shape(size, keys=1_000) for size in (10_000, 100_000, 1_000_000)},
        10_000,
        {1_000_000: "2.4-3.0 s, 950-1,140 MB for the check alone"},
        plotted=False,
    ),
)
"""Of every series the rows are in the order in which they get harder."""
