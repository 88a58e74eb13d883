"""What the bench relies on: the declared data, and nodes that share nothing and repeat exactly."""

from collections.abc import Mapping

import pytest
from store_cluster import StoreCluster

from splitbrain.errors import UsageError
from splitbrain.systems.node import Node
from splitbrain.systems.primary_backup import system
from splitbrain.systems.primary_backup.messages import VIEW_SERVICE, Incarnation, View
from splitbrain.systems.primary_backup.server import Server
from splitbrain.systems.primary_backup.system import spare
from splitbrain.systems.primary_backup.view_service import ViewService


def eventful_run(seed: int, **options: bool) -> str:
    """The hash of a run with several views and much traffic."""
    cluster = StoreCluster(seed, clients=3, **options)
    cluster.inject("messages.loss", "all", rate=0.1)
    cluster.inject("messages.duplicate", "all", rate=0.2)
    for step in range(20):
        for thread in range(3):
            cluster.invoke("append", f"{step} ", thread=thread)
        if step == 5:
            cluster.inject("kill", cluster.server("primary"))
        cluster.run(50)
    return cluster.sim.event_log_hash()


@pytest.mark.parametrize("probe", ["codec", "pickle_nodes"])
def test_nodes_share_no_memory(probe: str) -> None:
    assert eventful_run(3, **{probe: True}) == eventful_run(3)


def test_runs_repeat() -> None:
    assert eventful_run(4) == eventful_run(4) != eventful_run(5)


def test_every_bug_can_be_deployed() -> None:
    correct = system.deploy(3, None)
    assert list(correct.servers) == [VIEW_SERVICE, "s1", "s2", "s3"]
    for name, bug in system.bugs.items():
        planted = system.deploy(3, name)
        assert bug.name == name
        assert (planted.servers, planted.client) != (correct.servers, correct.client)


def test_an_unknown_bug_is_refused() -> None:
    with pytest.raises(UsageError, match="no planted bug 'no-such'; it has accepts-old-view"):
        system.deploy(3, "no-such")


def nodes(view: View, *, synced: bool, silent: str = "") -> Mapping[str, Node]:
    """Three servers that all go by the view; the view service has not heard of `silent` for long."""
    service = ViewService()
    service.view = view
    service.now = 10**9
    servers = {}
    for name in ("s1", "s2", "s3"):
        server = servers[name] = Server()
        server.me = Incarnation(name, 0)
        server.view = view
        server.synced = synced
        service.lives[server.me] = (0, 0 if name == silent else 10**9)
    return {VIEW_SERVICE: service, **servers}


S1, S2 = Incarnation("s1", 0), Incarnation("s2", 0)
PAIR = View(2, S1, S2)


def spared(up: Mapping[str, Node]) -> list[str]:
    return [name for name in up if spare(up, name)]


def test_one_of_two_that_hold_the_state_can_be_spared() -> None:
    assert spared(nodes(PAIR, synced=True)) == ["s1", "s2", "s3"]


def test_the_only_one_that_holds_the_state_cannot_be_spared() -> None:
    assert spared(nodes(PAIR, synced=False)) == ["s2", "s3"]
    assert spared(nodes(View(1, S1, None), synced=True)) == ["s2", "s3"]


def test_nobody_can_be_spared_before_the_first_view() -> None:
    assert spared(nodes(View(0, None, None), synced=False)) == []


def test_a_member_cannot_be_spared_while_the_view_service_may_give_up_the_other() -> None:
    assert spared(nodes(PAIR, synced=True, silent="s2")) == ["s2", "s3"]
    assert spared(nodes(PAIR, synced=True, silent="s1")) == ["s1", "s3"]


def test_a_member_cannot_be_spared_while_the_other_is_down_or_has_restarted() -> None:
    up = dict(nodes(PAIR, synced=True))
    restarted = up["s2"]
    assert isinstance(restarted, Server)
    restarted.me = Incarnation("s2", 1)
    assert spared(up) == ["s2", "s3"]
    del up["s2"]
    assert spared(up) == ["s3"]
