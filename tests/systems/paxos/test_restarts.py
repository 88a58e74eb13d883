"""Crashes, restarts, pauses and lost disks: what the labs' nodes never do, and diskv of MIT 6.824 (2015) does."""

import random

import pytest
from paxos_cluster import MS, PaxosCluster

from splitbrain.systems.paxos.replica import Status


def test_everything_survives_when_all_servers_crash() -> None:
    cluster = PaxosCluster()
    for number in range(30):
        cluster.ask("append", f"{number} ")
    for _ in range(3):
        cluster.mend([cluster.inject("kill", name) for name in cluster.names])
    assert cluster.ask("get") == "".join(f"{number} " for number in range(30))


@pytest.mark.parametrize("seed", range(5))
def test_a_crash_in_mid_operation_loses_nothing_and_repeats_nothing(seed: int) -> None:
    cluster = PaxosCluster(seed)
    for number in range(10):
        operation = cluster.invoke("append", f"{number} ")
        cluster.run(seed + number / 3)
        cluster.mend([cluster.inject("kill", name) for name in cluster.names])
        cluster.run(3000, until=operation)
        assert cluster.answers[operation].output == "".join(f"{each} " for each in range(number + 1))


def test_a_server_that_was_away_for_long_catches_up() -> None:
    for operations in (10, 100):  # by commands, by a snapshot
        cluster = PaxosCluster(clients=1)
        away = next(name for name in cluster.names if name != cluster.leader)
        down = cluster.inject("kill", away)
        for number in range(operations):
            cluster.ask("append", f"{number} ")
        cluster.undo(down)
        cluster.run(500)
        assert cluster.replica(away).executed == cluster.replica(cluster.leader).executed
        kind = "Chosen" if operations == 10 else "Snapshot"
        assert cluster.deliveries(kind, dst=away) > 0


def test_a_paused_leader_is_replaced_and_answers_nobody_when_it_goes_on() -> None:
    cluster = PaxosCluster(clients=2)
    cluster.ask("write", 1, thread=0)
    old = cluster.leader
    pause = cluster.inject("pause", old)
    stale = cluster.invoke("read", thread=0)
    assert cluster.ask("write", 2, thread=1) is None
    cluster.run(500)
    resumed = cluster.sim.now
    cluster.undo(pause)
    cluster.run(500)
    assert cluster.deliveries("Reply", src=old, after=resumed) == 0
    assert cluster.outputs([stale]) in ([1], [2])
    assert cluster.leader != old


def test_a_server_without_its_disk_gets_everything_and_votes_again() -> None:
    cluster = PaxosCluster(servers=3, clients=1)
    for number in range(40):
        cluster.ask("append", f"{number} ")
    victim = next(name for name in cluster.names if name != cluster.leader)
    cluster.undo(cluster.lose_disk(victim))
    cluster.run(1500)
    replica = cluster.replica(victim)
    assert replica.durable
    assert replica.status(40) is Status.CLEARED
    third = next(name for name in cluster.names if name not in (victim, cluster.leader))
    cluster.inject("kill", third if third != cluster.leader else cluster.names[0])
    assert cluster.ask("append", "on") == "".join(f"{number} " for number in range(40)) + "on"


def test_a_server_without_its_disk_says_nothing_while_another_is_away() -> None:
    """Rejoin, case 1: with one server down and one without its disk, the third alone knows what was agreed."""
    cluster = PaxosCluster(servers=3, clients=1)
    cluster.ask("append", "a")
    victim, other = (name for name in cluster.names if name != cluster.leader)
    down = cluster.inject("kill", other)
    assert cluster.ask("append", "b") == "ab"
    cluster.undo(cluster.lose_disk(victim))
    stuck = cluster.invoke("append", "c")
    cluster.run(3000)
    assert cluster.answered([stuck]) == [False]
    assert not cluster.replica(victim).durable
    cluster.undo(down)
    cluster.run(3000, until=stuck)
    assert cluster.outputs([stuck]) == ["abc"]


def test_a_server_without_its_disk_stays_silent_for_ever_if_another_stops_for_good() -> None:
    """One that is gone and one that never votes again are two of five: the three that are left serve, undisturbed."""
    cluster = PaxosCluster(servers=5, clients=1)
    cluster.ask("append", "a")
    cluster.run(100)
    leader = cluster.leader
    victim, other = [name for name in cluster.names if name != leader][:2]
    reborn = cluster.lose_disk(victim)
    cluster.inject("crash", other)
    lost = cluster.sim.now
    cluster.undo(reborn)
    for number in range(20):
        cluster.ask("append", f"{number} ")
        cluster.run(500)
    assert not cluster.replica(victim).durable
    assert cluster.replica(victim).executed == cluster.replica(cluster.leader).executed
    assert cluster.leader == leader
    assert cluster.deliveries("Accepted", lost, src=victim) == cluster.deliveries("Promise", lost, src=victim) == 0


def test_three_of_five_serve_when_two_have_stopped_for_good() -> None:
    cluster = PaxosCluster(servers=5, clients=1)
    cluster.ask("append", "a")
    for piece in "bc":
        cluster.inject("crash", cluster.leader)
        cluster.run(1000)
        assert cluster.ask("append", piece)
    assert cluster.ask("get") == "abc"
    assert len(cluster.sim.roles()) == 3


def test_disks_hold_what_the_store_holds_however_often_it_was_written() -> None:
    """Disk use: few keys, overwritten again and again, take less than 20 kB on all disks together."""
    cluster = PaxosCluster(servers=3, clients=1)
    for number in range(300):
        cluster.ask("put", f"{number}".rjust(100), key=f"k{number % 10}")
    cluster.run(300)
    assert sum(cluster.disk_use(name) for name in cluster.names) < 20_000


def test_disks_hold_appends_once() -> None:
    """Append use: a string that grows is on the disk as it is, and as the last answer, but not as it was."""
    cluster = PaxosCluster(servers=3, clients=1)
    for _ in range(300):
        cluster.ask("append", "x" * 100)
    cluster.run(300)
    for name in cluster.names:
        assert 30_000 <= cluster.disk_use(name) < 2 * 30_000 + 1000


def test_a_server_without_its_disk_does_not_change_its_mind() -> None:
    """Rejoin, case 3: what it had voted for, and only one other knows, is still what is chosen."""
    cluster = PaxosCluster(servers=3, clients=1)
    cluster.ask("append", "a")
    leader = cluster.leader
    victim, away = (name for name in cluster.names if name != leader)
    down = cluster.inject("kill", away)
    cluster.ask("append", "b")  # chosen by the leader and the victim
    reborn = cluster.lose_disk(victim)
    dead = cluster.inject("kill", leader)
    cluster.undo(down)
    cluster.undo(reborn)
    cluster.run(3000)  # the victim and the server that was away know nothing of it, and are two of three
    assert "leader" not in cluster.sim.roles().values()
    cluster.undo(dead)
    assert cluster.ask("get") == "ab"


def test_all_state_is_gone_with_all_disks_and_nobody_makes_up_another() -> None:
    cluster = PaxosCluster(servers=3, clients=1)
    cluster.ask("append", "a")
    cluster.mend([cluster.lose_disk(name) for name in cluster.names])
    stuck = cluster.invoke("get")
    cluster.run(5000)
    assert cluster.answered([stuck]) == [False]


def test_a_leader_that_nobody_hears_gives_up() -> None:
    cluster = PaxosCluster()
    leader = cluster.leader
    cluster.inject("partition", leader, shape="deaf")
    cluster.run(1000)
    assert cluster.replica(leader).role() != "leader"
    assert cluster.ask("write", 1) is None


def test_a_deaf_server_disturbs_the_others_once_only() -> None:
    cluster = PaxosCluster()
    deaf = next(name for name in cluster.names if name != cluster.leader)
    cluster.inject("partition", deaf, shape="deaf")
    cluster.run(2000)
    settled, leader = cluster.sim.now, cluster.leader
    cluster.run(5000)
    assert cluster.deliveries("Prepare", after=settled, src=deaf) > 50
    assert cluster.deliveries("Promise", after=settled) == 0
    assert cluster.leader == leader


@pytest.mark.parametrize("seed", range(12))
def test_disks_are_lost_one_at_a_time_among_crashes_and_partitions(seed: int) -> None:
    """Random schedules beyond the declared fault model: a disk is lost only while everybody else has one."""
    chance = random.Random(seed)
    servers = chance.choice((3, 5))
    cluster = PaxosCluster(seed, servers=servers, clients=4, trace=False)
    cluster.inject("messages.delay", "all", rate=0.3, delay=chance.choice((5, 50, 400)) * MS)
    faults: list[int] = []
    for step in range(60):
        for thread in range(4):
            cluster.invoke("append", f"{thread}.{step} ", thread=thread)
        up = [name for name in cluster.names if name in cluster.sim.nodes]
        drawn = chance.random()
        if drawn < 0.25 and len(up) == servers and all(cluster.replica(name).durable for name in up):
            faults.append(cluster.lose_disk(chance.choice(up)))
        elif drawn < 0.4 and up:
            faults.append(cluster.inject("kill", chance.choice(up)))
        elif drawn < 0.55:
            names = chance.sample(cluster.names, servers)
            faults += cluster.part(names[: servers // 2], names[servers // 2 :])
        if faults and chance.random() < 0.7:
            cluster.undo(faults.pop(chance.randrange(len(faults))))
        cluster.run(chance.choice((5, 20, 100, 400)))
    cluster.mend(faults)
    cluster.run(3000)
    assert str(cluster.ask("get")).split()
    cluster.check_logs()
