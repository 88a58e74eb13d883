"""The figures as a picture in SVG: for each series its times and its memory, on logarithmic scales."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

from .rows import SERIES, Series
from .table import duration
from .targets import Results

COLORS: Final = {"native": "#1668c7", "python": "#c2571a", "porcupine-py": "#6d6d6d", "peer": "#7a3fb0"}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 330, 230, 62, 34, 14, 40
"""Of one panel, and its margins, in pixels."""
LEGEND: Final = 30

Points = dict[str, list[tuple[float, float]]]
"""By contender."""


@dataclass(frozen=True)
class Axis:
    """A logarithmic scale from one power of ten to another, over pixels."""

    low: int
    high: int
    begin: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], begin: float, end: float) -> "Axis":
        low, high = floor(log10(min(values))), ceil(log10(max(values)))
        return cls(low, max(high, low + 1), begin, end)

    def place(self, value: float) -> float:
        """Where the value is."""
        return self.begin + (log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Powers of ten, at most eight of them."""
        step = ceil((self.high - self.low + 1) / 8)
        return [10.0**power for power in range(self.low, self.high + 1, step)]


def plot(results: Results) -> str:
    """The picture: a column of two panels for each series that was measured at two places at least."""
    drawn = [series for series in SERIES if series.plotted and len(_points(series, results, "seconds").values()) > 0]
    contenders = [name for name in COLORS if any(contender == name for _, _, contender in results)]
    parts = list(_legend(contenders))
    for column, series in enumerate(drawn):
        for row, (what, title) in enumerate((("seconds", series.title), ("megabytes", "peak memory of the process"))):
            points = _points(series, results, what)
            shift = f'transform="translate({column * WIDTH} {LEGEND + row * HEIGHT})"'
            parts += [f"<g {shift}>", *_panel(series, title, points, what), "</g>"]
    width, height = max(len(drawn), 1) * WIDTH, LEGEND + 2 * HEIGHT
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


def _panel(series: Series, title: str, points: Points, what: str) -> Iterator[str]:
    everywhere = [point for line in points.values() for point in line]
    xs = Axis.over([x for x, _ in everywhere], LEFT, WIDTH - RIGHT)
    ys = Axis.over([y for _, y in everywhere], HEIGHT - BOTTOM, TOP)
    yield f'<text x="{LEFT}" y="{TOP - 12}" font-weight="600">{title}</text>'
    for tick in ys.ticks():
        y = ys.place(tick)
        label = duration(tick) if what == "seconds" else f"{tick:,.0f} MB"
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e2e2e2"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    for x in sorted({x for x, _ in everywhere}):
        label = "0" if x < 1 else f"{x / 1e6:.0f}M" if x >= 1e6 else f"{x / 1e3:.0f}k" if x >= 1e3 else f"{x:.0f}"
        yield f'<text x="{xs.place(x):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{label}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{series.varies}</text>'
    for contender, line in points.items():
        places = " ".join(f"{xs.place(x):.1f},{ys.place(y):.1f}" for x, y in line)
        yield f'<polyline points="{places}" fill="none" stroke="{COLORS[contender]}" stroke-width="2"/>'
        for place in places.split():
            cx, cy = place.split(",")
            yield f'<circle cx="{cx}" cy="{cy}" r="2.5" fill="{COLORS[contender]}"/>'
