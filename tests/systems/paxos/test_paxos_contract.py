"""What the bench relies on: the declared data, and nodes that share nothing and repeat exactly."""

import pytest
from paxos_cluster import PaxosCluster

from splitbrain.errors import UsageError
from splitbrain.systems.paxos import system
from splitbrain.systems.paxos.server import Server
from splitbrain.systems.paxos.system import spare


def eventful_run(seed: int, **options: bool) -> str:
    """The hash of a run with several leaders, lost messages and restarts."""
    cluster = PaxosCluster(seed, clients=3, **options)
    cluster.inject("messages.loss", "all", rate=0.1)
    cluster.inject("messages.duplicate", "all", rate=0.2)
    for step in range(20):
        for thread in range(3):
            cluster.invoke("append", f"{step} ", thread=thread)
        if step in (3, 9):
            down = cluster.inject("kill", cluster.leader)
        if step in (6, 15):
            cluster.undo(down)
        cluster.run(60)
    return cluster.sim.event_log_hash()


@pytest.mark.parametrize("probe", ["codec", "pickle_nodes"])
def test_nodes_share_no_memory(probe: str) -> None:
    assert eventful_run(3, **{probe: True}) == eventful_run(3)


def test_runs_repeat() -> None:
    assert eventful_run(4) == eventful_run(4) != eventful_run(5)


def test_every_bug_can_be_deployed() -> None:
    correct = system.deploy(3, None).servers["s1"]()
    assert isinstance(correct, Server)
    for name, bug in system.bugs.items():
        planted = system.deploy(3, name).servers["s1"]()
        assert isinstance(planted, Server)
        assert bug.name == name
        parts = [(type(one), type(one.replica), type(one.store)) for one in (planted, correct)]
        assert parts[0] != parts[1]


def test_an_unknown_bug_is_refused() -> None:
    with pytest.raises(UsageError, match="no planted bug 'no-such'; it has accepts-anything"):
        system.deploy(3, "no-such")


def test_a_server_is_not_killed_before_its_disk_is_set_up() -> None:
    young = PaxosCluster(settle=0)
    assert not any(spare(young.sim.nodes, name) for name in young.names)
    young.run(10)
    assert all(spare(young.sim.nodes, name) for name in young.names)
