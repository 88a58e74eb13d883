"""What the labs leave out: changes of the members, handing over the leadership, reads without entries."""

import pytest
from raft_cluster import RaftCluster

from splitbrain.histories.operation import Value


def ask(cluster: RaftCluster, f: str, server: str) -> Value:
    """Have a client ask for an administrative operation, whose input is the name of a server."""
    return cluster.ask(f, server)


def test_servers_leave_and_join_and_the_group_serves_on() -> None:
    cluster = RaftCluster()
    cluster.ask("write", 1)
    leaving = cluster.others[:2]
    for name in leaving:
        ask(cluster, "leave", name)
    assert cluster.replica(cluster.leader).log.members == tuple(name for name in cluster.names if name not in leaving)
    cluster.inject("kill", next(name for name in cluster.others if name not in leaving))
    cluster.ask("write", 2)
    assert cluster.ask("read", thread=1) == 2
    ask(cluster, "join", leaving[0])
    cluster.run(500)
    assert cluster.replica(leaving[0]).applied == cluster.replica(cluster.leader).applied


def test_a_leader_that_leaves_leads_until_that_is_committed_and_no_longer() -> None:
    cluster = RaftCluster(servers=3)
    first = cluster.leader
    cluster.ask("write", 1)
    ask(cluster, "leave", first)
    cluster.run(1500)
    assert cluster.leader != first
    assert cluster.ask("read") == 1
    assert first not in cluster.replica(cluster.leader).log.members


def test_a_change_waits_until_the_one_before_is_committed() -> None:
    cluster = RaftCluster(servers=5)
    leader, others = cluster.leader, cluster.others
    cuts = cluster.part([leader], others)
    waiting = [cluster.invoke("leave", others[0], thread=0), cluster.invoke("leave", others[1], thread=1)]
    cluster.run(100)
    assert len(cluster.replica(leader).log.members) == 4, "one of them is in the log"
    cluster.mend(cuts)
    cluster.run(5000)
    assert cluster.answered(waiting) == [True, True]
    assert set(cluster.replica(cluster.leader).log.members) == {leader, *others[2:]}


def test_who_has_left_does_not_disturb_those_who_stay() -> None:
    cluster = RaftCluster()
    gone = cluster.others[0]
    ask(cluster, "leave", gone)
    leader, term = cluster.leader, cluster.replica(cluster.leader).term
    cluster.run(5000)
    assert (cluster.leader, cluster.replica(leader).term) == (leader, term)


def test_the_leadership_is_handed_over_at_once() -> None:
    cluster = RaftCluster()
    cluster.ask("write", 1)
    successor = cluster.others[2]
    ask(cluster, "transfer", successor)
    cluster.run(50)
    assert cluster.leader == successor
    assert cluster.ask("read") == 1


def test_a_leader_whose_successor_is_gone_goes_on() -> None:
    cluster = RaftCluster()
    leader, successor = cluster.leader, cluster.others[0]
    cluster.inject("kill", successor)
    ask(cluster, "transfer", successor)
    cluster.ask("write", 1)
    assert cluster.leader == leader


def test_reads_add_nothing_to_the_log() -> None:
    cluster = RaftCluster()
    cluster.ask("write", 1)
    last = cluster.replica(cluster.leader).log.last
    for _ in range(20):
        assert cluster.ask("read") == 1
    assert cluster.replica(cluster.leader).log.last == last


@pytest.mark.parametrize("shape", ["isolate", "isolate-fully"])
def test_a_leader_that_is_cut_off_answers_no_read(shape: str) -> None:
    cluster = RaftCluster(clients=1)
    cluster.ask("write", 1)
    old = cluster.leader
    cluster.inject("partition", old, shape=shape)
    read = cluster.invoke("read")
    cluster.run(60)
    assert cluster.answered([read]) == [False]
    cluster.run(3000, until=read)
    assert cluster.answered([read]) == [True], "by the next leader"
    assert cluster.leader != old
