import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.errors import UsageError
from splitbrain.nemesis.cluster import Cluster
from splitbrain.nemesis.draws import log_uniform
from splitbrain.nemesis.effects import begin, inert
from splitbrain.nemesis.families import CLASSIC, FAMILIES, PACKETS, PROCESSES, allowed
from splitbrain.nemesis.fault import Effect, Fault, Trigger
from splitbrain.nemesis.handwritten import AMOUNTS
from splitbrain.nemesis.partitions import SHAPES
from splitbrain.nemesis.resolve import resolve
from splitbrain.nemesis.schedule import plan
from splitbrain.systems.system import FaultModel, Tolerance

MILLISECOND, SECOND = 1_000_000, 1_000_000_000
GROUPS = {"s1": "servers", "s2": "servers", "s3": "servers", "vs": "view"}
MODEL = FaultModel({"servers": Tolerance(kill=1, pause=1), "view": Tolerance()}, None, "")
EVERYTHING = FaultModel(
    {"servers": Tolerance(kill=2, pause=2, crash=1, lose=1, torn=True, drift=0.01, jump=SECOND)},
    None,
    "",
    leaders=True,
    admin={"add": lambda nodes, random: "s4"},
)
EPISODES = ",".join(CLASSIC)
SEEDS = st.integers(0, 2**32)


def draw(seed: int, faults: str = "swarm", model: FaultModel = MODEL, duration: int = 2 * SECOND) -> tuple[Fault, ...]:
    return plan(
        faults, model=model, groups=GROUPS, messages=("Ping", "Pong"), duration=duration, random=random.Random(seed)
    )


def earliest(fault: Fault) -> int:
    return fault.at.after if isinstance(fault.at, Trigger) else fault.at


def test_none_plans_nothing() -> None:
    assert draw(0, "none") == ()


@given(SEEDS, st.integers(1 * MILLISECOND, 60 * SECOND))
def test_faults_are_numbered_in_order_and_begin_within_the_duration(seed: int, duration: int) -> None:
    faults = draw(seed, EPISODES, duration=duration)
    assert faults
    assert [fault.unit for fault in faults] == list(range(len(faults)))
    begins = [earliest(fault) for fault in faults]
    assert begins == sorted(begins)
    assert 0 <= begins[0] <= duration / 10
    assert begins[-1] < duration
    assert all(fault.lasts > 0 for fault in faults)


@given(SEEDS)
def test_equal_seeds_give_equal_plans(seed: int) -> None:
    assert draw(seed) == draw(seed)


@given(SEEDS)
def test_faults_of_one_family_do_not_overlap(seed: int) -> None:
    ends: dict[str, int] = {}
    for fault in draw(seed, EPISODES):
        assert earliest(fault) > ends.get(fault.family, -1)
        ends[fault.family] = earliest(fault) + fault.lasts


@given(SEEDS)
def test_there_are_quiet_gaps_between_episodes(seed: int) -> None:
    end, gaps = 0, 0
    faults = draw(seed, "partition,kill", duration=20 * SECOND)
    for fault in faults:
        gaps += earliest(fault) > end
        end = max(end, earliest(fault) + fault.lasts)
    assert gaps >= len(faults) / 2 - 1


def test_every_run_draws_other_families_and_all_parts_of_them_come_up() -> None:
    parts = Counter(
        frozenset(fault.family for fault in draw(seed, duration=20 * SECOND) if fault.family in CLASSIC)
        for seed in range(1000)
    )
    assert len(parts) == 2 ** len(CLASSIC) - 1


def test_fixed_families_are_all_used() -> None:
    for seed in range(50):
        assert {fault.family for fault in draw(seed, "partition,kill", duration=60 * SECOND)} == {"partition", "kill"}


def test_about_a_third_waits_for_an_event() -> None:
    faults = [fault for seed in range(500) for fault in draw(seed, EPISODES)]
    triggered = [fault for fault in faults if isinstance(fault.at, Trigger)]
    assert 0.3 < len(triggered) / len(faults) < 0.37
    assert all(fault.on != "trigger" for fault in faults if not isinstance(fault.at, Trigger))


def test_the_primary_is_cut_off_while_clients_reach_it() -> None:
    runs = [draw(seed, "partition") for seed in range(300)]
    wanted = [any(fault.on == "primaries" and fault.shape in ("isolate", "sides") for fault in run) for run in runs]
    assert sum(wanted) > 150


@given(SEEDS)
def test_parameters_belong_to_their_families(seed: int) -> None:
    for fault in draw(seed, ",".join(allowed(EVERYTHING)), EVERYTHING):
        assert (fault.shape in SHAPES) == (fault.family == "partition")
        assert (0 < fault.rate <= 1) == (fault.family.startswith("messages.") or fault.family in AMOUNTS["rate"])
        assert (fault.delay > 0) == (fault.family in AMOUNTS["delay"])
        assert (fault.bandwidth > 0) == (fault.family in AMOUNTS["bandwidth"])
        assert 0 <= fault.jitter <= fault.delay
        assert fault.jitter == 0 or fault.family in AMOUNTS["jitter"]


def test_shapes_that_need_more_servers_are_not_drawn() -> None:
    model = FaultModel({"servers": Tolerance()}, None, "")
    for seed in range(200):
        faults = plan(
            "partition", model=model, groups={"s1": "servers"}, messages=(), duration=SECOND, random=random.Random(seed)
        )
        assert all(SHAPES[fault.shape].servers == 1 for fault in faults)


def test_all_servers_are_stopped_only_where_that_is_tolerated() -> None:
    durable = replace(MODEL, groups={"servers": Tolerance(kill=3, pause=0), "view": Tolerance()})
    assert any(fault.on == "all" for seed in range(100) for fault in draw(seed, "kill", durable))
    assert not any(fault.on == "all" for seed in range(100) for fault in draw(seed, "kill"))


def test_the_swarm_keeps_to_the_fault_model() -> None:
    fragile = FaultModel({"servers": Tolerance(pause=1, cut=False)}, None, "")
    assert allowed(fragile) == ("pause", "cpu.slow")
    assert {fault.family for seed in range(50) for fault in draw(seed, model=fragile)} == {"pause"}


def test_beyond_tolerance_draws_every_family() -> None:
    nothing = FaultModel({"servers": Tolerance(cut=False)}, None, "")
    drawn = {
        fault.family
        for seed in range(50)
        for fault in plan(
            "swarm",
            model=nothing,
            groups=GROUPS,
            messages=("Ping", "Pong"),
            duration=SECOND,
            random=random.Random(seed),
            beyond_tolerance=True,
        )
    }
    assert drawn == set(FAMILIES) - {"admin", *PROCESSES, *PACKETS}, "nobody can say what to administer"


def test_a_prefix_names_all_its_families() -> None:
    drawn = {fault.family for seed in range(20) for fault in draw(seed, "messages", duration=20 * SECOND)}
    assert drawn == {"messages.loss", "messages.duplicate", "messages.delay", "messages.hold"}


@pytest.mark.parametrize(
    ("faults", "complaint"),
    [
        ("kil", "there is no 'kil'; use swarm, none, or some of partition, kill"),
        ("kill,,pause", "there is no ''"),
        ("", "there is no ''"),
        ("swarm,kill", "there is no 'swarm'"),
        ("kill", "kill is beyond the system's fault model, which allows partition, "),
    ],
)
def test_what_cannot_be_used_is_said(faults: str, complaint: str) -> None:
    with pytest.raises(UsageError) as error:
        draw(0, faults, FaultModel({"servers": Tolerance()}, None, ""))
    assert complaint in str(error.value)


def test_a_model_that_allows_nothing_has_no_swarm() -> None:
    with pytest.raises(UsageError, match="allows no faults; use --faults none"):
        draw(0, model=FaultModel({"servers": Tolerance(cut=False)}, None, ""))


def test_log_uniform_spreads_over_the_orders_of_magnitude() -> None:
    source = random.Random(0)
    draws = [log_uniform(source, 1, 1000) for _ in range(3000)]
    assert all(1 <= draw <= 1000 for draw in draws)
    for low in (1, 10, 100):
        assert 900 < sum(low <= draw < 10 * low for draw in draws) < 1100


# What a small primary-backup system of five clients sends: the time between two messages of a link, either way.
TRAFFIC = {
    **{("s1", f"c{i}"): 20 * MILLISECOND for i in range(5)},
    **{(server, "vs"): 100 * MILLISECOND for server in ("s1", "s2", "s3")},
    ("s1", "s2"): 10 * MILLISECOND,
}
CLUSTER = Cluster(
    groups=GROUPS,
    clients=tuple(f"c{i}" for i in range(5)),
    up=frozenset(GROUPS),
    roles={"s1": "primary", "s2": "backup"},
    trigger="s1",
)


def effect(fault: Fault, duration: int, source: random.Random) -> Effect | None:
    """What the fault does to such a system when nothing else happens: no role changes and no syncs."""
    start = earliest(fault)
    if isinstance(fault.at, Trigger):
        if fault.at.moment in ("role", "sync_start", "sync_done"):
            return None
        start += fault.at.n * (4 if fault.at.moment in ("invoke", "complete") else 2) * MILLISECOND
    if start >= duration:
        return None
    unit = resolve(fault, CLUSTER, MODEL, source)
    done = begin(unit, start)
    lasts = min(fault.lasts, duration - start)
    for link in unit.grudge:
        messages = lasts // (TRAFFIC.get(link) or TRAFFIC.get((link[1], link[0])) or lasts + 1)
        hit = fault.rate or 1.0
        done.count += sum(source.random() < hit for _ in range(messages))
    return done


def test_hardly_any_run_is_inert() -> None:
    silent = 0
    for seed in range(2000):
        faults = draw(seed)
        source = random.Random(seed)
        effects = [done for fault in faults if (done := effect(fault, 2 * SECOND, source)) is not None]
        silent += inert(faults, effects)
    assert silent < 0.01 * 2000
