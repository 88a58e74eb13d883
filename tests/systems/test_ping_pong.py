"""Ping-pong is correct under all its faults, and its planted bugs are found."""

import pytest
from cluster import Cluster

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


def test_one_client_pings() -> None:  # UW dslabs lab 0, 01
    assert Cluster(system, clients=1).ask("ping", 1) == 1


def test_ten_clients_ping_at_the_same_time() -> None:  # 02
    made = Cluster(system, clients=10)
    pings = [made.invoke("ping", number, thread=number) for number in range(10)]
    made.run(1000)
    assert [made.answers[ping].output for ping in pings] == list(range(10))


def test_a_hundred_pings_while_half_of_the_messages_are_lost() -> None:  # 03
    made = Cluster(system, clients=1)
    made.inject("messages.loss", "all", rate=0.5)
    assert [made.ask("ping", number) for number in range(100)] == list(range(100))
