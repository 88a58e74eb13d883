"""Logical clocks order what happened; real ones are wrong by no more than they say, unless nobody sets them."""

import pytest
from campaign import attempt
from cluster import MS, SECOND, Cluster
from handlers import Recorder

from splitbrain.bench.run import run
from splitbrain.bench.test import Test
from splitbrain.checkers.verdict import Validity
from splitbrain.systems.clocks import berkeley, causal_broadcast, cristian
from splitbrain.systems.clocks.berkeley import Adjust, Member, Poll, Reading
from splitbrain.systems.clocks.broadcast import Process
from splitbrain.systems.clocks.cristian import Cristian
from splitbrain.systems.clocks.systems import SKEWS


def process(cluster: Cluster, name: str) -> Process:
    node = cluster.sim.nodes[name]
    assert isinstance(node, Process)
    return node


def test_an_answer_waits_for_what_it_answers() -> None:
    cluster = Cluster(causal_broadcast, clients=4)
    slow = cluster.inject("messages.hold", "s1", rate=1.0, type="Post")
    cluster.ask("add", "question", thread=0)
    cluster.inject("messages.hold", "s3", rate=1.0, type="Seen")
    cluster.run(300)  # s2 learns it by exchange, s3 does not
    assert cluster.ask("read", thread=1) == ()
    cluster.undo(slow)
    cluster.run(20)
    assert cluster.ask("read", thread=1) == ("question",)
    cluster.ask("add", "answer", thread=1)
    cluster.run(500)
    for thread in range(4):
        assert cluster.ask("read", thread=thread) == ("question", "answer")


def test_stamps_of_what_is_concurrent_are_concurrent() -> None:
    cluster = Cluster(causal_broadcast, clients=4)
    cluster.inject("partition", "s1,s2", shape="isolate")
    for thread in range(4):
        cluster.ask("add", thread, thread=thread)
        cluster.run(100)
    posts = {post.value: post for name in ("s1", "s3") for post in process(cluster, name).delivered}
    assert [posts[value].vector for value in range(4)] == [(1, 0, 0, 0), (1, 1, 0, 0), (0, 0, 1, 0), (0, 0, 1, 1)]
    assert [posts[value].lamport for value in range(4)] == [1, 3, 1, 3]


def test_everything_reaches_everybody_after_restarts_of_all() -> None:
    cluster = Cluster(causal_broadcast, clients=4)
    cluster.inject("messages.loss", "all", rate=0.3)
    for number in range(12):
        cluster.ask("add", number, thread=number % 4)
        if number % 4 == 3:
            dead = cluster.inject("kill", "all")
            cluster.run(50)
            cluster.undo(dead)
    cluster.run(4000)
    reads = [cluster.ask("read", thread=thread) for thread in range(4)]
    assert all(isinstance(read, tuple) and sorted(map(int, map(str, read))) == list(range(12)) for read in reads)


def drifting(system: str, bug: str | None = None) -> set[Validity]:
    """How clocks are judged in a few runs in which they drift, and some of the nodes cannot ask."""
    workload, servers = ("time", 3) if system == "cristian" else ("time_together", 5)
    tests = [
        Test(system=system, workload=workload, seed=seed, bug=bug, servers=servers, faults="clock.drift,partition")
        for seed in range(8)
    ]
    return {verdict.validity for test in tests for verdict in run(test).verdicts}


@pytest.mark.parametrize("system", ["cristian", "berkeley"])
def test_clocks_that_drift_are_within_their_bounds(system: str) -> None:
    assert drifting(system) == {Validity.VALID}


def test_drift_breaks_a_bound_that_does_not_grow() -> None:
    assert Validity.INVALID in drifting("cristian", "forgets-drift")


def test_an_estimate_is_within_half_of_the_round_trip() -> None:
    cluster = Cluster(cristian, clients=3)
    cluster.inject("messages.delay", "t", rate=1.0, delay=80 * MS)
    for number in range(30):
        cluster.run(70)
        before = cluster.sim.now
        answer = cluster.ask("time", thread=number % 3)
        assert isinstance(answer, tuple)
        shown, error = int(str(answer[0])), int(str(answer[1]))
        assert before - error <= shown <= cluster.sim.now + error
        assert error < 90 * MS


def test_a_node_that_has_never_heard_the_server_answers_nobody() -> None:
    cluster = Cluster(cristian, clients=3, settle=0)
    cut = cluster.inject("partition", "t", shape="isolate-fully")
    waiting = cluster.invoke("time")
    cluster.run(2000)
    assert waiting not in cluster.answers
    cluster.undo(cut)
    cluster.run(1000, until=waiting)
    assert waiting in cluster.answers


def test_a_step_that_the_model_excludes_makes_a_clock_wrong_until_the_next_better_sample() -> None:
    cluster = Cluster(cristian, clients=3)
    node = cluster.sim.nodes["s1"]
    assert isinstance(node, Cristian)
    cluster.inject("clock.jump", "s1", delay=10 * SECOND)
    answer = cluster.ask("time", thread=0)
    assert isinstance(answer, tuple)
    assert abs(int(str(answer[0])) - cluster.sim.now) > 4 * SECOND


def test_the_clock_that_is_far_off_is_corrected_and_does_not_drag_the_others() -> None:
    cluster = Cluster(berkeley, clients=5, settle=600)
    shown = []
    for thread in range(5):
        answer = cluster.ask("time", thread=thread)
        assert isinstance(answer, tuple)
        shown.append(int(str(answer[0])) - cluster.sim.now)
    assert max(shown) - min(shown) < 30 * MS
    assert abs(sum(shown)) / 5 < max(map(abs, SKEWS[:-1])), "the clock of the group is among those that were near"


def test_a_correction_from_before_a_restart_is_not_for_the_clock_after_it() -> None:
    before, after = Recorder("s2", epoch=0), Recorder("s2", epoch=1)
    member = Member(skew=0)
    member.on_Poll(before, "s1", Poll(7))
    assert before.sent == [("s1", Reading(7, 0, 0))]
    restarted = Member(skew=0)
    restarted.on_Poll(after, "s1", Poll(7))  # a copy that comes late
    restarted.on_Adjust(after, "s1", Adjust(7, 0, 1000, 1))
    assert restarted.offset == 0
    member.on_Adjust(before, "s1", Adjust(7, 0, 1000, 1))
    member.on_Adjust(before, "s1", Adjust(7, 0, 1000, 1))
    assert member.offset == 1000, "once"


def test_no_correction_without_most_of_the_clocks() -> None:
    cluster = Cluster(berkeley, clients=5, settle=0)
    cluster.inject("partition", "s3,s4,s5", shape="isolate")
    waiting = [cluster.invoke("time", thread=thread) for thread in range(5)]
    cluster.run(3000)
    assert not any(operation in cluster.answers for operation in waiting)


def test_clocks_drift_apart_without_their_master_and_say_so() -> None:
    cluster = Cluster(berkeley, clients=5, settle=600)
    early = cluster.ask("time", thread=1)
    cluster.inject("crash", "s1")
    cluster.run(5000)
    late = cluster.ask("time", thread=1)
    assert isinstance(early, tuple)
    assert isinstance(late, tuple)
    assert int(str(late[1])) - int(str(early[1])) > 90 * MS


def test_the_default_faults_of_the_time_systems_include_drift() -> None:
    drifts = [
        effect
        for seed in range(20)
        for effect in attempt("cristian", "time", seed).record.effects
        if effect.family == "clock.drift"
    ]
    assert sum(effect.count for effect in drifts) > 5
