"""What the commands write: results to stdout, progress to stderr."""

import os
import shutil
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from ...reports.summary import Line, paint, summary
from ...reports.words import printable
from ..test import SECOND

if TYPE_CHECKING:
    from ..run import Progress, RunResult

PLAIN_EVERY, LIVE_EVERY = 1.0, 0.1
"""Seconds between two lines of progress where stderr is a file, and between two updates where it is a terminal."""


class Reporter:
    """Shows how far a run is, now and then: in place on a terminal, line by line elsewhere."""

    def __init__(self, label: str, live: Live | None) -> None:
        self._label = label
        self._live = live
        self._every = PLAIN_EVERY if live is None else LIVE_EVERY
        self._next = time.monotonic() + self._every

    def __call__(self, progress: "Progress") -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        text = (
            f"{self._label}: {progress.operations:,} operations, {progress.phase} phase, "
            f"{progress.now / SECOND:.1f} s of the system's time"
        )
        if self._live is None:
            click.echo(text, err=True)
        else:
            self._live.update(Text(text, style="dim"), refresh=True)


@contextmanager
def reporter(label: str) -> Iterator[Reporter]:
    """A reporter; its last line on a terminal disappears at the end."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Reporter(label, None)
        return
    # Refreshed by hand: a thread of rich's would look at the clock while the simulator guards it.
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield Reporter(label, live)


def show(lines: Sequence[Line]) -> None:
    """Print lines to stdout: in colour and folded on a terminal, as they are elsewhere."""
    console = _Output(highlight=False, soft_wrap=True)
    safe = [Line(printable(line.text), line.tone) for line in lines]
    shown = [part for line in safe for part in folded(line)] if console.is_terminal else safe
    console.print(paint(shown), soft_wrap=True)


class _Output(Console):
    """Standard output. When its reader has gone away, rich would exit with 1, which means invalid here."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def folded(line: Line) -> list[Line]:
    """The line on as many lines as it needs, indented alike. A command stays one line, so that it can be copied."""
    if len(line.text) <= width() or line.tone == "command":
        return [line]
    indent = " " * (len(line.text) - len(line.text.lstrip()))
    if indent or line.tone != "plain":
        indent += "  "
    parts = textwrap.wrap(line.text, width(), subsequent_indent=indent, break_on_hyphens=False)
    return [Line(part, line.tone) for part in parts]


def show_run(result: "RunResult") -> None:
    """Print a run in words, and where to find all of it."""
    show((*summary(result.record, result.history, result.verdicts), *where(result)))


def where(result: "RunResult") -> Sequence[Line]:
    """The lines that name the files of a run."""
    if result.directory is None:
        return ()
    history = shown_path(result.directory / "history.jsonl")
    if result.record.grade == "interrupted":
        return (Line(""), Line(f"The history so far is kept; check it with: splitbrain check {history}", "strong"))
    return (Line(""), Line(f"Report: {shown_path(result.directory / 'report.html')}", "dim"))


def width() -> int:
    """How many columns text may take: those of the terminal, but no more than can be read well."""
    return max(40, min(shutil.get_terminal_size().columns, 120))


def shown_path(path: Path) -> str:
    """The path, relative to where the user is if it is below."""
    try:
        return os.fspath(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)
