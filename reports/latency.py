"""How many operations there were, how long they took, and how many were answered per second."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..histories.operation import Operation

OUTCOMES: Final = ("ok", "fail", "info")


@dataclass(frozen=True)
class Count:
    """Operations of one f and outcome. Latencies are in nanoseconds, None where nothing was answered."""

    f: str
    outcome: str
    count: int
    median: int | None
    p95: int | None
    p99: int | None
    longest: int | None


@dataclass(frozen=True)
class Rates:
    """Completions per second. `times` are the middles of equal buckets (nanoseconds), one value of a series each.

    The series are `(f, "ok")` for every f, then `("all", "fail")` and `("all", "info")` where there are any. An
    operation without completion counts as `info` at its invocation.
    """

    times: tuple[int, ...]
    series: tuple[tuple[str, str, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Latencies:
    """Quantiles of the latency over time. `times` are the middles of equal buckets (nanoseconds).

    The series are `(f, fraction, latencies)`: of the operations that were answered (`ok` or `fail`) and invoked in the
    bucket, in nanoseconds, None where there was none.
    """

    times: tuple[int, ...]
    series: tuple[tuple[str, float, tuple[int | None, ...]], ...]


def counts(operations: Iterable[Operation]) -> tuple[Count, ...]:
    """One row for every f and outcome that occurred, by f, then ok, fail, info."""
    took: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    number: Counter[tuple[str, str]] = Counter()
    for operation in operations:
        kind = operation.f, operation.outcome
        number[kind] += 1
        if operation.outcome != "info" and operation.completed is not None:
            took[kind].append(operation.completed - operation.invoked)
    rows = sorted(number, key=lambda kind: (kind[0], OUTCOMES.index(kind[1])))
    return tuple(_count(f, outcome, number[f, outcome], sorted(took[f, outcome])) for f, outcome in rows)


def quantile(ordered: Sequence[int], fraction: float) -> int | None:
    """The smallest value that at least `fraction` of the values do not exceed (nearest rank); None if there is none."""
    if not ordered:
        return None
    rank = -int(-fraction * len(ordered) // 1)
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def rates(operations: Sequence[Operation], start: int, stop: int, buckets: int) -> Rates:
    """Completions per second between two times (nanoseconds), in at most `buckets` equal buckets."""
    grid = _Grid(start, stop, buckets)
    bins: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * grid.number)
    for operation in operations:
        time = operation.invoked if operation.completed is None else operation.completed
        kind = (operation.f, "ok") if operation.outcome == "ok" else ("all", operation.outcome)
        bins[kind][grid.bucket(time)] += 1
    kinds = sorted(bins, key=lambda kind: (OUTCOMES.index(kind[1]), kind[0]))
    per_second = 1e9 / grid.width
    return Rates(
        times=grid.middles(),
        series=tuple((f, outcome, tuple(n * per_second for n in bins[f, outcome])) for f, outcome in kinds),
    )


def latencies(
    operations: Sequence[Operation], start: int, stop: int, fractions: Sequence[float], buckets: int
) -> Latencies:
    """Quantiles of the latency between two times (nanoseconds), in at most `buckets` equal buckets."""
    grid = _Grid(start, stop, buckets)
    bins: defaultdict[str, list[list[int]]] = defaultdict(lambda: [[] for _ in range(grid.number)])
    for operation in operations:
        if operation.outcome != "info" and operation.completed is not None:
            bins[operation.f][grid.bucket(operation.invoked)].append(operation.completed - operation.invoked)
    ordered = {f: [sorted(bucket) for bucket in bins[f]] for f in sorted(bins)}
    return Latencies(
        times=grid.middles(),
        series=tuple(
            (f, fraction, tuple(quantile(bucket, fraction) for bucket in buckets_of_f))
            for f, buckets_of_f in ordered.items()
            for fraction in fractions
        ),
    )


class _Grid:
    """Equal buckets that cover the time from `start` to `stop`."""

    def __init__(self, start: int, stop: int, buckets: int) -> None:
        span = max(stop - start, 1)
        self.start = start
        self.width = -(-span // buckets)
        self.number = -(-span // self.width)

    def bucket(self, time: int) -> int:
        return min(max((time - self.start) // self.width, 0), self.number - 1)

    def middles(self) -> tuple[int, ...]:
        return tuple(self.start + self.width * n + self.width // 2 for n in range(self.number))


def _count(f: str, outcome: str, number: int, ordered: Sequence[int]) -> Count:
    return Count(
        f=f,
        outcome=outcome,
        count=number,
        median=quantile(ordered, 0.5),
        p95=quantile(ordered, 0.95),
        p99=quantile(ordered, 0.99),
        longest=ordered[-1] if ordered else None,
    )
