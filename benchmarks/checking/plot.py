"""The figures as a picture in SVG: for each series its times and its memory, on logarithmic scales."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from textwrap import wrap
from typing import Final

from .rows import SERIES, Series
from .targets import Results

COLORS: Final = {"native": "#1668c7", "python": "#c2571a", "porcupine-py": "#6d6d6d", "peer": "#7a3fb0"}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 330, 220, 66, 44, 14, 40
"""Of one panel, and its margins, in pixels."""
ACROSS: Final = 3
"""Panels beside each other; below each that of its memory."""
LEGEND: Final = 30

Points = dict[str, list[tuple[float, float]]]
"""By contender."""


@dataclass(frozen=True)
class Axis:
    """A logarithmic scale between two powers of ten, over pixels."""

    low: float
    high: float
    begin: float
    end: float

    def place(self, value: float) -> float:
        """Where the value is."""
        return self.begin + (log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)


def plot(results: Results) -> str:
    """The picture: a column of two panels for each series that was measured at two places at least."""
    drawn = [series for series in SERIES if series.plotted and _points(series, results, "seconds")]
    contenders = [name for name in COLORS if any(contender == name for _, _, contender in results)]
    parts = list(_legend(contenders))
    for number, series in enumerate(drawn):
        band, column = divmod(number, ACROSS)
        for row, what in enumerate(("seconds", "megabytes")):
            shift = f'transform="translate({column * WIDTH} {LEGEND + (2 * band + row) * HEIGHT})"'
            parts += [f"<g {shift}>", *_panel(series, _points(series, results, what), what), "</g>"]
    width, height = min(max(len(drawn), 1), ACROSS) * WIDTH, LEGEND + 2 * ceil(len(drawn) / ACROSS) * HEIGHT
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
    style = 'font-family="system-ui, sans-serif" font-size="11" fill="#222222"'
    return "\n".join([f"{head}{style}>", '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])


def _points(series: Series, results: Results, what: str) -> Points:
    points: Points = {}
    for (name, x, contender), cell in results.items():
        value = cell.seconds if what == "seconds" else cell.megabytes
        if name == series.name and value:
            points.setdefault(contender, []).append((max(x, 0.5), value))
    return {contender: sorted(line) for contender, line in points.items()}


def _legend(contenders: Sequence[str]) -> Iterator[str]:
    for place, name in enumerate(contenders):
        x = LEFT + place * 120
        yield f'<line x1="{x}" y1="16" x2="{x + 24}" y2="16" stroke="{COLORS[name]}" stroke-width="2"/>'
        yield f'<text x="{x + 30}" y="20">{name}</text>'


def _panel(series: Series, points: Points, what: str) -> Iterator[str]:
    xs = [x for line in points.values() for x, _ in line]
    ys = [y for line in points.values() for _, y in line]
    low, high = floor(log10(min(ys))), ceil(log10(max(ys)))
    across = Axis(log10(min(xs)), max(log10(max(xs)), log10(min(xs)) + 0.1), LEFT + 8, WIDTH - RIGHT - 8)
    up = Axis(low, max(high, low + 1), HEIGHT - BOTTOM, TOP)
    for number, text in enumerate(wrap(series.title if what == "seconds" else "peak memory of the process", 42)):
        yield f'<text x="{LEFT}" y="{TOP - 26 + 14 * number}" font-weight="600">{text}</text>'
    for power in range(low, int(up.high) + 1, ceil((up.high - low + 1) / 8)):
        y = up.place(10.0**power)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e2e2e2"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_label(what, power)}</text>'
    for x in sorted(set(xs)):
        yield f'<text x="{across.place(x):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_count(x)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{series.varies}</text>'
    for contender, line in points.items():
        places = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in line)
        yield f'<polyline points="{places}" fill="none" stroke="{COLORS[contender]}" stroke-width="2"/>'
        for place in places.split():
            cx, cy = place.split(",")
            yield f'<circle cx="{cx}" cy="{cy}" r="2.5" fill="{COLORS[contender]}"/>'


def _label(what: str, power: int) -> str:
    if what == "megabytes":
        return f"{10**power:,} MB" if power >= 0 else f"{10.0**power:g} MB"
    below = -(power // 3) if power < 0 else 0
    return f"{10 ** (power + 3 * below):,} {('s', 'ms', 'us', 'ns')[below]}"


def _count(x: float) -> str:
    return "0" if x < 1 else f"{x / 1e6:.0f}M" if x >= 1e6 else f"{x / 1e3:.0f}k" if x >= 1e3 else f"{x:.0f}"
