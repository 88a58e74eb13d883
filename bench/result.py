"""What a run amounts to: a grade, and one sentence that says why."""

from collections.abc import Sequence

from ..checkers.verdict import Validity, Verdict
from ..histories.history import History
from ..nemesis.effects import inert
from ..nemesis.fault import Effect, Fault
from ..reports.record import Finding, Grade, Liveness
from .grades import grade_history


def grade_run(
    history: History,
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    liveness: Liveness,
    plan: Sequence[Fault],
    effects: Sequence[Effect],
    stopped: str = "",
) -> tuple[Grade, str]:
    """The grade of a whole run, and the sentence that says why: invalid, else the first reason not to pass it.

    `stopped` says what ended it before its time, if anything did.
    """
    if stopped:
        grade, sentence = grade_run(history, verdicts, findings, liveness, plan, effects)
        return grade, f"{sentence}; {stopped}"
    broken = [verdict.reason for verdict in verdicts if verdict.validity is Validity.INVALID]
    broken += [f"invariant {finding.monitor} broken at {finding.node}: {finding.sentence}" for finding in findings]
    if liveness.promised and not liveness.met:
        broken.append(f"not live after heal: {liveness.sentence}")
    if broken:
        more = len(broken) - 1
        return "invalid", broken[0] + (f" (and {more} more finding{'s' if more > 1 else ''})" if more else "")
    grade, sentence = grade_history(history, verdicts)
    if grade == "valid" and inert(plan, effects):
        planned = "1 fault was planned, and it" if len(plan) == 1 else f"{len(plan)} faults were planned, and not one"
        return "inert", f"{planned} had {'no' if len(plan) == 1 else 'an'} effect"
    return grade, sentence
