"""Evidence in plain words: one sentence that names what is wrong, then the operations that show it.

Every sentence is checked against the whole history before it is said; where the particular one does not hold, a
general one is used.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from ..checkers.verdict import Evidence, Verdict
from ..histories.history import History
from ..histories.operation import Operation
from .faults import Span, active, in_words, spans
from .headlines import Case, headline
from .words import Clock, answer, name, plain, request, show

MOST_ROWS: Final = 40
"""How many operations of one piece of evidence are shown."""


@dataclass(frozen=True)
class Row:
    """One operation of the evidence in words. `culprit` marks the one to look at first."""

    index: int
    process: str
    request: str
    answer: str
    time: str
    remark: str
    culprit: bool


@dataclass(frozen=True)
class Explanation:
    """One piece of evidence in words: what is wrong, which operations show it, what the nemesis was doing.

    `rows` are the last operations of the evidence, `omitted` how many earlier ones are not among them. `faults` is ""
    where nobody recorded the nemesis.
    """

    anomaly: str
    key: str
    headline: str
    rows: tuple[Row, ...]
    omitted: int
    faults: str

    def lines(self) -> tuple[str, ...]:
        """As aligned plain text, the sentence first."""
        cells = [(f"process {row.process}", row.request, row.answer, row.time, row.remark) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)] if cells else []
        body = (
            ("> " if row.culprit else "  ") + "  ".join(c.ljust(w) for c, w in zip(cell, widths, strict=True)).rstrip()
            for row, cell in zip(self.rows, cells, strict=True)
        )
        before = [self.left_out] if self.omitted else []
        after = [self.faults] if self.faults else []
        return (self.headline, *before, *body, *after)

    @property
    def left_out(self) -> str:
        """That there are operations before the rows."""
        return f"{self.omitted:,} earlier operations of the evidence are not shown."


def explain(verdict: Verdict, history: History, origin: int | None = None) -> tuple[str, ...]:
    """The verdict's evidence as lines of plain text.

    Times are shown in seconds since `origin` (nanoseconds), or since the first event where that is None.
    """
    return tuple(line for explanation in explanations(verdict, history, origin) for line in explanation.lines())


def explanations(verdict: Verdict, history: History, origin: int | None = None) -> tuple[Explanation, ...]:
    """One explanation for each piece of the verdict's evidence, in its order; times as in `explain`."""
    if not verdict.evidence:
        return ()
    start = history.span[0] if origin is None else origin
    faults = spans(history.nemesis) if history.nemesis else None
    by_key = history.by_key()
    return tuple(
        _explanation(evidence, by_key.get(evidence.key) or history.operations, faults, start)
        for evidence in verdict.evidence
    )


def _explanation(
    evidence: Evidence, scope: Sequence[Operation], faults: Sequence[Span] | None, origin: int
) -> Explanation:
    # The evidence may hold widened copies; people are shown the operations as they were recorded.
    recorded = {operation.index: operation for operation in scope}
    operations = sorted((recorded.get(o.index, o) for o in evidence.operations), key=lambda o: o.call)
    culprit = next((operation for operation in operations if operation.index == evidence.culprit), None)
    # A sentence names completions only; the rows show invocations too, which may need more digits to tell apart.
    answered = {operation.completed for operation in operations if operation.completed is not None}
    sentence, rows = (
        Clock(origin, _digits(answered)),
        Clock(origin, _digits(answered | {o.invoked for o in operations})),
    )
    constraints = len(evidence.constraints)
    case = Case(
        evidence.anomaly, evidence.key, tuple(operations), culprit, constraints, scope, sentence, evidence.states
    )
    return Explanation(
        anomaly=evidence.anomaly,
        key=name(evidence.key),
        headline=headline(case),
        rows=tuple(_row(operation, evidence, rows) for operation in operations[-MOST_ROWS:]),
        omitted=max(0, len(operations) - MOST_ROWS),
        faults=_faults_in_words(operations, faults, Clock(origin)),
    )


def _row(operation: Operation, evidence: Evidence, clock: Clock) -> Row:
    remarks = []
    if operation.index in evidence.context:
        remarks.append("shown as context")
    elif operation.outcome == "info":
        remarks.append("may have happened at any later time, or never")
    elif operation.index in evidence.optional:
        remarks.append("its answer is not needed")
    elif operation.index in {each.index for each in evidence.relaxed}:
        only = ", ".join(show(element, 20) for element in evidence.elements or ())
        remarks.append(f"as far as it tells of {only}" if only else "shows what was there then")
    if operation.error:
        remarks.append(plain(operation.error, 80))
    return Row(
        index=operation.index,
        process=str(operation.process),
        request=request(operation, 40),
        answer=answer(operation, 40),
        time=_time(operation, clock),
        remark="; ".join(remarks),
        culprit=operation.index == evidence.culprit,
    )


def _time(operation: Operation, clock: Clock) -> str:
    if operation.completed is None:
        return f"from {clock.at(operation.invoked)} on"
    return clock.between(operation.invoked, operation.completed)


def _faults_in_words(operations: Sequence[Operation], faults: Sequence[Span] | None, clock: Clock) -> str:
    if not operations or faults is None:
        return ""
    first = min(operation.invoked for operation in operations)
    last = max(max(operation.invoked, operation.completed or 0) for operation in operations)
    during = active(faults, first, last)
    if not during:
        return f"No fault was active between {clock.at(first)} and {clock.at(last)}."
    return "Active meanwhile: " + "; ".join(in_words(fault, clock) for fault in during) + "."


def _digits(times: Set[int]) -> int:
    """Milliseconds, unless different moments would then look the same."""
    return next((digits for digits in (3, 6) if len({time // 10 ** (9 - digits) for time in times}) == len(times)), 9)
