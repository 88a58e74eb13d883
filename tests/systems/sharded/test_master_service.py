"""The shard master as a service: shardmaster of MIT 6.824 (2015) and shardctrler (2021), over a network."""

import random
from collections import Counter

import pytest
from sharded_cluster import ShardedCluster

from splitbrain.systems.paxos.replica import PaxosReplica
from splitbrain.systems.sharded import on_raft, system
from splitbrain.systems.sharded.master import MasterServer
from splitbrain.systems.sharded.messages import NEWEST
from splitbrain.systems.system import System

MASTERS = ["m1", "m2", "m3"]
BOTH = pytest.mark.parametrize("tested", [system, on_raft], ids=["paxos", "raft"])


def servers(cluster: ShardedCluster) -> list[MasterServer]:
    return [node for node in cluster.sim.nodes.values() if isinstance(node, MasterServer)]


@BOTH
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_orders_of_many_clients_are_carried_out_once_each_and_everywhere_alike(tested: System, rate: float) -> None:
    """2015 concurrent leave and join, and unreliable; 2021 concurrent, and the same configuration on all servers."""
    cluster = ShardedCluster(system=tested, clients=6)
    loss = cluster.inject("messages.loss", "all", rate=rate)
    double = cluster.inject("messages.duplicate", "all", rate=rate)
    chance = random.Random(1)
    done = 0
    for _ in range(8):
        asked = [
            cluster.invoke(chance.choice(["join", "leave"]), f"g{chance.randint(1, 3)}", "configuration", thread)
            for thread in range(6)
        ]
        for operation in asked:
            cluster.run(3000, until=operation)
            done += cluster.answers[operation].output is True
    assert len(cluster.master.history) == 3 + done
    cluster.up([loss, double])
    cluster.run(1000)
    assert len({tuple(server.master.history) for server in servers(cluster)}) == 1
    newest = cluster.configuration()
    counts = Counter(newest.owners)
    assert max(counts.values()) - min(counts[group] for group, _ in newest.groups) <= 1


def test_what_everybody_has_executed_is_forgotten() -> None:
    """2015 Min advances."""
    cluster = ShardedCluster()
    for turn in range(10):
        cluster.order("join" if turn % 2 == 0 else "leave", "g3")
    cluster.run(300)
    for server in servers(cluster):
        assert isinstance(server.replica, PaxosReplica)
        assert server.replica.cleared == server.replica.executed >= 10


@BOTH
def test_a_query_gives_the_newest_configuration_though_its_server_has_not_heard_of_it(tested: System) -> None:
    """2015 fresh query."""
    cluster = ShardedCluster(system=tested, clients=2)
    assert cluster.configuration().number == 2
    old, begun = cluster.leader(MASTERS), cluster.sim.now
    cluster.run(50)
    cluster.inject("partition", old, shape="deaf")
    order = cluster.invoke("join", "g3", "configuration", 1)
    cluster.run(5000, until=order)
    query = cluster.invoke("query", NEWEST, "configuration", 0)
    cluster.run(5000, until=query)
    found = cluster.answers[query].output
    assert isinstance(found, tuple)
    assert found[0] == 3
    assert cluster.deliveries("Done", src=old, after=begun + 1) == 0
