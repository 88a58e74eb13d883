import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.nemesis.cluster import Cluster
from splitbrain.nemesis.families import FAMILIES
from splitbrain.nemesis.fault import Fault, Unit
from splitbrain.nemesis.partitions import SHAPES
from splitbrain.nemesis.resolve import resolve
from splitbrain.systems.system import FaultModel, Tolerance

SERVERS = ("s1", "s2", "s3", "s4", "s5")
GROUPS = {**dict.fromkeys(SERVERS, "servers"), "vs": "view"}
CLUSTER = Cluster(groups=GROUPS, clients=("c0", "c1"), up=frozenset(GROUPS), roles={"s2": "primary", "s3": "backup"})
SELECTORS = ["one", "minority", "majority", "primaries", "all", "trigger", "s1,s3"]
SEEDS = st.integers(0, 2**32)


def model(kill: int = 1, pause: int = 1, cut: bool = True) -> FaultModel:
    return FaultModel({"servers": Tolerance(kill, pause), "view": Tolerance(cut=cut)}, None, "")


def fault(family: str, on: str = "one", shape: str = "") -> Fault:
    return Fault(unit=0, family=family, at=0, lasts=1, on=on, shape=shape, rate=0.1)  # type: ignore[arg-type]


def run(wanted: Fault, cluster: Cluster = CLUSTER, tolerates: FaultModel | None = None, seed: int = 0) -> Unit:
    return resolve(wanted, cluster, tolerates or model(), random.Random(seed))


def beyond(wanted: Fault, cluster: Cluster = CLUSTER) -> Unit:
    return resolve(wanted, cluster, model(), random.Random(0), beyond_tolerance=True)


@pytest.mark.parametrize(("on", "hit"), [("one", 1), ("minority", 2), ("majority", 3), ("all", 5)])
def test_sizes_of_selectors(on: str, hit: int) -> None:
    unit = run(fault("pause", on), tolerates=model(pause=5))
    assert len(unit.nodes) == hit
    assert set(unit.nodes) <= set(SERVERS)
    assert not unit.downgraded


def test_primaries_are_those_that_believe_to_be() -> None:
    assert run(fault("kill", "primaries")).nodes == ("s2",)
    two = replace(CLUSTER, roles={"s2": "primary", "s4": "leader"})
    assert run(fault("kill", "primaries"), two, model(kill=2)).nodes == ("s2", "s4")


def test_without_a_primary_one_server_is_drawn() -> None:
    headless = replace(CLUSTER, roles={})
    assert len({run(fault("kill", "primaries"), headless, seed=seed).nodes for seed in range(50)}) == 5


def test_trigger_is_where_it_fired() -> None:
    assert run(fault("kill", "trigger"), replace(CLUSTER, trigger="s4")).nodes == ("s4",)


def test_a_trigger_at_a_client_kills_a_server_and_isolates_the_client() -> None:
    at_client = replace(CLUSTER, trigger="c1")
    assert run(fault("kill", "trigger"), at_client).nodes[0] in SERVERS
    cut = run(fault("partition", "trigger", "isolate"), at_client).grudge
    assert all("c1" in link for link in cut)
    assert len(cut) == 12


def test_named_nodes_are_taken_as_named() -> None:
    assert run(fault("pause", "s3, s1"), tolerates=model(pause=2)).nodes == ("s1", "s3")


def test_a_group_that_tolerates_nothing_is_not_drawn() -> None:
    assert all("vs" not in run(fault("kill"), seed=seed).nodes for seed in range(100))


def test_more_than_the_model_tolerates_are_left_out() -> None:
    unit = run(fault("kill", "all"))
    assert len(unit.nodes) == 1
    assert unit.downgraded == f"only {unit.nodes[0]}: of servers, 1 may be down at once"
    assert unit.fault.family == "kill"


def test_who_is_left_out_is_drawn() -> None:
    assert len({run(fault("kill", "all"), seed=seed).nodes for seed in range(50)}) == 5


def test_nodes_that_are_down_count() -> None:
    unit = run(fault("kill"), replace(CLUSTER, up=frozenset(GROUPS) - {"s1"}), model(kill=1, pause=0))
    assert unit.nodes == ()
    assert unit.downgraded == "no kill: of servers, 1 may be down at once"


def test_down_and_paused_nodes_count_together() -> None:
    one_down = replace(CLUSTER, up=frozenset(GROUPS) - {"s1"})
    assert run(fault("pause"), one_down, model(kill=1, pause=1)).nodes == ()
    assert len(run(fault("pause"), one_down, model(kill=1, pause=2)).nodes) == 1
    one_paused = replace(CLUSTER, paused=frozenset({"s1"}))
    assert run(fault("kill", "s2"), one_paused, model(kill=1, pause=1)).nodes == ()
    assert run(fault("kill", "s1"), one_paused, model(kill=1, pause=1)).nodes == ("s1",)


def test_a_kill_that_is_not_allowed_becomes_a_pause_where_that_is() -> None:
    unit = run(fault("kill", "s1"), tolerates=model(kill=0))
    assert (unit.fault.family, unit.nodes) == ("pause", ("s1",))
    assert unit.downgraded == "kill became a pause: of servers, 0 may be down at once"


def test_memory_that_cannot_be_spared_is_not_killed() -> None:
    unit = run(fault("kill", "s1"), replace(CLUSTER, spare=lambda up, node: node != "s1"))
    assert (unit.fault.family, unit.nodes) == ("pause", ("s1",))
    assert unit.downgraded == "kill became a pause: the memory of s1 cannot be spared now"


def test_spare_sees_who_was_killed_by_the_same_fault() -> None:
    def one_must_stay(up: frozenset[str], node: str) -> bool:
        return len(up & {"s1", "s2"} - {node}) > 0

    unit = run(fault("kill", "s1,s2"), replace(CLUSTER, spare=one_must_stay), model(kill=2))
    assert unit.nodes == ("s1",)
    assert unit.downgraded == "only s1: the memory of s2 cannot be spared now"


def test_links_of_a_group_that_may_not_be_cut_are_left_alone() -> None:
    unit = run(fault("partition", "s1", "isolate"), tolerates=model(cut=False))
    assert all("vs" not in link for link in unit.grudge)
    assert len(unit.grudge) == 8
    assert unit.downgraded == "links of vs left alone: the fault model promises them"


def test_message_faults_act_on_the_links_of_their_targets() -> None:
    everything = run(fault("messages.loss", "all")).grudge
    assert len(everything) == 8 * 7 - 2, "all pairs of 8 nodes but the two clients' own"
    assert ("c0", "c1") not in everything
    some = run(fault("messages.loss", "s1")).grudge
    assert len(some) == 14
    assert all("s1" in link for link in some)


@pytest.mark.parametrize(("on", "phrase"), [("c0", "c0 is not a server"), ("s1", "s1 is down already")])
def test_what_cannot_be_killed_is_said(on: str, phrase: str) -> None:
    cluster = replace(CLUSTER, up=frozenset(GROUPS) - {"s1"})
    assert run(fault("kill", on), cluster).downgraded == f"no kill: {phrase}"
    assert beyond(fault("kill", on), cluster).downgraded == f"no kill: {phrase}"


def test_beyond_tolerance_lifts_the_model() -> None:
    unit = beyond(fault("kill", "all"), replace(CLUSTER, spare=lambda up, node: False))
    assert unit.nodes == tuple(sorted(GROUPS))
    assert not unit.downgraded


@given(st.sampled_from(sorted(FAMILIES)), st.sampled_from(SELECTORS), st.sampled_from(sorted(SHAPES)), SEEDS)
def test_equal_seeds_give_equal_units_whatever_the_order_of_the_nodes(
    family: str, on: str, shape: str, seed: int
) -> None:
    wanted = fault(family, on, shape if family == "partition" else "")
    turned = replace(CLUSTER, groups=dict(reversed(GROUPS.items())), clients=("c1", "c0"))
    assert run(wanted, seed=seed) == run(wanted, turned, seed=seed)


@given(
    st.sampled_from(["kill", "pause"]),
    st.sampled_from(SELECTORS),
    st.sets(st.sampled_from(SERVERS)),
    st.sets(st.sampled_from(SERVERS)),
    st.integers(0, 5),
    st.integers(0, 5),
    SEEDS,
)
def test_no_fault_exceeds_the_model(
    family: str, on: str, down: set[str], paused: set[str], kill: int, pause: int, seed: int
) -> None:
    cluster = replace(CLUSTER, up=frozenset(GROUPS) - down, paused=frozenset(paused - down), trigger="s1")
    unit = run(fault(family, on), cluster, model(kill, pause), seed)
    assert set(unit.nodes) <= set(SERVERS) - down
    if unit.nodes:
        killed = set(unit.nodes) if unit.fault.family == "kill" else set()
        stopped = (set(unit.nodes) - killed) | (cluster.paused - killed)
        assert not killed or len(down | killed) <= kill
        assert killed or len(stopped) <= pause
        assert len(down | killed | stopped) <= max(kill, pause)
    else:
        assert unit.downgraded or not (cluster.up - cluster.paused)
