"""Links: keyed draws, cuts, message faults and triggers, and what each unit is said to have done."""

from typing import Any

from scripted import World, fault, trigger, words

from splitbrain.bench.actions import Arm, Heal, Injected, Undo
from splitbrain.bench.worlds.simulated.network import NetworkProfile, chance, log_uniform

WIDE = NetworkProfile()


def chatter(unit: dict[str, Any] | None, seed: int = 3) -> dict[str, list[float]]:
    """Forty words from s1 to s2 and forty from s2 to s1, each with how long every copy took."""
    world = World(seed, network=WIDE)
    world.tell("s1", *(f"tell s2 s1-{number}" for number in range(40)))
    world.tell("s2", *(f"tell s1 s2-{number}" for number in range(40)), thread=1)
    if unit is not None:
        world.inject(0, **unit)
    world.run(100)
    arrivals: dict[str, list[float]] = {}
    for record in world.sim.trace:
        if record["kind"] == "deliver" and record["type"] == "Said":
            arrivals.setdefault(record["fields"]["word"], []).append(record["time"] - record["sent"])
    assert unit is None or world.sim.effects[0].count > 0
    return arrivals


def test_a_fault_leaves_the_draws_of_all_other_messages_alone() -> None:
    calm, lossy = chatter(None), chatter({"family": "messages.loss", "rate": 0.3})
    assert 5 < len(calm) - len(lossy) < 60
    assert all(lossy[word] == calm[word] for word in lossy)


def test_duplicates_come_after_originals_that_are_as_without_them() -> None:
    calm, doubled = chatter(None), chatter({"family": "messages.duplicate", "rate": 0.3})
    twice = [word for word in calm if len(doubled[word]) == 2]
    assert 5 < len(twice) < 60
    assert all(min(doubled[word]) == calm[word][0] for word in calm)


def test_delays_are_bounded_and_leave_the_others_alone() -> None:
    calm, slow = chatter(None), chatter({"family": "messages.delay", "rate": 0.5, "delay": 50_000_000})
    later = [slow[word][0] - calm[word][0] for word in calm]
    assert all(0 <= extra < 50_000_000 for extra in later)
    assert 10 < later.count(0) < 70
    assert max(later) > 30_000_000


def test_two_faults_of_one_kind_draw_for_themselves() -> None:
    world = World()
    for unit in (0, 1):
        world.inject(unit, "messages.loss", on="s2", rate=0.5)
    world.tell("s1", *(f"tell s2 {number}" for number in range(400)))
    world.run(10)
    assert 70 < len(world.said()) < 130
    assert all(100 < effect.count < 240 for effect in world.sim.effects)


def test_the_seed_decides() -> None:
    assert chatter(None) == chatter(None)
    assert chatter(None) != chatter(None, seed=4)


def test_keyed_draws_are_spread_evenly() -> None:
    buckets = [0] * 20
    for n in range(20_000):
        buckets[int(chance(12345, n, 678) * 20)] += 1
    assert all(850 < count < 1150 for count in buckets)
    low, high = log_uniform(500, 5000)[0], log_uniform(500, 5000)[-1]
    assert 500 <= low < 510
    assert 4990 < high < 5000


def test_messages_overtake_each_other() -> None:
    world = World(network=WIDE)
    world.tell("s1", *(f"tell s2 {number}" for number in range(10)))
    world.run(20)
    arrived = [int(word) for word in words(world.said())]
    assert sorted(arrived) == list(range(10))
    assert arrived != sorted(arrived)


def test_a_cut_drops_what_is_sent_and_what_is_on_the_wire() -> None:
    world = World()
    world.tell("s1", "tell s2 on-the-wire")
    world.run(1.5)
    world.inject(0, "partition", shape="halves", on="all")
    world.tell("s1", "tell s2 sent-later")
    world.run(5)
    assert world.said() == []
    assert words(world.said("drop")) == ["on-the-wire", "sent-later"]
    assert world.sim.effects[0].count == 2


def test_overlapping_cuts_heal_only_with_the_last() -> None:
    world = World()
    world.inject(0, "partition", shape="halves", on="all")
    world.inject(1, "partition", shape="halves", on="all")
    world.sim.perform(Undo(0))
    world.tell("s1", "tell s2 still-cut")
    world.run(5)
    world.sim.perform(Undo(1))
    world.tell("s1", "tell s2 healed")
    world.run(5)
    assert words(world.said()) == ["healed"]
    assert [effect.count for effect in world.sim.effects] == [0, 1]
    assert all(effect.stopped is not None for effect in world.sim.effects)


def test_heal_ends_everything_and_disarms_triggers() -> None:
    world = World()
    world.inject(0, "messages.loss", rate=1.0)
    world.sim.perform(Arm(fault(1, "kill", on="s1", at=trigger("deliver", "Do"))))
    world.sim.perform(Heal())
    world.tell("s1", "say safe")
    world.run(5)
    assert words(world.said()) == ["safe"]


def fired(moment: str, type_: str = "", **fields: Any) -> float | None:
    """When a pause armed for that moment begins, in milliseconds, while s1 is told three things."""
    world = World()
    world.sim.perform(Arm(fault(0, "pause", on="s1", at=trigger(moment, type_, **fields))))
    for number in range(3):
        world.tell("s1", f"role r{number}", "sync", f"say {number}")
        for report in world.run(20):
            if isinstance(report, Injected):
                return round((world.sim.effects[0].started or 0) / 1_000_000, 1)
    return None


def test_triggers_fire_at_their_moment_the_nth_time_and_not_before_their_time() -> None:
    assert fired("invoke", "do") == 0
    assert fired("invoke", "do", n=3) == 40
    assert fired("invoke", "other") is None
    assert fired("deliver", "Do") == 1
    assert fired("deliver", "Do", after=2_000_000) == 21
    assert fired("role", "r1") == 21
    assert fired("sync_start", "Do", n=2) == 21
    assert fired("sync_done", "") == 11
    assert fired("before_send", "Said") == 11
    assert fired("after_send", "Do") == 0
    assert fired("complete", "do", n=2) == 32


def test_a_kill_on_delivery_loses_the_message() -> None:
    world = World()
    world.sim.perform(Arm(fault(0, "kill", on="trigger", at=trigger("deliver", "Do"))))
    world.tell("s1", "tell s2 lost")
    world.run(5)
    world.sim.perform(Undo(0))
    world.run(5)
    assert world.said() == []
    assert world.sim.effects[0].count == 1
