"""The long cases of shardkv of MIT 6.824 (2015, 2021) and 6.5840 (2025), in seconds, on both logs."""

import random
from importlib import import_module

import pytest
import sharded_cluster
from sharded_cluster import GROUPS, KEYS, ShardedCluster

from splitbrain.bench.run import run
from splitbrain.bench.test import SECOND, Test
from splitbrain.systems.raft.messages import COMPACT
from splitbrain.systems.sharded import on_raft, system
from splitbrain.systems.sharded.configuration import SHARDS
from splitbrain.systems.system import System

BOTH = pytest.mark.parametrize("tested", [system, on_raft], ids=["paxos", "raft"])
NAMES = pytest.mark.parametrize("name", ["sharded", "sharded_raft"])


@BOTH
def test_disks_hold_every_value_once_on_each_server_of_its_group(tested: System) -> None:
    """2021 Challenge1Delete and 2025 DeleteBasic: its bound on bytes, for 30 values of 1000 bytes."""
    cluster = ShardedCluster(system=tested)
    for key in KEYS:
        cluster.ask("put", "x" * 1000, key)
    for turn in range(5):
        cluster.order("join" if turn % 2 == 0 else "leave", "g3")
        cluster.run(1000)
    for number in range(2 * COMPACT * SHARDS):  # Raft's logs are compacted as commands come
        cluster.ask("put", "", key=f"small{number % 40}")
    cluster.run(500)
    assert cluster.settled()
    used = sum(cluster.disk_use(name) for names in GROUPS.values() for name in names)
    assert used <= 3 * ((len(KEYS) - 3) * 1000 + 2 * 3 * 1000 + 6000)


@BOTH
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_eight_groups_join_and_leave(monkeypatch: pytest.MonkeyPatch, tested: System, rate: float) -> None:
    """2025 ManyJoinLeave, reliable and unreliable."""
    names = tuple(f"g{number}" for number in range(1, 9))
    monkeypatch.setattr(import_module("splitbrain.systems.sharded.system"), "GROUPS", names)
    groups = {group: [f"{group}s{number}" for number in (1, 2, 3)] for group in names}
    monkeypatch.setattr(sharded_cluster, "GROUPS", groups)
    cluster = ShardedCluster(system=tested, trace=False)
    cluster.inject("messages.loss", "all", rate=rate)
    cluster.put_all()
    for f, some in [("join", names[7:]), ("leave", names[:6]), ("join", names[:3]), ("leave", names[6:])]:
        for group in some:
            order = cluster.invoke(f, group, "configuration")
            cluster.run(3000, until=order)
            assert cluster.answers[order].output is True
        cluster.run(1500)
        cluster.get_all()
    assert {group for group, _ in cluster.configuration().groups} == {"g1", "g2", "g3"}


@BOTH
def test_a_lock_in_the_store_has_one_holder_while_shards_move_on_an_unreliable_network(tested: System) -> None:
    """2025 AcquireLockConcurrentUnreliable: who holds the lock counts up, and no count is lost."""
    cluster = ShardedCluster(system=tested, clients=5)
    cluster.inject("messages.loss", "all", rate=0.1)
    cluster.inject("messages.duplicate", "all", rate=0.1)
    steps: dict[int, tuple[str, int]] = {}  # by client: what it waits for
    counted, order, turn = 0, -1, 0
    holder: int | None = None
    for _ in range(1200):
        if order < 0 or order in cluster.answers:
            order = cluster.invoke("leave" if turn % 2 else "join", "g3", "configuration", 4)
            turn += 1
        for thread in range(4):
            step, operation = steps.get(thread, ("", -1))
            if operation >= 0 and operation not in cluster.answers:
                continue
            output = cluster.answers[operation].output if operation >= 0 else None
            if step == "take" and output is True:
                assert holder is None
                holder = thread
                steps[thread] = ("count", cluster.invoke("append", ".", "count", thread))
            elif step == "count":
                counted += 1
                assert output == "." * counted
                holder = None
                steps[thread] = ("give", cluster.invoke("cas", (thread, -1), "lock", thread))
            elif step == "":
                steps[thread] = ("first", cluster.invoke("cas", (None, -1), "lock", thread))
            else:
                steps[thread] = ("take", cluster.invoke("cas", (-1, thread), "lock", thread))
        cluster.run(5)
    assert counted >= 20
    assert turn >= 8


@NAMES
@pytest.mark.parametrize("faults", ["none", "messages", "kill", "kill,messages"])
def test_many_clients_while_groups_join_and_leave_linearizable(name: str, faults: str) -> None:
    """2015 concurrent, 2021 Concurrent1 to 3 and Unreliable1 to 3, 2025 Concurrent clerks, reliable and not."""
    record = run(
        Test(system=name, workload="sharded", seed=1, faults=faults, clients=10, keys=5, operations=250)
    ).record
    assert record.grade in ("valid", "inert"), record.sentence


@NAMES
@pytest.mark.parametrize("faults", ["partition", "partition,messages"])
def test_partitions_of_master_and_groups_while_clients_go_on_linearizable(name: str, faults: str) -> None:
    """2025 PartitionRecovery, reliable and unreliable, with and without clerks: a controller here is a client."""
    record = run(
        Test(
            system=name, workload="sharded", seed=2, faults=faults, clients=10, keys=5, operations=250, time=60 * SECOND
        )
    ).record
    assert record.grade == "valid", record.sentence


@BOTH
def test_a_change_goes_on_whoever_is_cut_off_in_the_middle_of_it(tested: System) -> None:
    """2025 RecoverCtrler and PartitionRecovery: leaders of master and groups are cut off again and again."""
    cluster = ShardedCluster(system=tested)
    chance = random.Random(3)
    cluster.put_all()
    for turn in range(6):
        order = cluster.invoke("join" if turn % 2 == 0 else "leave", "g3", "configuration")
        cluster.run(chance.choice((2, 10, 40, 80)))
        leaders = [name for name, role in cluster.sim.roles().items() if role == "leader"]
        cuts = [cluster.inject("partition", name, shape="isolate-fully") for name in leaders]
        cluster.run(800)
        cluster.up(cuts)
        cluster.run(3000, until=order)
        assert cluster.answers[order].output is True
        cluster.run(1000)
        cluster.get_all()
    assert cluster.settled()
