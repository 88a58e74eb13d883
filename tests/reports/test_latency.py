"""Counts, quantiles and rates of known histories."""

import pytest
from handmade import MS, Step, build

from splitbrain.reports.latency import counts, latencies, quantile, rates

STEPS: list[Step] = [
    (0, "write", 1, None, "ok", 0, 10),
    (0, "write", 2, None, "ok", 10, 40),
    (0, "write", 3, None, "fail", 40, 45),
    (1, "read", None, None, "info", 50, 80),
    (2, "read", None, None, "info", 90, None),
]


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.0, 1), (0.25, 1), (0.5, 2), (0.51, 3), (0.75, 3), (0.99, 4), (1.0, 4)]
)
def test_quantile_is_the_nearest_rank(fraction: float, expected: int) -> None:
    assert quantile([1, 2, 3, 4], fraction) == expected
    assert quantile([], fraction) is None


def test_counts_by_f_and_outcome() -> None:
    rows = counts(build(STEPS).operations)
    assert [(row.f, row.outcome, row.count) for row in rows] == [
        ("read", "info", 2),
        ("write", "ok", 2),
        ("write", "fail", 1),
    ]
    assert (rows[1].median, rows[1].p99, rows[1].longest) == (10 * MS, 30 * MS, 30 * MS)
    assert rows[0].longest is None, "what was never answered has no latency"


def test_rates_count_every_operation_once() -> None:
    rate = rates(build(STEPS).operations, 0, 100 * MS, buckets=10)
    assert rate.times == tuple(range(5 * MS, 100 * MS, 10 * MS))
    assert [(f, outcome) for f, outcome, _ in rate.series] == [("write", "ok"), ("all", "fail"), ("all", "info")]
    assert [sum(values) / 100 for _, _, values in rate.series] == [2, 1, 2]
    assert rate.series[0][2] == (0, 100, 0, 0, 100, 0, 0, 0, 0, 0)


def test_latencies_over_time() -> None:
    (series,) = latencies(build(STEPS).operations, 0, 100 * MS, (1.0,), buckets=2).series
    assert series == ("write", 1.0, (30 * MS, None))


def test_an_instant_is_one_bucket() -> None:
    assert rates((), 5, 5, 60).times == (5,)
