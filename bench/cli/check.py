"""`splitbrain check`"""

import os
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from ...checkers.checker import Budget
from ...checkers.linearizability import linearizable
from ...checkers.models import NAMES, by_name, infer
from ...checkers.verdict import Verdict
from ...errors import HistoryError, SplitbrainError, UsageError
from ...histories.history import History
from ...histories.store import load
from ...reports.explain import explain
from ...reports.record import Grade
from ...reports.summary import TONES, Line
from ...reports.words import printable
from ..directory import HISTORY
from ..exits import BAD_INPUT, of_grade, worst
from ..result import grade_history
from ..test import SECOND
from .options import length
from .terminal import show


@dataclass(frozen=True)
class Checked:
    """One history, judged."""

    path: str
    model: str
    history: History
    verdict: Verdict
    grade: Grade
    sentence: str


@click.command()
@click.argument("histories", nargs=-1, required=True, metavar="HISTORY...")
@click.option("--model", type=click.Choice(NAMES), help="What they must be like. [default: found from the history]")
@length("--time", default="60s", help="At most, for each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per history.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a page on the one HISTORY here.")
def command(histories: tuple[str, ...], model: str | None, time: int, as_json: bool, report: Path | None) -> int:
    """Judge each HISTORY, a file or a run directory: is it linearizable?

    One line each, and the evidence in words for those that are not.
    """
    if report is not None and len(histories) > 1:
        raise UsageError(f"--report is for one history: {len(histories)} are named")
    codes = []
    for path in histories:
        try:
            checked = check(path, model, Budget(seconds=time / SECOND))
        except SplitbrainError as error:
            # The others are still to be judged.
            where = "" if isinstance(error, HistoryError) and error.path else f"{path}: "
            click.echo(printable(f"splitbrain: {where}{error}"), err=True)
            codes.append(BAD_INPUT)
            continue
        codes.append(of_grade(checked.grade))
        if as_json:
            click.echo(to_json(checked))
        else:
            show(lines(checked))
        if report is not None:
            write_report(checked, report)
    return worst(codes)


def check(path: str, model_name: str | None, budget: Budget) -> Checked:
    """Load and judge a history. The model is inferred where none is named."""
    inside = Path(path) / HISTORY
    history = load(inside if os.path.isfile(inside) else path)
    model = infer(history) if model_name is None else by_name(model_name)
    verdict = linearizable(model).check(history, budget)
    return Checked(path, model.name, history, verdict, *grade_history(history, (verdict,)))


def write_report(checked: Checked, report: Path) -> None:
    """Write the page: the evidence, a timeline, latencies."""
    from ...reports.page import render_check

    report.write_text(render_check(Path(checked.path).name, checked.history, (checked.verdict,)), encoding="utf-8")


def lines(checked: Checked) -> list[Line]:
    """The line of a history, its evidence, and its warnings."""
    head = f"{checked.grade.upper():7}  {checked.path}"
    found = [Line(f"{head}  {checked.sentence} (model {checked.model})", TONES.get(checked.grade, "unsure"))]
    found += [Line(f"  {text}") for text in explain(checked.verdict, checked.history)]
    found += [Line(f"  warning: {text}", "unsure") for text in checked.history.warnings]
    return found


def to_json(checked: Checked) -> str:
    """The same as one JSON object in one line."""
    return msgspec.json.encode(
        {
            "history": printable(checked.path),
            "grade": checked.grade,
            "reason": checked.sentence,
            "model": checked.model,
            "operations": len(checked.history),
            "evidence": checked.verdict.evidence,
            "explanation": explain(checked.verdict, checked.history),
            "warnings": checked.history.warnings,
        },
        order="deterministic",
    ).decode()
