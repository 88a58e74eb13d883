"""What must hold, as rows of a second table: a figure of the first one, and its bar."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from .measure import RIVAL, Cell

Results: TypeAlias = Mapping[tuple[str, int, str], Cell]
"""Cells by series, what varies, and contender."""

Figure: TypeAlias = Callable[[Results], float | None]
"""Worked out of the results; None where a cell has no figure."""


@dataclass(frozen=True)
class Target:
    """Met if the figure is at least (or, with `at_most`, at most) the bar."""

    title: str
    needs: tuple[tuple[str, int, str], ...]
    figure: Figure
    bar: float
    unit: str
    at_most: bool = True

    def met(self, figure: float | None) -> bool:
        """Whether the figure reaches the bar; none does not."""
        return figure is not None and (figure <= self.bar if self.at_most else figure >= self.bar)


def _seconds(title: str, series: str, x: int, bar: float, contender: str = "native") -> Target:
    place = series, x, contender
    return Target(title, (place,), lambda results: results[place].seconds, bar, "s")


def _memory(title: str, series: str, x: int, bar: float) -> Target:
    place = series, x, "native"
    return Target(title, (place,), lambda results: results[place].megabytes, bar, "MB")


def _rate(title: str, series: str, x: int, bar: float, contender: str = "native") -> Target:
    place = series, x, contender

    def figure(results: Results) -> float | None:
        seconds = results[place].seconds
        return None if seconds is None else x / seconds

    return Target(title, (place,), figure, bar, "operations/s", at_most=False)


def _ratio(
    title: str,
    over: tuple[str, int, str],
    under: tuple[str, int, str],
    bar: float,
    each: float = 1,
    at_most: bool = True,
) -> Target:
    """Time of the one over time of the other, where one has `each` times the operations of the other."""

    def figure(results: Results) -> float | None:
        one, other = results[over].seconds, results[under].seconds
        return None if one is None or other is None else one / other / each

    return Target(title, (over, under), figure, bar, "x", at_most)


def _slowest(results: Results) -> float | None:
    """Of all rows, the largest ratio of pure Python's time to porcupine-py's."""
    ratios = []
    for (series, x, contender), cell in results.items():
        python = results.get((series, x, "python"))
        if contender == RIVAL and cell.seconds is not None and python is not None:
            ratios.append(float("inf") if python.seconds is None else python.seconds / cell.seconds)
    return max(ratios, default=None)


TARGETS: Final = (
    _rate("unique values, ranked columns, witness verified", "length", 1_000_000, 5e6),
    _rate("unique values, nanoseconds in any order", "times", 1_000_000, 2e6),
    _seconds("unique values, 10M operations on one key", "length", 10_000_000, 8),
    _memory("  the whole process", "length", 10_000_000, 2_000),
    _ratio(
        "  time per operation, 10M over 10k", ("length", 10_000_000, "native"), ("length", 10_000, "native"), 2, 1_000
    ),
    _ratio("unique values, 30 crashed writes over none", ("crashed", 30, "native"), ("crashed", 0, "native"), 2),
    _seconds("five values, compare-and-set, 10 clients, 1M", "five-length", 1_000_000, 1.5),
    _seconds("five values, compare-and-set, 20 clients, 100k", "five-20", 100_000, 1),
    _seconds("five values, compare-and-set, 50 clients, 10k", "five-clients", 50, 60),
    _ratio("stale read at 98 %, unique, over valid", ("stale", 1, "native"), ("stale", 0, "native"), 3),
    _ratio("  with evidence", ("stale-evidence", 1, "native"), ("stale-evidence", 0, "native"), 3),
    _ratio("stale read at 98 %, five values, over valid", ("five-stale", 1, "native"), ("five-stale", 0, "native"), 3),
    _ratio("  with evidence", ("five-stale-evidence", 1, "native"), ("five-stale-evidence", 0, "native"), 3),
    _seconds("30 crashed writes, stale read, 5 clients, 3k", "crashed-evidence", 30, 1),
    _seconds("  five values, compare-and-set", "five-crashed-evidence", 30, 1),
    _seconds("append strings, one key, 20 clients, 10k", "strings", 10_000, 0.5),
    _seconds("JSON Lines to verdict, 1M over 1,000 keys", "file", 1_000_000, 4),
    _memory("  the whole process", "file", 1_000_000, 1_500),
    _rate("pure Python: unique values", "length", 100_000, 5e5, "python"),
    _ratio(
        "  porcupine-py over it: unique, 10 clients, 10k",
        ("length", 10_000, RIVAL),
        ("length", 10_000, "python"),
        100,
        at_most=False,
    ),
    _ratio(
        "  porcupine-py over it: five values, 10 clients, 10k",
        ("five-length", 10_000, RIVAL),
        ("five-length", 10_000, "python"),
        5,
        at_most=False,
    ),
    Target("  it over porcupine-py, the worst of all rows", (), _slowest, 2, "x"),
)


def judged(results: Results) -> Iterator[tuple[Target, float | None]]:
    """Every target whose cells there are, with its figure."""
    for target in TARGETS:
        if all(place in results for place in target.needs):
            yield target, target.figure(results)
