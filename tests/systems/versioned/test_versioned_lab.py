"""MIT 6.5840 lab 2 in virtual time; the network repeats and reorders too, which the lab's does not."""

import pytest
from cluster import MS, Cluster

from splitbrain.systems.versioned import system


def cluster(clients: int = 1, loss: float = 0.0, seed: int = 1) -> Cluster:
    made = Cluster(system, seed, clients=clients)
    if loss:
        made.inject("messages.loss", "all", rate=loss)
        made.inject("messages.duplicate", "all", rate=loss)
        made.inject("messages.delay", "all", rate=loss, delay=80 * MS)
    return made


def test_a_put_replaces_the_version_that_it_names() -> None:
    made = cluster()
    assert made.ask("get") == (None, 0)
    assert made.ask("put", ("a", 0)) is True
    assert made.ask("put", ("b", 0)) is False
    assert made.ask("put", ("c", 1)) is True
    assert made.ask("get") == ("c", 2)
    assert made.ask("get", key="other") == (None, 0)


def test_a_put_on_a_version_of_a_key_that_is_not_there_writes_nothing() -> None:
    """The lab's ErrNoKey; here an absent key is at version 0, and a late copy of the put may still find version 1."""
    made = cluster()
    put = made.invoke("put", ("a", 1))
    made.run(1000)
    assert made.answers[put].outcome == "info"
    assert made.ask("get") == (None, 0)


def test_the_server_keeps_nothing_for_a_client() -> None:
    """MemPutManyClients, with 500 clients: of all their puts the last one is kept."""
    made = cluster(clients=500)
    for thread in range(500):
        assert made.ask("put", (thread, thread), thread=thread) is True
    server = made.sim.nodes["s1"]
    assert len(server.data) == 1  # type: ignore[attr-defined]
    assert set(vars(server)) == {"data"}
    assert made.disk_use("s1") < 100


def test_of_many_puts_on_one_version_one_takes_effect() -> None:
    made = cluster(clients=10)
    puts = [made.invoke("put", (thread, 0), thread=thread) for thread in range(10)]
    made.run(1000)
    assert [made.answers[put].output for put in puts].count(True) == 1
    assert version_of(made) == 1


@pytest.mark.parametrize("seed", range(5))
def test_every_version_was_put_once_on_an_unreliable_network(seed: int) -> None:
    made = cluster(clients=4, loss=0.2, seed=seed)
    done, maybe = 0, 0
    for round_ in range(30):
        puts = [made.invoke("put", (f"{round_}.{thread}", round_), thread=thread) for thread in range(4)]
        for put in puts:
            made.run(10_000, until=put)
        outcomes = [(made.answers[put].outcome, made.answers[put].output) for put in puts]
        assert outcomes.count(("ok", True)) <= 1
        done += outcomes.count(("ok", True))
        maybe += sum(outcome == "info" for outcome, _ in outcomes)
        assert version_of(made) == round_ + 1
    assert done + maybe >= 30
    assert done > 20


def test_a_repeated_put_whose_first_copy_took_effect_says_so() -> None:
    made = cluster()
    made.inject("messages.duplicate", "all", rate=1.0)
    for number in range(20):
        assert made.ask("put", (number, number)) is True


def test_it_says_maybe_once_others_have_gone_on() -> None:
    made = cluster(clients=2)
    late = made.inject("messages.delay", "c0", rate=1.0, delay=2000 * MS)
    put = made.invoke("put", ("mine", 0), thread=0)
    made.run(1)
    made.undo(late)
    for version in range(3):
        made.ask("put", (version, version), thread=1)
    made.run(5_000, until=put)
    assert made.answers[put].outcome == "info"


@pytest.mark.parametrize("seed", range(3))
def test_versions_outlive_the_server(seed: int) -> None:
    made = cluster(clients=2, loss=0.1, seed=seed)
    for number in range(40):
        if number % 5 == seed:
            made.undo(made.inject("kill", "s1"))
        assert made.ask("put", (number, number)) is True
    assert made.ask("get", thread=1) == (39, 40)


def version_of(made: Cluster) -> object:
    got = made.ask("get")
    assert isinstance(got, tuple)
    return got[1]
