"""Ping-pong is correct under all its faults, and its planted bugs are found."""

import pytest

from splitbrain.bench.run import run
from splitbrain.bench.test import Test
from splitbrain.systems.ping_pong import system


def grades(bug: str | None, seeds: int) -> list[str]:
    """How the runs of the first seeds end."""
    tests = [Test(system="ping_pong", workload="ping", seed=seed, bug=bug, operations=60) for seed in range(seeds)]
    return [run(test).record.grade for test in tests]


def test_ping_pong_is_valid() -> None:
    assert set(grades(None, 20)) == {"valid"}


@pytest.mark.parametrize("bug", system.bugs)
def test_each_planted_bug_is_found(bug: str) -> None:
    assert "invalid" in grades(bug, 20)
