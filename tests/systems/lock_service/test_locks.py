"""The lock cases of MIT 6.5840 lab 2 and 6.824 lab 1 of 2012, in virtual time, and what leases add to them."""

import pytest
from cluster import MS, Cluster

from splitbrain.systems.lock_service import system
from splitbrain.systems.lock_service.client import LEASE


def cluster(clients: int = 1, loss: float = 0.0, seed: int = 1) -> Cluster:
    made = Cluster(system, seed, clients=clients)
    if loss:
        made.inject("messages.loss", "all", rate=loss)
        made.inject("messages.duplicate", "all", rate=loss)
        made.inject("messages.delay", "all", rate=loss, delay=80 * MS)
    return made


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_one_client_takes_the_lock_again_and_again(loss: float) -> None:
    made = cluster(loss=loss)
    if loss:
        counts = [made.ask("increment") for _ in range(10)]
        known = [count for count in counts if count is not None]
        assert known == sorted(set(known))
        return
    assert [made.ask("increment") for _ in range(10)] == list(range(1, 11))


@pytest.mark.parametrize(("loss", "seed"), [(0.0, 0), (0.2, 0), (0.2, 1), (0.2, 2)])
def test_many_clients_count_every_number_once(loss: float, seed: int) -> None:
    made = cluster(clients=8, loss=loss, seed=seed)
    pending = {thread: made.invoke("increment", thread=thread) for thread in range(8)}
    for _ in range(3_000):
        made.run(10)
        for thread, operation in pending.items():
            if operation in made.answers and len(made.answers) < 60:
                pending[thread] = made.invoke("increment", thread=thread)
    counts = [answer.output for answer in made.answers.values() if answer.outcome == "ok"]
    unknown = len(made.answers) - len(counts)
    assert len(set(counts)) == len(counts) >= 40
    assert max(int(str(count)) for count in counts) <= len(counts) + unknown


def test_a_holder_that_is_cut_off_loses_the_lock_after_its_lease() -> None:
    made = cluster(clients=2)
    first = made.invoke("increment", thread=0)
    unit = made.inject("partition", "resource", shape="isolate-fully")
    made.run(60)  # c0 holds the lock, and waits for the resource
    made.undo(unit)
    cut = made.inject("messages.loss", "c0", rate=1.0)
    begun = made.sim.now
    assert made.ask("increment", thread=1) == 1
    assert made.sim.now - begun > LEASE / 2
    made.undo(cut)
    made.run(5_000)
    assert made.answers[first].output in (2, None)


def test_a_slow_write_of_an_old_holder_is_refused() -> None:
    made = cluster(clients=2)
    slow = made.inject("messages.delay", "c0", rate=1.0, delay=700 * MS)
    first = made.invoke("increment", thread=0)
    for _ in range(5):
        made.run(500)
        made.ask("increment", thread=1)
    made.undo(slow)
    made.run(5_000)
    assert first in made.answers
    last = made.ask("increment", thread=1)
    done = 5 + (made.answers[first].outcome == "ok")
    assert last == done + 1


@pytest.mark.parametrize("victim", ["locks", "resource"])
def test_a_pause_past_the_lease_counts_nothing_twice(victim: str) -> None:
    made = cluster(clients=2)
    assert made.ask("increment", thread=0) == 1
    first = made.invoke("increment", thread=0)
    made.run(3)
    paused = made.inject("pause", victim)
    made.run(LEASE / MS + 500)
    second = made.invoke("increment", thread=1)
    made.undo(paused)
    made.run(5_000)
    done = [made.answers[each].output for each in (first, second) if made.answers[each].outcome == "ok"]
    assert len(set(done)) == len(done)
    last = made.ask("increment", thread=1)
    assert isinstance(last, int)
    assert 2 + len(done) <= last <= 4


@pytest.mark.parametrize("victim", ["locks", "resource"])
def test_locks_and_tokens_outlive_their_server(victim: str) -> None:
    made = cluster(clients=2, loss=0.1)
    for number in range(20):
        if number % 4 == 0:
            made.undo(made.inject("kill", victim))
        assert made.ask("increment", thread=number % 2) == number + 1
