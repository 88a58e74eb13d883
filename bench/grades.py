"""The grade of a history, whoever recorded it, and what it still is if it is not linearizable."""

from collections.abc import Sequence

from ..checkers import grading
from ..checkers.checker import Budget, Checker
from ..checkers.grading import Graded
from ..checkers.models.model import Model
from ..checkers.stats import vacuous
from ..checkers.verdict import Validity, Verdict
from ..histories.history import History
from ..reports.record import Grade


def grade_history(history: History, verdicts: Sequence[Verdict]) -> tuple[Grade, str]:
    """The grade of a history from anywhere, and the sentence that says why."""
    for validity, grade in ((Validity.INVALID, "invalid"), (Validity.UNKNOWN, "unknown")):
        reasons = [verdict.reason for verdict in verdicts if verdict.validity is validity]
        if reasons:
            return ("invalid" if grade == "invalid" else "unknown"), "; ".join(reasons)
    empty = vacuous(history)
    if empty is not None:
        return "vacuous", empty
    return "valid", "; ".join(verdict.reason for verdict in verdicts)


def grade_invalid(history: History, model: Model, verdict: Verdict, budget: Budget) -> Graded | None:
    """What a history still is that a verdict by this model calls not linearizable; None if it calls it otherwise,
    or if there are operations that the model does not know."""
    if verdict.validity is not Validity.INVALID or any(f not in model.functions for f, _ in history.counts):
        return None  # The checker looked at a part of the history.
    return grading.grade(history, model, budget, grading.suspects(verdict))


def grade_verdicts(
    history: History, checkers: Sequence[Checker], verdicts: Sequence[Verdict], budget: Budget
) -> Graded | None:
    """The same for the first of the verdicts that says so, each by the checker in its place."""
    for checker, verdict in zip(checkers, verdicts, strict=True):
        model = getattr(checker, "model", None)
        if verdict.checker == "linearizable" and isinstance(model, Model):
            graded = grade_invalid(history, model, verdict, budget)
            if graded is not None:
                return graded
    return None


def beyond(graded: Graded | None) -> tuple[str, ...]:
    """It in words; none if there is nothing to say."""
    return () if graded is None else grading.lines(graded)
