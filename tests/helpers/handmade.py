"""Histories made by hand, as short as they can be written."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from splitbrain.checkers.verdict import Evidence, Validity, Verdict
from splitbrain.histories.event import Completion, Event, Invocation, NemesisEvent
from splitbrain.histories.history import History
from splitbrain.histories.operation import Outcome, Value
from splitbrain.nemesis.fault import Effect
from splitbrain.reports.record import Finding, Liveness, RunRecord

MS = 1_000_000

Step: TypeAlias = tuple[int, str, Value, Value, Outcome, int, int | None]
"""process, f, input, output, outcome, invoked and completed in milliseconds (None: no completion was recorded)."""


def build(
    steps: Sequence[Step], key: Value = "x", nemesis: Sequence[NemesisEvent] = (), error: str | None = None
) -> History:
    """A history on one key, operation n being the n-th step; at one time, completions come before invocations."""
    events: list[tuple[int, int, Event]] = [(event.time, 0, event) for event in nemesis]
    for number, (process, f, given, output, outcome, start, stop) in enumerate(steps):
        call = Invocation(operation=number, process=process, f=f, key=key, input=given, time=start * MS, node="s1")
        events.append((start * MS, 2, call))
        if stop is not None:
            why = None if outcome == "ok" else error
            answer = Completion(
                operation=number, process=process, outcome=outcome, output=output, time=stop * MS, error=why
            )
            events.append((stop * MS, 1, answer))
    events.sort(key=lambda event: event[:2])
    return History.from_events([event for _, _, event in events])


def judge(history: History, anomaly: str, indexes: Sequence[int]) -> Verdict:
    """An invalid verdict whose evidence is these operations; the last of them is the culprit."""
    operations = tuple(history.operations[index] for index in indexes)
    evidence = Evidence(operations[-1].key, operations, anomaly, indexes[-1])
    return Verdict("linearizable", Validity.INVALID, f"{anomaly} on a key", (evidence,))


def record(**changed: object) -> RunRecord:
    """The record of a run with one fault of each kind of fate."""
    fields: dict[str, object] = {
        "grade": "invalid",
        "sentence": "x is not linearizable",
        "facts": (("system", "primary_backup"), ("seed", "7")),
        "command": "splitbrain replay runs/7",
        "again": "command replays it exactly",
        "healed_at": 150 * MS,
        "ended_at": 200 * MS,
        "effects": (
            Effect(unit=0, family="partition", started=20 * MS, stopped=60 * MS, targets=("s1", "s2"), count=12),
            Effect(unit=1, family="kill", started=30 * MS, targets=("s3",), count=1, downgraded="one node, not two"),
            Effect(unit=2, family="pause"),
        ),
        "findings": (Finding(monitor="one primary", sentence="s1 and s2 are primaries", node="s2", time=35 * MS),),
        "liveness": Liveness(promised=True, met=False, sentence="3 operations were not answered in time"),
        "event_log": "5f0c",
        "warnings": ("fault 2 (pause) had no effect",),
        "clients": 3,
    }
    return msgspec.convert(fields | changed, RunRecord)
