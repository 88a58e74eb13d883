"""`splitbrain check`"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Final, cast

import click
import msgspec

from ...checkers.checker import BYTES, CONFIGURATIONS, SECONDS, Budget
from ...checkers.grading import Graded, as_data
from ...checkers.linearizability import linearizable
from ...checkers.linearizability.choose import ENGINES
from ...checkers.lints import lints
from ...checkers.models import NAMES, by_name, infer
from ...checkers.models.model import Model
from ...checkers.verdict import Verdict
from ...errors import HistoryError, SplitbrainError, UsageError
from ...histories.formats.detect import FORMATS
from ...histories.history import History
from ...histories.store import load
from ...reports.explain import explain
from ...reports.record import Grade
from ...reports.summary import TONES, Line
from ...reports.words import printable
from ..exits import BAD_INPUT, of_grade, worst
from ..grades import beyond, grade_history, grade_invalid
from ..test import SECOND
from .histories import histories, passed_over
from .options import length, number, size
from .terminal import show

_GIBIBYTE: Final = 2**30


@dataclass(frozen=True)
class Checked:
    """One history, judged."""

    path: str
    history: History
    model: Model
    budget: Budget
    verdict: Verdict
    grade: Grade
    sentence: str

    @cached_property
    def graded(self) -> Graded | None:
        """What it still is, if it is not linearizable."""
        return grade_invalid(self.history, self.model, self.verdict, self.budget)

    @cached_property
    def lints(self) -> tuple[str, ...]:
        """Signs that it was recorded wrongly."""
        return lints(self.history)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="HISTORY...")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="[PATTERN=]MODEL",
    help=f"What they must be like: {', '.join(NAMES)}; cas-register:0 is one that holds 0 at first. With a PATTERN, "
    "only for the files of such a path; the last that fits counts. [default: found from the operations]",
)
@click.option("--format", type=click.Choice(list(FORMATS)), help="What they are written in. [default: found from them]")
@click.option("--engine", type=click.Choice(ENGINES), help="What decides. [default: the cheapest that applies]")
@length("--time", default=f"{SECONDS:g}s", help="At most, for each.")
@size("--memory", default=f"{BYTES // _GIBIBYTE}G", help="At most, for the configurations of a search.")
@number("--configurations", default=CONFIGURATIONS, help="At most, for each key.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per history, with all that was found.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a page on the one HISTORY here.")
def command(
    paths: tuple[str, ...],
    models: tuple[str, ...],
    format: str | None,
    engine: str | None,
    time: int,
    memory: int,
    configurations: int,
    as_json: bool,
    report: Path | None,
) -> int:
    """Judge each HISTORY, a file, a run directory, or a folder of them: is it linearizable?

    One line each; where it is only one, with the evidence in words. What is not decided within --time, --memory and
    --configurations is unknown.
    """
    if report is not None and len(paths) > 1:
        raise UsageError(f"--report is for one history: {len(paths)} are named")
    by_pattern = [_model(text) for text in models]
    budget = Budget(time / SECOND, configurations, memory)
    found, codes = _found(paths)
    if report is not None and len(found) > 1:
        raise UsageError(f"--report is for one history: there are {len(found)} in {paths[0]}")
    for name, file in found:
        try:
            checked = check(file, _model_for(name, by_pattern), budget, format, engine, name)
        except SplitbrainError as error:
            codes.append(_refuse(name, error))  # The others are still to be checked.
            continue
        codes.append(of_grade(checked.grade))
        if as_json:
            click.echo(to_json(checked))
        else:
            show(lines(checked, alone=len(found) == 1))
        if report is not None:
            write_report(checked, report)
    return worst(codes)


def check(
    path: str, model: Model | None, budget: Budget, format: str | None = None, engine: str | None = None, name: str = ""
) -> Checked:
    """Load and judge a history, and call it by that name, else by its path. Without a model it is inferred."""
    history = load(path, format)
    model = model or infer(history)
    verdict = linearizable(model, engine).check(history, budget)
    grade, sentence = grade_history(history, (verdict,))
    if grade == "vacuous":
        sentence += f"; {verdict.reason}"
    return Checked(name or path, history, model, budget, verdict, grade, sentence)


def write_report(checked: Checked, report: Path) -> None:
    """Write the page: the evidence, a timeline, latencies."""
    from ...reports.page import render_check

    facts = (("model", model_of(checked.verdict)), ("decided by", engines_of(checked.verdict)))
    label, verdicts = Path(checked.path).name, (checked.verdict,)
    page = render_check(label, checked.history, verdicts, facts, beyond(checked.graded), checked.lints)
    report.write_text(page, encoding="utf-8")


def lines(checked: Checked, alone: bool) -> Sequence[Line]:
    """The line of a history; its evidence and its warnings, if it is alone."""
    by = f"model {model_of(checked.verdict)}; {engines_of(checked.verdict)}"
    text = f"{checked.grade.upper():7}  {checked.path}  {checked.sentence} ({by})"
    found = [Line(text, TONES.get(checked.grade, "unsure"))]
    if alone:
        found += [Line(f"  {text}") for text in explain(checked.verdict, checked.history)]
        found += [Line(f"  {text}") for text in beyond(checked.graded)]
        found += [Line(f"  warning: {text}", "unsure") for text in warnings(checked)]
    return found


def to_json(checked: Checked) -> str:
    """The same as one JSON object in one line."""
    return msgspec.json.encode(
        {
            "history": printable(checked.path),
            "grade": checked.grade,
            "verdict": checked.verdict.validity,
            "reason": checked.sentence,
            "model": model_of(checked.verdict),
            "engines": checked.verdict.details["engines"],
            "operations": len(checked.history),
            "evidence": checked.verdict.evidence,
            "explanation": explain(checked.verdict, checked.history),
            "beyond": None if checked.graded is None else as_data(checked.graded),
            "warnings": warnings(checked),
            "details": checked.verdict.details,
        },
        order="deterministic",
    ).decode()


def warnings(checked: Checked) -> tuple[str, ...]:
    """What the loader had to leave out or to rearrange, and signs of misuse."""
    return (*checked.history.warnings, *checked.lints)


def model_of(verdict: Verdict) -> str:
    """The model by which it was checked."""
    return str(verdict.details["model"])


def engines_of(verdict: Verdict) -> str:
    """What decided, and whether that was native code."""
    engines = cast("Mapping[str, Mapping[str, object]]", verdict.details["engines"])
    native = [name for name, of in engines.items() if of["native"]]
    if not engines:
        return "nothing to decide"
    how = "not native" if not native else "native" if len(native) == len(engines) else f"{_listed(native)} native"
    return f"engine{'s' if len(engines) > 1 else ''} {_listed(engines)}, {how}"


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _found(paths: Sequence[str]) -> tuple[list[tuple[str, str]], list[int]]:
    """The name and the file of each history, and the exit codes of paths that name none."""
    found: list[tuple[str, str]] = []
    codes: list[int] = []
    for path in paths:
        try:
            files = histories(path)
        except HistoryError as error:
            codes.append(_refuse(path, error))
        else:
            found += files.files
            if files.others:
                click.echo(printable(f"splitbrain: {passed_over(files.others)}"), err=True)
    return found, codes


def _model(text: str) -> tuple[str, Model]:
    """The pattern of paths, and the model for them."""
    kind = text.partition(":")[0]
    pattern, _, name = ("*", "", text) if kind in NAMES else text.partition("=")
    if not name:
        pattern, name = "*", text
    return pattern, by_name(name)


def _model_for(path: str, by_pattern: Sequence[tuple[str, Model]]) -> Model | None:
    return next((model for pattern, model in reversed(by_pattern) if fnmatch(path, pattern)), None)


def _refuse(path: str, error: SplitbrainError) -> int:
    where = "" if isinstance(error, HistoryError) and error.path else f"{path}: "
    click.echo(printable(f"splitbrain: {where}{error}"), err=True)
    return BAD_INPUT
