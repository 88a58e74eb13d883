"""The links of the mesh of proxies, and the rules of nftables, without any network."""

import random
from typing import Any

import pytest

from splitbrain.bench.worlds.local.bridge import dropped
from splitbrain.bench.worlds.local.mesh import AGAIN, Link
from splitbrain.bench.worlds.local.nft import counters
from splitbrain.bench.worlds.local.packets import BILLION, Rule
from splitbrain.nemesis.fault import Family, Fault

MILLISECOND = 1_000_000


def fault(family: Family, **amounts: Any) -> Fault:
    return Fault(unit=3, family=family, at=0, lasts=1, **amounts)


def link(family: Family, **amounts: Any) -> Link:
    made = Link()
    given = fault(family, **amounts)
    made.disturb(given, Rule(given, random.Random(1)))
    return made


def test_nothing_is_late_on_a_link_without_faults() -> None:
    assert Link().due(100, 7) == 7


def test_what_is_lost_comes_when_tcp_would_send_it_again() -> None:
    made = link("packets.loss", rate=0.5)
    late = [made.due(100, 0) for _ in range(1000)]
    assert set(late) == {0, AGAIN, 3 * AGAIN, 7 * AGAIN, 15 * AGAIN}
    assert made.take_counts() == {3: sum(bool(one) for one in late)}


def test_delays_stay_within_the_jitter() -> None:
    made = link("packets.delay", delay=20 * MILLISECOND, jitter=5 * MILLISECOND)
    late = [made.due(100, 1000) or 0 for _ in range(1000)]
    assert 15 * MILLISECOND <= min(late) - 1000 < max(late) - 1000 <= 25 * MILLISECOND


def test_bandwidth_is_a_queue() -> None:
    made = link("packets.bandwidth", bandwidth=1000)
    assert [made.due(100, 0) for _ in range(3)] == [BILLION // 10, BILLION // 5, 3 * BILLION // 10]
    assert made.due(100, BILLION) == BILLION + BILLION // 10


def test_a_reset_ends_the_connection() -> None:
    made = link("packets.reset", rate=1.0)
    assert made.due(100, 0) is None
    made.mend(3)
    assert made.due(100, 0) == 0
    assert made.take_counts() == {3: 1}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (fault("packets.loss", rate=0.05), "numgen random mod 10000 < 500"),
        (fault("packets.loss", rate=0.000001), "numgen random mod 10000 < 1"),
        (fault("packets.loss", rate=1.0), "numgen random mod 10000 < 10000"),
        (fault("packets.bandwidth", bandwidth=5000), "limit rate over 5000 bytes/second burst 1514 bytes"),
    ],
)
def test_rules_select_what_is_dropped(given: Fault, words: str) -> None:
    assert words in dropped(given)


def test_counters_are_read_from_what_nft_lists() -> None:
    listed = """table bridge u7 {
\tcounter hits {
\t\tpackets 12 bytes 3400
\t}
}
table bridge u15 {
\tcounter hits {
\t\tpackets 0 bytes 0
\t}
}
"""
    assert counters(listed) == {7: 12, 15: 0}
