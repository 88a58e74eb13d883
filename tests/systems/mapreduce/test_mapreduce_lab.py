"""The MapReduce cases of MIT 6.5840 lab 1, MIT 6.824 of 2015 and Princeton COS418, in virtual time."""

import random
from collections.abc import Sequence

import pytest
from cluster import Cluster

from splitbrain.systems.mapreduce import system
from splitbrain.systems.mapreduce.jobs import KINDS, sequential, words
from splitbrain.systems.mapreduce.messages import Document

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
TEXTS: tuple[Document, ...] = tuple(
    (f"page{number}", " ".join(random.Random(number).choices(WORDS, k=40))) for number in range(8)
)


def cluster(servers: int = 4, seed: int = 1) -> Cluster:
    return Cluster(system, seed, servers=servers, clients=2)


def run(made: Cluster, kind: str, texts: Sequence[Document] = TEXTS, ms: float = 20_000) -> object:
    operation = made.invoke(kind, tuple(texts), key=None)
    made.run(ms, until=operation)
    return made.answers[operation].output


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_is_that_of_a_sequential_run(kind: str) -> None:
    assert run(cluster(), kind) == sequential(kind, TEXTS)


def test_a_sequential_run_counts_and_finds_words() -> None:
    texts = (("a", "Stop, don't stop!"), ("b", "don't"))
    assert sequential("count", texts) == (("don't", "2"), ("stop", "2"))
    assert sequential("index", texts) == (("don't", "a b"), ("stop", "a"))
    assert words("") == []


def test_map_tasks_and_reduce_tasks_run_at_the_same_time() -> None:
    made = cluster()
    made.invoke("count", TEXTS, key=None)
    most: dict[str, int] = {"mapping": 0, "reducing": 0}
    for _ in range(200):
        made.run(1)
        roles = list(made.sim.roles().values())
        most = {role: max(seen, roles.count(role)) for role, seen in most.items()}
    assert most["mapping"] >= 3
    assert most["reducing"] >= 2


def test_while_nothing_fails_every_map_task_is_done_once() -> None:
    made = cluster()
    run(made, "count")
    assert made.deliveries("MapTask") == made.deliveries("MapDone") == len(TEXTS)


def test_no_result_before_all_is_done() -> None:
    made = cluster(servers=2)
    operation = made.invoke("count", TEXTS, key=None)
    made.run(20_000, until=operation)
    assert made.deliveries("ReduceDone") >= 3
    assert made.answers[operation].output == sequential("count", TEXTS)


@pytest.mark.parametrize("failures", [1, 10])
@pytest.mark.parametrize("seed", range(4))
def test_workers_that_crash_are_made_up_for(failures: int, seed: int) -> None:
    made = cluster(seed=seed)
    chance = random.Random(seed)
    operation = made.invoke("count", TEXTS, key=None)
    for _ in range(failures):
        unit = made.inject("kill", f"w{chance.randint(1, 4)}")
        made.run(25)
        made.undo(unit)
    made.run(20_000, until=operation)
    assert made.answers[operation].output == sequential("count", TEXTS)


def test_a_hundred_map_tasks_while_one_worker_after_the_other_dies() -> None:
    """MIT 2015 and COS418, many failures; COS418, sequential many. Here map output dies with its worker, too."""
    texts = [(f"page{number}", " ".join(random.Random(number).choices(WORDS, k=10))) for number in range(100)]
    made = cluster(servers=8)
    chance = random.Random(1)
    operation = made.invoke("count", tuple(texts), key=None)
    failures = 0
    while operation not in made.answers and failures < 100:
        made.run(100, until=operation)
        unit = made.inject("kill", f"w{chance.randint(1, 8)}")
        made.run(30, until=operation)
        made.undo(unit)
        failures += 1
    assert failures >= 4
    assert made.answers[operation].output == sequential("count", texts)


def test_map_output_that_is_lost_is_made_anew() -> None:
    made = cluster(servers=1)
    operation = made.invoke("index", TEXTS, key=None)
    while made.sim.roles()["w1"] != "reducing":
        made.run(1)
    made.undo(made.inject("kill", "w1"))
    made.run(20_000, until=operation)
    assert made.answers[operation].output == sequential("index", TEXTS)
    assert made.deliveries("MapTask") > len(TEXTS)


def test_a_worker_that_stalls_holds_nobody_up() -> None:
    made = cluster()
    operation = made.invoke("count", TEXTS, key=None)
    made.run(5)
    made.inject("pause", "w1")
    began = made.sim.now
    made.run(20_000, until=operation)
    assert made.answers[operation].output == sequential("count", TEXTS)
    assert made.sim.now - began < 1_000_000_000


def test_a_job_without_words_has_an_empty_result() -> None:
    assert run(cluster(), "count", [("empty", "")]) == ()
