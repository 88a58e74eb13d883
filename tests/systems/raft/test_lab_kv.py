"""The cases of MIT 6.5840, lab 4 (2025; lab 3 until 2022: 3A and 3B), a key-value store on Raft, in virtual time.

The tests whose names in the lab end in "linearizable" have the checker look at whole runs with fifteen clients.
"""

import random
from collections.abc import Callable

import pytest
from raft_cluster import MS, RaftCluster

from splitbrain.bench.run import run
from splitbrain.bench.test import SECOND, Test
from splitbrain.systems.raft.messages import BATCH, COMPACT


def repartition(cluster: RaftCluster, every: int) -> Callable[[int], None]:
    """Part the servers anew into two random sides, again and again."""
    chance = random.Random(7)
    cuts: list[int] = []

    def disturb(step: int) -> None:
        if step % every == 0:
            cluster.mend(cuts)
            names = chance.sample(cluster.names, len(cluster.names))
            size = chance.randint(1, len(names) // 2)
            cuts[:] = cluster.part(names[:size], names[size:])

    return disturb


def crash_all(cluster: RaftCluster, every: int, away: int) -> Callable[[int], None]:
    """Kill all servers, and start them again, again and again."""
    dead: list[int] = []

    def disturb(step: int) -> None:
        if step % every == every // 2:
            dead.append(cluster.inject("kill", "all"))
        if step % every == every // 2 + away and dead:
            cluster.undo(dead.pop())

    return disturb


def both(*disturbances: Callable[[int], None]) -> Callable[[int], None]:
    def disturb(step: int) -> None:
        for one in disturbances:
            one(step)

    return disturb


def unreliable(cluster: RaftCluster) -> None:
    """Lose every tenth message, and have others come late."""
    cluster.inject("messages.loss", "all", rate=0.1)
    cluster.inject("messages.delay", "all", rate=0.3, delay=25 * MS)


# 4A: the replicated state machine, here under the store


def test_submissions_to_a_leader_in_a_minority_wait_and_return_soon_after_heal() -> None:
    """LeaderPartition: a hundred submits do not commit there, and all are answered within a second of heal."""
    cluster = RaftCluster(clients=100, seed=4)
    for thread in range(100):
        cluster.ask("get", thread=thread)  # everybody knows the leader
    leader = cluster.leader
    minority = [leader, cluster.others[0]]
    clients = ",".join(f"c{thread}" for thread in range(100))
    cuts = [
        cluster.inject("partition", ",".join([clients, *minority]), shape="isolate-fully"),
        cluster.inject("partition", ",".join(minority), shape="isolate"),
    ]
    committed = cluster.replica(leader).commit
    stuck = [cluster.invoke("append", f"{thread} ", key="k", thread=thread) for thread in range(100)]
    cluster.run(2000)
    assert not any(cluster.answered(stuck))
    assert [cluster.replica(name).commit for name in minority] == [committed] * 2
    cluster.mend(cuts)
    cluster.run(1000)
    assert all(cluster.answered(stuck))
    assert sorted(str(cluster.ask("get", key="k")).split()) == sorted(map(str, range(100)))


def test_a_restart_replays_the_log_to_the_same_state() -> None:
    """RestartReplay: everybody is down, and is then where they were, with what was submitted since."""
    cluster = RaftCluster(servers=3, clients=1)
    for number in range(100):
        cluster.ask("append", f"{number} ")
    cluster.mend(cluster.kill(cluster.names))
    assert cluster.ask("append", "on") == "".join(f"{number} " for number in range(100)) + "on"
    cluster.run(200)
    assert len({repr(cluster.replica(name).machine.snapshot()) for name in cluster.names}) == 1


def test_submissions_return_though_their_server_is_shut_down() -> None:
    """Shutdown: those under way when everybody dies are answered, once each, when servers are back."""
    cluster = RaftCluster(servers=3, clients=20)
    under_way = [cluster.invoke("append", f"{thread} ", thread=thread) for thread in range(20)]
    cluster.run(3)
    down = cluster.kill(cluster.names)
    cluster.run(1000)
    cluster.mend(down)
    cluster.run(2000)
    assert all(cluster.answered(under_way))
    assert sorted(str(cluster.ask("get")).split()) == sorted(map(str, range(20)))


def test_submissions_go_on_while_servers_restart() -> None:
    """RestartSubmit: submit, shut down all, submit concurrently after the restart; nothing lost, nothing twice."""
    cluster = RaftCluster(servers=3, clients=10)
    for turn in range(5):
        asked = [cluster.invoke("append", f"{turn}.{thread} ", thread=thread) for thread in range(10)]
        cluster.run(2 * turn)
        cluster.mend(cluster.kill(cluster.names))
        cluster.run(2000)
        assert all(cluster.answered(asked))
    words = sorted(f"{turn}.{thread}" for turn in range(5) for thread in range(10))
    assert sorted(str(cluster.ask("get")).split()) == words


# 4B: without snapshots in the lab, with them here, as everywhere


def test_speed() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    begun = cluster.sim.now
    for number in range(300):
        cluster.ask("append", f"{number} ")
    assert (cluster.sim.now - begun) / 300 < 33.3 * MS


@pytest.mark.parametrize(("clients", "lossy"), [(1, False), (5, False), (5, True)])
def test_basic_concurrent_and_unreliable(clients: int, lossy: bool) -> None:
    cluster = RaftCluster(clients=clients)
    if lossy:
        unreliable(cluster)
    cluster.keep_asking(4000, clients)


def test_many_clients_on_one_key_over_an_unreliable_network() -> None:
    cluster = RaftCluster(servers=3, clients=5)
    unreliable(cluster)
    appends = []
    for number in range(10):
        appends += [cluster.invoke("append", f"{thread}.{number} ", thread=thread) for thread in range(5)]
        cluster.run(2000)
    longest = max(map(str, cluster.outputs(appends)), key=len)
    assert sorted(longest.split()) == sorted(f"{thread}.{number}" for thread in range(5) for number in range(10))


def test_progress_in_a_majority_none_in_a_minority_and_completion_after_heal() -> None:
    cluster = RaftCluster(clients=3)
    cluster.ask("put", "13")
    leader = cluster.leader
    minority, majority = [leader, cluster.others[0]], cluster.others[1:]
    cuts = cluster.part(minority, majority)
    cuts += [cluster.inject("partition", ",".join(["c1", "c2", *minority]), shape="isolate-fully")]
    cluster.ask("put", "14")
    waiting = [cluster.invoke("put", "15", thread=1), cluster.invoke("get", thread=2)]
    cluster.run(1000)
    assert cluster.answered(waiting) == [False, False]
    assert cluster.ask("get") == "14"
    cluster.ask("put", "16")
    cluster.mend(cuts)
    cluster.run(3000)
    assert cluster.answered(waiting) == [True, True]
    assert cluster.ask("get") == "15"


@pytest.mark.parametrize("clients", [1, 5])
def test_many_partitions(clients: int) -> None:
    cluster = RaftCluster(clients=clients)
    cluster.keep_asking(5000, clients, disturb=repartition(cluster, 80))


@pytest.mark.parametrize(
    ("clients", "lossy", "parted"),
    [(1, False, False), (5, False, False), (5, True, False), (5, False, True), (5, True, True)],
)
def test_persistence(clients: int, lossy: bool, parted: bool) -> None:
    cluster = RaftCluster(clients=clients)
    if lossy:
        unreliable(cluster)
    crashes = crash_all(cluster, 150, 20)
    cluster.keep_asking(6000, clients, disturb=both(crashes, repartition(cluster, 100)) if parted else crashes)


# 4C: with snapshots


def test_who_was_away_gets_a_snapshot_and_leads_with_it() -> None:
    cluster = RaftCluster(servers=3)
    away = cluster.others[0]
    cut = cluster.inject("partition", away, shape="isolate-fully")
    for number in range(5 * COMPACT):
        cluster.ask("put", str(number), key=f"k{number}")
    cluster.undo(cut)
    cluster.run(1000)
    assert cluster.deliveries("InstallSnapshot", dst=away) > 0
    cluster.inject("kill", next(name for name in cluster.others if name != away))
    assert cluster.ask("get", key="k0") == "0"


def test_logs_and_snapshots_stay_small() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    for number in range(20 * COMPACT):
        cluster.ask("put", str(number))
        cluster.ask("put", "")
    for name in cluster.names:
        replica = cluster.replica(name)
        assert len(replica.log.entries) <= 2 * COMPACT + BATCH
        values, replies = replica.snapshot.state  # type: ignore[misc,str-unpack]
        assert len(values) <= 1  # type: ignore[arg-type]
        assert len(replies) == 1, "one reply for each client, however many it got"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clients", "lossy", "parted"), [(1, False, False), (20, False, False), (5, True, False), (5, True, True)]
)
def test_recovery_from_snapshots(clients: int, lossy: bool, parted: bool) -> None:
    cluster = RaftCluster(clients=clients)
    if lossy:
        unreliable(cluster)
    crashes = crash_all(cluster, 120, 15)
    cluster.keep_asking(5000, clients, disturb=both(crashes, repartition(cluster, 90)) if parted else crashes)
    assert all(cluster.replica(name).snapshot.index > 0 for name in cluster.names)


@pytest.mark.parametrize("seed", range(2))
def test_fifteen_clients_seven_servers_random_keys_everything_at_once_linearizable(seed: int) -> None:
    record = run(
        Test(system="raft", workload="kv", seed=seed, servers=7, clients=15, keys=5, operations=600, time=60 * SECOND)
    ).record
    assert record.grade == "valid", record.sentence
