"""Stores that answer in every part of a partition, and are not linearizable; what they keep all the same."""

from collections.abc import Callable

import pytest
from cluster import Cluster

from splitbrain import Model, cas_register, check
from splitbrain.bench.run import run
from splitbrain.bench.test import Test
from splitbrain.checkers.models.grow_only_set import grow_only_set
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Value
from splitbrain.systems.eventual import causal, lww, read_committed, siblings


def reads(cluster: Cluster, key: str = "x") -> list[Value]:
    """What the three servers answer."""
    return [cluster.ask("read", f"s{number}", key) for number in (1, 2, 3)]


def isolated(cluster: Cluster) -> list[int]:
    """Every server by itself; its clients reach it."""
    return [cluster.inject("partition", f"s{number}", shape="isolate") for number in (1, 2, 3)]


# The last writer wins


def test_a_hint_is_handed_over_when_its_server_can_be_reached() -> None:
    cluster = Cluster(lww, clients=3)
    cluster.inject("messages.loss", "all", rate=1.0, type="Digest")
    cut = cluster.inject("partition", "s3", shape="isolate")
    cluster.ask("write", 1, thread=0)
    cluster.run(500)
    assert reads(cluster) == [1, 1, None]
    cluster.undo(cut)
    cluster.run(400)
    assert reads(cluster) == [1, 1, 1]


def test_anti_entropy_brings_what_hints_have_lost() -> None:
    cluster = Cluster(lww, clients=3)
    cuts = isolated(cluster)
    cluster.ask("write", 1, thread=0)
    cluster.undo(cluster.inject("kill", "s1"))
    for cut in cuts:
        cluster.undo(cut)
    cluster.run(3000)
    assert cluster.deliveries("Newer") > 0
    assert reads(cluster) == [1, 1, 1]


def test_what_was_deleted_does_not_come_back() -> None:
    cluster = Cluster(lww, clients=3)
    cluster.ask("write", 1)
    cluster.run(1000)
    cut = cluster.inject("partition", "s3", shape="isolate")
    cluster.ask("delete", thread=0)
    cluster.run(1000)
    assert reads(cluster) == [None, None, 1]
    cluster.undo(cut)
    cluster.run(2000)
    assert reads(cluster) == [None, None, None]


def test_all_servers_choose_the_same_of_values_that_were_written_at_once() -> None:
    cluster = Cluster(lww, clients=3)
    cuts = isolated(cluster)
    for thread in range(3):
        cluster.ask("write", thread, thread=thread)
    assert reads(cluster) == [0, 1, 2]
    for cut in cuts:
        cluster.undo(cut)
    cluster.run(3000)
    assert reads(cluster) == [2, 2, 2], "equal counts: the greater name wins"


# Siblings


def test_what_was_written_at_once_is_all_kept() -> None:
    cluster = Cluster(siblings, clients=3)
    cuts = isolated(cluster)
    for thread in range(3):
        cluster.ask("add", thread, thread=thread)
    for cut in cuts:
        cluster.undo(cut)
    cluster.run(2000)
    found = [cluster.ask("read", f"s{number}") for number in (1, 2, 3)]
    assert all(isinstance(values, tuple) and set(values) == {0, 1, 2} for values in found)


# Causal consistency


def test_a_client_finds_what_it_wrote_at_every_server_or_waits() -> None:
    cluster = Cluster(causal, clients=1)
    held = cluster.inject("messages.hold", "all", rate=1.0, shape="servers")
    cluster.ask("write", 1)
    asked = [cluster.invoke("read", f"s{number}") for number in (1, 2, 3)]
    answered = []
    for operation in asked:
        cluster.run(300, until=operation)
        answered.append(operation in cluster.answers)
    assert not all(answered), "a server that does not know of the write does not answer"
    cluster.undo(held)
    assert cluster.ask("read", "s1") == cluster.ask("read", "s2") == cluster.ask("read", "s3") == 1


def test_an_effect_is_not_visible_before_its_cause() -> None:
    cluster = Cluster(causal, clients=2)
    for number in range(20):
        held = cluster.inject("messages.hold", "all", rate=0.5, type="Replicate")
        cluster.ask("write", number, "cause", thread=0)
        cluster.run(300)
        seen = cluster.ask("read", "s1", "cause", thread=1)
        cluster.ask("write", seen, "effect", thread=1)
        for server in ("s1", "s2", "s3"):
            effect = cluster.invoke("read", server, "effect", thread=0)
            cluster.run(200, until=effect)
            cause = cluster.invoke("read", server, "cause", thread=0)
            cluster.run(200, until=cause)
            if effect in cluster.answers and cause in cluster.answers and cluster.answers[effect].output is not None:
                assert cluster.answers[cause].output is not None
                assert int(str(cluster.answers[cause].output)) >= int(str(cluster.answers[effect].output))
        cluster.undo(held)


# Read committed


def test_a_transaction_is_seen_when_it_has_committed_and_an_aborted_one_never() -> None:
    cluster = Cluster(read_committed, clients=3)
    aborted = cluster.invoke("txn", (("write", "x", 1), ("write", "y", 1), ("abort", None, None)))
    cluster.run(500)
    assert cluster.answers[aborted].outcome == "fail"
    assert cluster.ask("txn", (("read", "x", None), ("read", "y", None))) == (("read", "x", None), ("read", "y", None))
    cluster.ask("txn", (("write", "x", 2), ("write", "x", 3), ("read", "x", None)))
    cluster.run(1000)
    assert cluster.ask("txn", (("read", "x", "s3"),), thread=1) == (("read", "x", 3),)


@pytest.mark.parametrize("servers", [1, 2])
def test_transactions_see_what_was_committed_before_on_one_server_and_later_on_others(servers: int) -> None:
    """Gossip Glomers 6a to 6c: with two servers cut off from each other every transaction is answered at once."""
    cluster = Cluster(read_committed, servers=servers, clients=2 * servers)
    cut = cluster.inject("partition", "s1", shape="isolate") if servers > 1 else None
    for number in range(50):
        begun = cluster.sim.now
        steps = (("write", "x", number), ("read", "x", None))
        assert cluster.ask("txn", steps, thread=0) == (("write", "x", number), ("read", "x", number))
        cluster.ask("txn", (("read", "x", None), ("write", "y", number)), thread=1 % servers)
        assert cluster.sim.now - begun < 50_000_000
    if cut is not None:
        cluster.undo(cut)
    cluster.run(5000)
    for server in range(1, servers + 1):
        found = cluster.ask("txn", (("read", "x", f"s{server}"), ("read", "y", f"s{server}")))
        assert found == (("read", "x", 49), ("read", "y", 49))


def test_it_is_not_serializable_two_transactions_both_take_the_last_seat() -> None:
    cluster = Cluster(read_committed, clients=3)
    isolated(cluster)
    for thread in range(2):
        found = cluster.ask("txn", (("read", "seat", None), ("write", "seat", f"client {thread}")), thread=thread)
        assert found == (("read", "seat", None), ("write", "seat", f"client {thread}"))


# Availability, and what it costs


@pytest.mark.parametrize(
    ("system", "f", "given"), [(lww, "write", 1), (siblings, "add", 1), (read_committed, "txn", (("write", "x", 1),))]
)
def test_every_part_of_a_partition_answers_at_once(system: object, f: str, given: Value) -> None:
    cluster = Cluster(system, clients=3)  # type: ignore[arg-type]
    isolated(cluster)
    for thread in range(3):
        begun = cluster.sim.now
        cluster.ask(f, given, thread=thread)
        assert cluster.sim.now - begun < 50_000_000


def history(system: str, workload: str, seed: int) -> History:
    return run(Test(system=system, workload=workload, seed=seed, servers=3, faults="partition")).history


@pytest.mark.parametrize(
    ("system", "workload", "model"),
    [
        ("lww", "splitbrain.bench.workloads.eventual:CAUSAL", cas_register),
        ("causal", "causal", cas_register),
        ("siblings", "broadcast", grow_only_set),
    ],
)
def test_it_is_not_linearizable(system: str, workload: str, model: Callable[[], Model]) -> None:
    verdicts = [check(history(system, workload, seed), model()) for seed in range(4)]
    assert any(verdict.validity is Validity.INVALID for verdict in verdicts)
