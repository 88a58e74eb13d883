"""The report of one run: a single HTML file that needs no network and is equal to the byte for equal runs."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..checkers.verdict import Validity, Verdict
from ..histories.history import History
from ..nemesis.fault import Effect
from .explain import explanations
from .faults import spans
from .latency import counts
from .record import Grade, Liveness, RunRecord
from .timeline import timeline
from .words import Clock, duration, plain

HERE: Final = Path(__file__).parent
STYLES: Final = ("uplot.min.css", "page.css")
SCRIPTS: Final = ("uplot.min.js", "data.js", "drawing.js", "timeline.js", "charts.js", "page.js")
TONES: Final = {"valid": "good", "invalid": "bad"}

MOST_FAULTS: Final = 200
"""How many faults the table lists; the timeline has them all."""


@dataclass(frozen=True)
class FaultRow:
    """One fault in the table. `remark` says what became of it, if that is not what was asked for."""

    name: str
    targets: str
    active: str
    effect: str
    remark: str


def render(record: RunRecord, history: History, verdicts: Sequence[Verdict]) -> str:
    """The whole report as HTML. Nothing in it depends on when or where it was made."""
    evidence = [each for verdict in verdicts for each in verdict.evidence]
    css = _css()
    scripts = _scripts()
    faults = _fault_rows(record, history)
    return (
        _environment()
        .get_template("report.html")
        .render(
            record=record,
            tone=TONES.get(record.grade, "unsure"),
            tones=TONES,
            verdicts=verdicts,
            explanations=[each for v in verdicts for each in explanations(v, history, record.started_at)],
            counts=counts(history.operations),
            faults=faults[:MOST_FAULTS],
            more_faults=max(0, len(faults) - MOST_FAULTS),
            warnings=(*record.warnings, *history.warnings),
            clock=Clock(record.started_at),
            operations=len(history.operations),
            data=Markup(_for_script(timeline(record, history, evidence))),
            css=Markup(css),
            scripts=[Markup(script) for script in scripts],
            policy=_policy(css, scripts),
        )
    )


def render_check(
    label: str,
    history: History,
    verdicts: Sequence[Verdict],
    facts: Sequence[tuple[str, str]] = (),
    beyond: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> str:
    """A report of a history from elsewhere; `label` names it in the report, `facts` are more to say of it, by name.

    `beyond` says what it still is if it is not linearizable; `warnings` are shown besides those of the history.
    """
    bad = [verdict for verdict in verdicts if verdict.validity is Validity.INVALID]
    unsure = [verdict for verdict in verdicts if verdict.validity is Validity.UNKNOWN]
    grade: Grade = "invalid" if bad else "unknown" if unsure or not verdicts else "valid"
    first, last = history.span if history.operations else (0, 0)
    record = RunRecord(
        grade=grade,
        sentence=" ".join(verdict.reason for verdict in bad or unsure or verdicts) or "No checker judged it.",
        facts=(("history", label), ("operations", f"{len(history.operations):,}"), *facts),
        command="",
        again="",
        healed_at=next((event.time for event in history.nemesis if event.what == "heal"), None),
        started_at=first,
        ended_at=last,
        effects=(),
        findings=(),
        liveness=Liveness(promised=False, met=False, sentence=""),
        event_log="",
        beyond=tuple(beyond),
        warnings=tuple(warnings),
    )
    return render(record, history, verdicts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["duration"] = duration
    return environment


def _printable(value: object) -> object:
    return plain(value, 2_000) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _css() -> str:
    return "\n".join((HERE / "static" / name).read_text(encoding="utf-8") for name in STYLES)


@cache
def _scripts() -> tuple[str, ...]:
    licence = (HERE / "static" / "uplot.LICENSE").read_text(encoding="utf-8")
    sources = [(HERE / "static" / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return (f"/*!\n{licence}\n*/\n{sources[0]}", *sources[1:])


def _policy(css: str, scripts: Sequence[str]) -> str:
    """A content security policy under which only these very scripts and styles run, and nothing is fetched."""

    def hashes(sources: Sequence[str]) -> str:
        digests = (hashlib.sha256(source.encode()).digest() for source in sources)
        return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)

    return f"default-src 'none'; img-src data:; style-src {hashes([css])}; script-src {hashes(scripts)}"


def _for_script(data: object) -> str:
    """The data as JSON that cannot end the script element, nor begin a comment or a tag, wherever it is put."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _fault_rows(record: RunRecord, history: History) -> list[FaultRow]:
    clock = Clock(record.started_at)
    if record.effects:
        return [_effect_row(effect, clock) for effect in record.effects]
    return [
        FaultRow(
            name=fault.family,
            targets=", ".join(fault.targets),
            active=clock.between(fault.start, fault.stop),
            effect="",
            remark=fault.detail,
        )
        for fault in spans(history.nemesis)
    ]


def _effect_row(effect: Effect, clock: Clock) -> FaultRow:
    return FaultRow(
        name=f"{effect.unit} {effect.family}",
        targets=effect.detail or ", ".join(effect.targets),
        active=clock.between(effect.started, effect.stopped),
        effect=effect.done,
        remark=f"downgraded: {effect.downgraded}" if effect.downgraded else "",
    )
