"""The data that the page's timeline and charts are drawn from.

Operations are columns of integers that refer to one table of texts, so that 50,000 of them stay small. Times are
nanoseconds since the run began. Values travel as text: a browser would round large integers.
"""

from collections.abc import Iterable, Sequence

from ..checkers.verdict import Evidence
from ..histories.history import History
from ..histories.operation import Operation
from .faults import Span, spans
from .latency import OUTCOMES, latencies, rates
from .meaning import READS
from .record import RunRecord
from .words import answer, name, plain, request

LIMIT = 200
"""How many characters of a value are shown; the journal has them all."""


def timeline(record: RunRecord, history: History, evidence: Sequence[Evidence]) -> dict[str, object]:
    """Everything that the page's scripts read, as JSON-like data."""
    texts = _Texts()
    origin = record.started_at
    last = max([record.ended_at, *(o.completed or o.invoked for o in history.operations)])
    faults = spans(history.nemesis)
    buckets = max(12, min(60, len(history.operations) // 10))
    rate = rates(history.operations, origin, last, buckets)
    latency = latencies(history.operations, origin, last, (0.5, 0.99), buckets)
    return {
        "end": last - origin,
        "healed": None if record.healed_at is None else record.healed_at - origin,
        "rows": _rows(history, record.clients),
        "operations": _columns(history.operations, record, texts),
        "evidence": [_evidence(each, origin) for each in evidence],
        "faults": _faults(faults, record, origin),
        "marks": _marks(record, history),
        "rates": {
            "times": [time - origin for time in rate.times],
            "series": [
                {"f": plain(f), "outcome": outcome, "values": list(values)} for f, outcome, values in rate.series
            ],
        },
        "latencies": {
            "times": [time - origin for time in latency.times],
            "series": [
                {"f": plain(f), "fraction": fraction, "values": list(values)} for f, fraction, values in latency.series
            ],
        },
        "texts": texts.all(),
    }


class _Texts:
    """Numbers each different text."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def all(self) -> list[str]:
        return list(self._numbers)


def _row_of(operation: Operation, clients: int) -> int:
    return operation.process % clients if clients > 0 else operation.process


def _rows(history: History, clients: int) -> list[dict[str, object]]:
    rows = sorted({_row_of(operation, clients) for operation in history.operations})
    what = "client" if clients > 0 else "process"
    return [{"id": row, "name": f"{what} {row}"} for row in rows]


def _columns(operations: Sequence[Operation], record: RunRecord, texts: _Texts) -> dict[str, object]:
    origin = record.started_at
    return {
        "index": [o.index for o in operations],
        "process": [o.process for o in operations],
        "row": [_row_of(o, record.clients) for o in operations],
        "f": [texts.number(plain(o.f, LIMIT)) for o in operations],
        "key": [texts.number("" if o.key is None else name(o.key)) for o in operations],
        "request": [texts.number(request(o, LIMIT)) for o in operations],
        "answer": [texts.number(answer(o, LIMIT)) for o in operations],
        "outcome": [OUTCOMES.index(o.outcome) for o in operations],
        "reads": [int(o.f in READS) for o in operations],
        "start": [o.invoked - origin for o in operations],
        "stop": [None if o.completed is None else o.completed - origin for o in operations],
        "node": [texts.number(plain(o.node or "", LIMIT)) for o in operations],
        "error": [texts.number(plain(o.error or "", LIMIT)) for o in operations],
    }


def _evidence(evidence: Evidence, origin: int) -> dict[str, object]:
    return {
        "operations": [operation.index for operation in evidence.operations],
        "culprit": evidence.culprit,
        "start": min(operation.invoked for operation in evidence.operations) - origin,
        "stop": max(operation.completed or operation.invoked for operation in evidence.operations) - origin,
    }


def _marks(record: RunRecord, history: History) -> list[dict[str, object]]:
    """Moments to be marked: where a monitor found something, in the order of the findings, then other events."""
    found = [(finding.time, finding.monitor, True) for finding in record.findings]
    other = [
        (event.time, " ".join(filter(None, (event.what, event.detail))), False)
        for event in history.nemesis
        if event.what not in ("start", "stop", "heal")
    ]
    return [
        {"time": time - record.started_at, "text": plain(text), "broken": broken}
        for time, text, broken in (*found, *other)
    ]


def _faults(faults: Iterable[Span], record: RunRecord, origin: int) -> list[dict[str, object]]:
    counts = {effect.unit: effect.count for effect in record.effects}
    lanes = _lanes(faults)
    return [
        {
            "lane": lane,
            "family": plain(fault.family),
            "targets": plain(", ".join(fault.targets)),
            "detail": plain(fault.detail),
            "start": fault.start - origin,
            "stop": None if fault.stop is None else fault.stop - origin,
            "count": None if fault.unit is None else counts.get(fault.unit),
        }
        for lane, fault in lanes
    ]


def _lanes(faults: Iterable[Span]) -> list[tuple[int, Span]]:
    """A lane for each fault: one family after the other, faults that overlap below each other."""
    placed: list[tuple[int, Span]] = []
    base = 0
    ordered = list(faults)
    for family in sorted({fault.family for fault in ordered}):
        free: list[float] = []
        for fault in (fault for fault in ordered if fault.family == family):
            lane = next((n for n, time in enumerate(free) if time <= fault.start), len(free))
            free[lane : lane + 1] = [float("inf") if fault.stop is None else fault.stop]
            placed.append((base + lane, fault))
        base += len(free)
    return placed
