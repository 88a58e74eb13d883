"""UW dslabs lab 1, case by case, in virtual time; the network repeats and reorders too, which the lab's does not."""

import sys
from itertools import pairwise

import pytest
from cluster import MS, SECOND, Cluster

from splitbrain.systems.exactly_once import system
from splitbrain.systems.exactly_once.server import COMPACTION
from splitbrain.systems.key_value import Store

UNRELIABLE = [0.0, 0.2]
"""Rates of loss: the lab delivers 0.8 of all messages where it is unreliable."""


def cluster(clients: int = 1, loss: float = 0.0, seed: int = 1) -> Cluster:
    made = Cluster(system, seed, clients=clients)
    if loss:
        made.inject("messages.loss", "all", rate=loss)
        made.inject("messages.duplicate", "all", rate=loss)
        made.inject("messages.delay", "all", rate=loss, delay=80 * MS)
    return made


def all_at_once(made: Cluster, clients: int, rounds: int, keys: tuple[str, ...]) -> dict[int, list[object]]:
    """Each client appends its own words one after another; what it is answered."""
    answers: dict[int, list[object]] = {thread: [] for thread in range(clients)}
    pending: dict[int, int] = {}
    while any(len(got) < rounds for got in answers.values()):
        for thread, got in answers.items():
            if thread in pending and pending[thread] in made.answers:
                got.append(made.answers[pending.pop(thread)].output)
            if thread not in pending and len(got) < rounds:
                word = f"{thread}.{len(got)} "
                pending[thread] = made.invoke("append", word, key=keys[thread % len(keys)], thread=thread)
        made.run(1)
    return answers


def test_basic_operations() -> None:
    made = cluster()
    assert made.ask("get") == ""
    made.ask("put", "a")
    assert made.ask("append", "b") == "ab"
    assert made.ask("get", key="other") == ""
    assert made.ask("get") == "ab"


def test_basic_operations_while_half_of_the_messages_are_lost() -> None:
    made = cluster(loss=0.5)
    for number in range(50):
        assert made.ask("append", f"{number} ") == "".join(f"{each} " for each in range(number + 1))


@pytest.mark.parametrize("link", ["requests", "replies"])
def test_what_the_links_of_clients_repeat_takes_effect_once(link: str) -> None:
    made = cluster(clients=2)
    made.inject("messages.duplicate", "all", shape=link, rate=1.0, delay=300 * MS)
    expected = ""
    for number in range(50):
        expected += f"{number} "
        assert made.ask("append", f"{number} ", thread=number % 2) == expected
    assert made.deliveries("Request" if link == "requests" else "Reply") > 60


@pytest.mark.parametrize("loss", UNRELIABLE)
def test_ten_clients_append_to_keys_of_their_own(loss: float) -> None:
    made = cluster(clients=10, loss=loss)
    rounds = 100
    for thread, got in all_at_once(made, 10, rounds, tuple(f"k{number}" for number in range(10))).items():
        words = [f"{thread}.{number} " for number in range(rounds)]
        assert got == ["".join(words[: number + 1]) for number in range(rounds)]


@pytest.mark.parametrize("loss", UNRELIABLE)
def test_ten_clients_append_to_one_key(loss: float) -> None:
    made = cluster(clients=10, loss=loss)
    got = all_at_once(made, 10, 5, ("x",))
    strings = sorted((str(answer) for answers in got.values() for answer in answers), key=len)
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(strings))
    assert sorted(strings[-1].split()) == sorted(f"{thread}.{number}" for thread in range(10) for number in range(5))
    for thread, answers in got.items():  # each answer is right after its own word
        assert all(str(answer).endswith(f"{thread}.{number} ") for number, answer in enumerate(answers))


def test_old_replies_are_forgotten() -> None:
    made = cluster(clients=5)
    for thread in range(5):
        made.ask("put", "v" * 1_000_000, key=f"k{thread}", thread=thread)
        made.ask("get", key=f"k{thread}", thread=thread)
    store = server_store(made)
    assert sum(sys.getsizeof(reply.output) for reply in store.replies.values()) > 5_000_000
    for thread in range(5):
        made.ask("put", "", key=f"k{thread}", thread=thread)
    assert sum(sys.getsizeof(reply.output) for reply in store.replies.values()) < 1_000
    assert sum(sys.getsizeof(value) for value in store.data.values()) < 1_000


@pytest.mark.parametrize("loss", UNRELIABLE)
def test_nobody_waits_for_a_second_in_half_a_minute(loss: float) -> None:
    made = cluster(clients=4, loss=loss)
    pending: dict[int, tuple[int, int]] = {}
    longest, ended = 0, made.sim.now + 30 * SECOND
    while made.sim.now < ended:
        for thread in range(4):
            operation, begun = pending.get(thread, (-1, 0))
            if operation < 0 or operation in made.answers:
                longest = max(longest, made.sim.now - begun if operation >= 0 else 0)
                pending[thread] = (made.invoke("put", f"{made.sim.now}", thread=thread), made.sim.now)
        made.run(10)
    assert longest < SECOND
    assert all(made.sim.now - begun < SECOND for _, begun in pending.values())


def test_nothing_is_answered_while_the_network_is_off() -> None:
    made = cluster(clients=2)
    unit = made.inject("partition", "s1", shape="isolate-fully")
    operation = made.invoke("append", "a")
    made.run(10_000)
    assert made.answers == {}
    made.undo(unit)
    made.run(1_000)
    assert made.answers[operation].output == "a"
    assert made.ask("get", thread=1) == "a"


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_server_remembers_what_it_did_and_answered(seed: int) -> None:
    made = cluster(clients=2, loss=0.2, seed=seed)
    expected = ""
    for number in range(2 * COMPACTION + 10):
        if number % 7 == seed:
            made.undo(made.inject("kill", "s1"))
        expected += f"{number} "
        assert made.ask("append", f"{number} ") == expected
    assert made.ask("get", thread=1) == expected


def server_store(made: Cluster) -> Store:
    return made.sim.nodes["s1"].store  # type: ignore[attr-defined,no-any-return]
