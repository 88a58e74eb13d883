"""The cases of MIT 6.5840, lab 3 (2025; lab 2 until 2022, 2A to 2D), in virtual time, through the clients of the store.

That there is one leader in a term, that no two servers apply different commands at an index, and that none applies
them out of order, is watched by the monitors in every one of them. Here too: COS418's, which are an older subset.
"""

import random

import pytest
from raft_cluster import MS, RaftCluster

from splitbrain.systems.raft.messages import BATCH, COMPACT

# 3A: leader election


def test_initial_election() -> None:
    cluster = RaftCluster(servers=3, settle=500)
    leader, term = cluster.leader, cluster.replica(cluster.leader).term
    cluster.run(2000)
    assert cluster.leader == leader
    assert {cluster.replica(name).term for name in cluster.names} == {term}


def test_reelection() -> None:
    cluster = RaftCluster(servers=3)
    first = cluster.leader
    cut = cluster.inject("partition", first, shape="isolate-fully")
    cluster.run(1000)
    second = cluster.leader
    assert second != first
    cluster.undo(cut)  # the old leader comes back, and disturbs nobody
    cluster.run(500)
    assert cluster.leader == second
    assert cluster.replica(first).state == "follower"
    away = [cluster.inject("partition", name, shape="isolate-fully") for name in (second, cluster.others[0])]
    cluster.run(2000)
    assert "leader" not in cluster.sim.roles().values()
    cluster.undo(away[0])
    cluster.run(1000)
    assert cluster.leader
    cluster.undo(away[1])
    cluster.run(1000)
    assert list(cluster.sim.roles().values()).count("leader") == 1


def test_many_elections() -> None:
    cluster = RaftCluster(servers=7)
    chance = random.Random(1)
    for _ in range(10):
        cuts = [cluster.inject("partition", name, shape="isolate-fully") for name in chance.sample(cluster.names, 3)]
        cluster.run(1000)
        reachable = [name for name, role in cluster.sim.roles().items() if role == "leader"]
        assert len(reachable) == 1
        cluster.mend(cuts)
    cluster.run(1000)
    assert cluster.leader


# 3B: log


def test_basic_agreement() -> None:
    cluster = RaftCluster(servers=3)
    for number in range(3):
        before = max(replica.commit for replica in map(cluster.replica, cluster.names))
        cluster.ask("put", str(number))
        assert cluster.replica(cluster.leader).commit == before + 1
    cluster.run(100)
    assert len(cluster.logs()) == 1


def test_every_command_is_sent_to_every_server_just_once() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    begun = cluster.sim.now
    for number in range(10):
        cluster.ask("put", chr(97 + number) * 5000)
    sent = [
        str(entry["command"])
        for record in cluster.sim.trace
        if record["kind"] == "deliver" and record["type"] == "AppendEntries" and record["time"] > begun
        for entry in record["fields"]["entries"]
    ]
    assert 2 * 10 * 5000 <= sum(map(len, sent)) <= 2 * 10 * 5000 + 10_000


@pytest.mark.parametrize("leaders", [False, True])
def test_progressive_failure(leaders: bool) -> None:
    """Follower failure, leader failure: one after the other is cut off, until too few are left."""
    cluster = RaftCluster(servers=3, clients=1)
    cluster.ask("put", "a")
    reachable = list(cluster.names)
    for number in range(2):
        victim = next(name for name in reachable if (cluster.replica(name).state == "leader") is leaders)
        reachable.remove(victim)
        cluster.inject("partition", victim, shape="isolate-fully")
        operation = cluster.invoke("append", str(number))
        cluster.run(2000, until=operation)
        assert cluster.answered([operation]) == [number == 0]
    committed = max(cluster.replica(name).commit for name in cluster.names)
    cluster.run(2000)
    assert max(cluster.replica(name).commit for name in cluster.names) == committed


def test_agreement_despite_a_follower_that_comes_and_goes() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    cluster.ask("put", "a")
    follower = cluster.others[0]
    cut = cluster.inject("partition", follower, shape="isolate-fully")
    for number in range(4):
        cluster.ask("append", str(number))
    cluster.undo(cut)
    cluster.run(500)
    assert len(cluster.logs()) == 1
    assert cluster.ask("append", "z") == "a0123z"


def test_no_agreement_when_too_many_followers_are_away() -> None:
    cluster = RaftCluster(servers=5, clients=1)
    cluster.ask("put", "a")
    leader = cluster.leader
    cuts = [cluster.inject("partition", name, shape="isolate-fully") for name in cluster.others[:3]]
    stuck = cluster.invoke("append", "b")
    cluster.run(2000)
    assert cluster.answered([stuck]) == [False]
    assert cluster.replica(leader).commit < cluster.replica(leader).log.last
    cluster.mend(cuts)
    cluster.run(2000, until=stuck)
    assert cluster.outputs([stuck]) == ["ab"]
    assert cluster.ask("append", "c") == "abc"


def test_concurrent_starts() -> None:
    cluster = RaftCluster(servers=3, clients=5)
    operations = [cluster.invoke("append", f"{thread} ", thread=thread) for thread in range(5)]
    cluster.run(1000)
    assert all(cluster.answered(operations))
    assert sorted(str(cluster.ask("get")).split()) == [str(thread) for thread in range(5)]


def test_a_cut_off_leader_rejoins() -> None:
    cluster = RaftCluster(servers=3, clients=4)
    cluster.ask("put", "a", thread=3)
    first = cluster.leader
    cut = cluster.part([first], cluster.others)
    lost = [cluster.invoke("append", f"{number}", key="lost", thread=number) for number in range(2)]
    cluster.run(100)
    cluster.ask("append", "b", thread=3)  # a new leader
    second = cluster.leader
    other = cluster.part([second], cluster.others)
    cluster.mend(cut)
    cluster.ask("append", "c", thread=3)
    assert cluster.leader != second
    cluster.mend(other)
    assert cluster.ask("append", "d", thread=3) == "abcd"
    cluster.run(2000)
    assert all(cluster.answered(lost))  # since their clients ask again
    assert len(cluster.logs()) == 1


def test_a_leader_backs_up_quickly_over_wrong_logs() -> None:
    """Figure 7: two logs have much that was never committed. One message for each term is enough to find the place."""
    cluster = RaftCluster(servers=5, clients=50)
    cluster.settle()
    first = cluster.leader
    one, *rest = cluster.others
    first_cut = cluster.part([first, one], rest)
    for thread in range(25):
        cluster.invoke("append", "x", key="lost", thread=thread)
    cluster.run(100)
    assert cluster.replica(one).log.last - cluster.replica(one).commit >= 25
    cluster.run(600)
    second = cluster.leader
    assert second in rest
    kept = [cluster.invoke("append", "y", key="kept", thread=thread) for thread in range(25, 50)]
    cluster.run(500)
    assert all(cluster.answered(kept))
    begun = cluster.sim.now
    cluster.mend(first_cut)
    cluster.run(500)
    assert len(cluster.logs()) == 1
    assert cluster.deliveries("Conflict", after=begun, src=one) + cluster.deliveries("Conflict", begun, src=first) <= 6


def test_counts_of_messages() -> None:
    """Few messages to elect a leader, to agree, and to be idle."""
    cluster = RaftCluster(servers=3, clients=10)
    assert 1 <= cluster.deliveries("RequestVote") <= 30
    begun = cluster.sim.now
    operations = [cluster.invoke("append", "x", thread=thread) for thread in range(10)]
    cluster.run(100)
    assert all(cluster.answered(operations))
    assert cluster.deliveries("AppendEntries", after=begun) <= (10 + 1 + 3) * 3
    idle = cluster.sim.now
    cluster.run(1000)
    assert cluster.deliveries("AppendEntries", after=idle) + cluster.deliveries("RequestVote", after=idle) <= 60


# 3C: persistence


def test_persistence_of_one_server_of_some_and_of_all() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    text = ""

    def append(piece: str) -> None:
        nonlocal text
        text += piece
        assert cluster.ask("append", piece) == text

    append("a")
    for victims in (cluster.names, [cluster.leader], [cluster.others[0]]):
        down = cluster.kill(victims)
        if len(victims) == 1:
            append("b")
        cluster.mend(down)
        append("c")
    cluster.run(500)
    assert len(cluster.logs()) == 1


def test_persistence_while_two_of_five_are_always_down() -> None:
    cluster = RaftCluster(servers=5, clients=1)
    for turn in range(5):
        names = [cluster.names[(turn + step) % 5] for step in range(5)]
        down = cluster.kill(names[:2])
        cluster.ask("append", f"{turn} ")
        more = cluster.kill(names[2:])
        cluster.mend([*down, *more[:1]])
        assert cluster.ask("get") == "".join(f"{each} " for each in range(turn + 1))
        cluster.mend(more)
    cluster.run(500)
    assert len(cluster.logs()) == 1


def test_persistence_of_what_a_cut_off_leader_and_its_follower_have() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    leader, (one, other) = cluster.leader, cluster.others
    cluster.ask("put", "a")
    away = cluster.kill([other])
    cluster.ask("append", "b")
    down = cluster.kill([leader, one])
    cluster.mend([*away, down[0]])
    assert cluster.ask("append", "c") == "abc"
    cluster.mend(down[1:])
    assert cluster.ask("append", "d") == "abcd"


@pytest.mark.parametrize("seed", range(2))
def test_figure_8_leaders_crash_again_and_again(seed: int) -> None:
    """A leader gets a command, and most often crashes before, or soon after, it is replicated."""
    cluster = RaftCluster(seed, clients=1, trace=False)
    chance = random.Random(seed)
    down: list[int] = []
    for _ in range(150):
        cluster.invoke("append", "x")
        cluster.run(chance.uniform(0, 500) if chance.random() < 0.1 else chance.uniform(0, 13))
        down += cluster.kill(name for name, role in list(cluster.sim.roles().items()) if role == "leader")
        if len(down) > 2:
            cluster.undo(down.pop(0))
        cluster.run(chance.choice((20, 200, 400)))
    cluster.mend(down)
    cluster.settle()


def test_agreement_on_an_unreliable_network() -> None:
    cluster = RaftCluster(clients=5, trace=False)
    loss = cluster.inject("messages.loss", "all", rate=0.1)
    cluster.inject("messages.delay", "all", rate=0.3, delay=27 * MS)
    for number in range(20):
        operations = [cluster.invoke("append", f"{number} ", key=f"k{thread}", thread=thread) for thread in range(5)]
        for operation in operations:
            cluster.run(3000, until=operation)
        assert all(cluster.answered(operations))
    cluster.undo(loss)
    cluster.settle()


@pytest.mark.parametrize("seed", range(2))
def test_figure_8_with_leaders_that_are_cut_off_on_a_network_that_reorders(seed: int) -> None:
    cluster = RaftCluster(seed, clients=5, trace=False)
    disturbed = [cluster.inject("messages.loss", "all", rate=0.1)]
    chance = random.Random(seed)
    cuts: list[int] = []
    for step in range(150):
        if step == 30:
            disturbed.append(cluster.inject("messages.delay", "all", rate=0.6, delay=2200 * MS))
        cluster.invoke("append", "x", thread=chance.randrange(5))
        cluster.run(chance.uniform(0, 500) if chance.random() < 0.1 else chance.uniform(0, 13))
        leaders = [name for name, role in cluster.sim.roles().items() if role == "leader"]
        if leaders and chance.random() < 0.5:
            cuts.append(cluster.inject("partition", chance.choice(leaders), shape="isolate-fully"))
        if len(cuts) > 2:
            cluster.undo(cuts.pop(0))
        cluster.run(chance.choice((10, 50, 200)))
    cluster.mend([*cuts, *disturbed])
    cluster.run(4000)
    cluster.settle()


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_churn(rate: float) -> None:
    """Servers crash, are cut off and come back; what clients were answered stays in the log."""
    cluster = RaftCluster(seed=3, clients=3, trace=False)
    loss = cluster.inject("messages.loss", "all", rate=rate)
    chance, faults = random.Random(rate), list[int]()

    def disturb(step: int) -> None:
        up = [name for name in cluster.names if name in cluster.sim.nodes]
        if step % 10 == 0:
            if chance.random() < 0.4:
                faults.append(cluster.inject("partition", chance.choice(cluster.names), shape="isolate-fully"))
            elif chance.random() < 0.5 and len(up) > 2:
                faults.extend(cluster.kill([chance.choice(up)]))
            if len(faults) > 2 or chance.random() < 0.5:
                cluster.mend(faults[:1])
                del faults[:1]
        if step == 240:
            cluster.mend([*faults, loss])

    cluster.keep_asking(5000, threads=3, every=20, disturb=disturb)
    cluster.settle()


# 3D: log compaction


def test_snapshots_keep_the_log_short() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    for number in range(5 * COMPACT):
        cluster.ask("append", f"{number} ", key=f"k{number % 5}")
    cluster.run(100)
    for replica in map(cluster.replica, cluster.names):
        assert COMPACT <= len(replica.log.entries) <= 2 * COMPACT + BATCH
        assert replica.snapshot.index >= 4 * COMPACT
        assert len(replica.machine.snapshot()[0]) == 5  # type: ignore[index,arg-type]


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_who_has_fallen_far_behind_gets_a_snapshot(crash: bool, rate: float) -> None:
    cluster = RaftCluster(seed=2, servers=3, clients=1)
    cluster.inject("messages.loss", "all", rate=rate)
    text = ""
    for turn in range(3):
        victim = cluster.leader if turn == 1 else cluster.others[0]
        fault = cluster.inject("kill", victim) if crash else cluster.inject("partition", victim, shape="isolate-fully")
        for number in range(3 * COMPACT):
            text += f"{number} "
            assert cluster.ask("append", f"{number} ") == text
        begun = cluster.sim.now
        cluster.undo(fault)
        cluster.run(1000)
        assert cluster.deliveries("InstallSnapshot", after=begun, dst=victim) > 0
        assert cluster.replica(victim).applied == cluster.replica(cluster.leader).applied
    assert cluster.ask("get") == text


def test_all_crash_after_snapshots_and_begin_with_them() -> None:
    cluster = RaftCluster(servers=3, clients=1)
    text = ""
    for number in range(3 * COMPACT):
        text += f"{number} "
        cluster.ask("append", f"{number} ")
        if number % COMPACT == COMPACT - 1:
            cluster.mend(cluster.kill(cluster.names))
            applied = [cluster.replica(name).applied for name in cluster.names]
            assert applied == [cluster.replica(name).snapshot.index for name in cluster.names]
            assert sorted(applied)[1] >= number + 1 - COMPACT
    assert cluster.ask("get") == text
