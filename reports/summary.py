"""What the terminal shows of one run: the same words as the page, as lines with a tone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ..checkers.verdict import Validity, Verdict
from ..histories.history import History
from .explain import explanations
from .latency import counts
from .record import RunRecord
from .words import Clock, duration, plain

if TYPE_CHECKING:
    from rich.text import Text

Tone = Literal["plain", "dim", "good", "bad", "unsure", "strong", "command"]

TONES: Final[dict[str, Tone]] = {"valid": "good", "invalid": "bad"}
"""The tone of a grade; all others are `unsure`."""

STYLES: Final[dict[Tone, str]] = {
    "plain": "",
    "dim": "dim",
    "good": "bold green",
    "bad": "bold red",
    "unsure": "bold yellow",
    "strong": "bold",
    "command": "cyan",
}

MOST_EVIDENCE: Final = 5
"""How many pieces of evidence are spelt out in the terminal; the page has them all."""

MOST_FAULTS: Final = 20
"""How many faults are listed in the terminal; the page has them all."""


@dataclass(frozen=True)
class Line:
    """One line of text and how it should look."""

    text: str
    tone: Tone = "plain"


def summary(record: RunRecord, history: History, verdicts: Sequence[Verdict]) -> tuple[Line, ...]:
    """The run in words: verdict, facts, evidence, what it still is, counts, faults, warnings, how to see it again."""
    return (
        Line(f"{record.grade.upper()}  {record.sentence}", TONES.get(record.grade, "unsure")),
        *_facts(record),
        *_evidence(record, history, verdicts),
        *_beyond(record),
        *_verdicts(verdicts),
        *_findings(record),
        *_operations(history),
        *_faults(record),
        *(Line(f"warning: {plain(text)}", "unsure") for text in (*record.warnings, *history.warnings)),
        *_again(record),
    )


def paint(lines: Sequence[Line]) -> "Text":
    """The lines as one piece of text for a rich console."""
    from rich.text import Text

    return Text("\n").join(Text(line.text, style=STYLES[line.tone], no_wrap=True) for line in lines)


def _facts(record: RunRecord) -> Iterator[Line]:
    width = max((len(name) for name, _ in record.facts), default=0)
    yield from (Line(f"  {name.ljust(width)}  {plain(value)}") for name, value in record.facts)


def _evidence(record: RunRecord, history: History, verdicts: Sequence[Verdict]) -> Iterator[Line]:
    found = [each for verdict in verdicts for each in explanations(verdict, history, record.started_at)]
    for explanation in found[:MOST_EVIDENCE]:
        yield Line("")
        first, *rest = explanation.lines()
        yield Line(f"{explanation.anomaly}: {first}", "bad")
        yield from (Line(f"  {text}") for text in rest)
    if len(found) > MOST_EVIDENCE:
        yield Line(f"  … and evidence for {len(found) - MOST_EVIDENCE} more keys in the report", "dim")


def _beyond(record: RunRecord) -> Iterator[Line]:
    if record.beyond:
        yield Line("")
        yield from (Line(plain(text)) for text in record.beyond)


def _verdicts(verdicts: Sequence[Verdict]) -> Iterator[Line]:
    tones: dict[Validity, Tone] = {Validity.VALID: "good", Validity.INVALID: "bad", Validity.UNKNOWN: "unsure"}
    yield Line("")
    for verdict in verdicts:
        yield Line(f"{verdict.checker}: {verdict.validity}. {verdict.reason}", tones[verdict.validity])


def _findings(record: RunRecord) -> Iterator[Line]:
    clock = Clock(record.started_at)
    for finding in record.findings:
        where = f"{finding.node}, {clock.at(finding.time)}"
        yield Line(f"invariant {finding.monitor} broken ({where}): {plain(finding.sentence)}", "bad")
    if record.liveness.sentence:
        tone: Tone = "plain" if record.liveness.met or not record.liveness.promised else "bad"
        yield Line(f"liveness: {plain(record.liveness.sentence)}", tone)


def _operations(history: History) -> Iterator[Line]:
    rows = [("operations", "", "count", "median", "p99", "longest")]
    for row in counts(history.operations):
        times = (duration(row.median), duration(row.p99), duration(row.longest))
        rows.append((plain(row.f), row.outcome, f"{row.count:,}", *times))
    yield Line("")
    for position, text in enumerate(_aligned(rows, left=2)):
        yield Line(f"  {text}", "dim" if position == 0 else "plain")


def _faults(record: RunRecord) -> Iterator[Line]:
    if not record.effects:
        return
    clock = Clock(record.started_at)
    rows = [("faults", "on", "active", "effect")]
    for effect in record.effects[:MOST_FAULTS]:
        what = effect.done + (f" (downgraded: {effect.downgraded})" if effect.downgraded else "")
        on = plain(effect.detail) or ", ".join(effect.targets) or "–"
        rows.append((f"{effect.unit} {effect.family}", on, clock.between(effect.started, effect.stopped), what))
    yield Line("")
    for position, text in enumerate(_aligned(rows, left=4)):
        yield Line(f"  {text}", "dim" if position == 0 else "plain")
    if len(record.effects) > MOST_FAULTS:
        yield Line(f"  … and {len(record.effects) - MOST_FAULTS:,} more faults in the report", "dim")


def _again(record: RunRecord) -> Iterator[Line]:
    if record.command:
        yield Line("")
        yield Line(f"This {record.again}:", "dim")
        yield Line(f"  {record.command}", "command")


def _aligned(rows: Sequence[tuple[str, ...]], left: int) -> Iterator[str]:
    """The rows as columns: the first `left` flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.ljust(width) if position < left else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
