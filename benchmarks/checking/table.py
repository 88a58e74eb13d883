"""The figures as text."""

from collections.abc import Sequence

from .measure import RIVAL, Cell
from .rows import Row, Series
from .targets import Target

GIVEN = {
    "columns": "ranked columns to verified witness or no",
    "times": "nanoseconds in any order to verified witness or no",
    "history": "operations to verdict, with evidence",
    "file": "file to verdict",
}


def heading(series: Series, contenders: Sequence[str]) -> str:
    """Title and head of a series' rows."""
    columns = "".join(f"{each:>19}" for each in contenders)
    ratios = "".join(f"{each:>9}" for each in contenders if each != RIVAL)
    gap = " " * (len(columns) - 2)
    head = f"{series.varies:>14}{columns}    {ratios}  Go Porcupine"
    return f"\n{series.title} ({GIVEN[series.given]})\n{'':14}{gap}  faster than porcupine-py\n{head}"


def line(row: Row, cells: dict[str, Cell]) -> str:
    """A row: time and memory of every contender, and how many times faster than porcupine-py it is."""
    columns = "".join(f"{_cell(cell):>19}" for cell in cells.values())
    ratios = "".join(f"{_times(cells, each):>9}" for each in cells if each != RIVAL)
    return f"{row.x:>14,}{columns}    {ratios}  {row.series.published.get(row.x, '')}".rstrip()


def _cell(cell: Cell) -> str:
    if cell.seconds is None or cell.megabytes is None:
        return cell.missing[:17]
    return f"{duration(cell.seconds)} {cell.megabytes:5,.0f} MB"


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.{0 if seconds >= 0.1 else 1 if seconds >= 0.01 else 2}f} ms"
    return f"{seconds:.{1 if seconds >= 10 else 2}f} s"


def _times(cells: dict[str, Cell], contender: str) -> str:
    rival, own = cells.get(RIVAL), cells[contender].seconds
    if rival is None or rival.seconds is None or own is None:
        return "-"
    ratio = rival.seconds / own
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def verdicts(judged: Sequence[tuple[Target, float | None]]) -> str:
    """The table of what must hold."""
    lines = [f"\n{'what must hold':54}{'bar':>26}{'measured':>26}"]
    for target, figure in judged:
        bar = f"{'at most' if target.at_most else 'at least'} {_number(target.bar)} {target.unit}"
        found = "none" if figure is None else f"{_number(figure)} {target.unit}"
        lines.append(f"{target.title:54}{bar:>26}{found:>26}  {'met' if target.met(figure) else 'MISSED'}")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
