"""Storage, syncs and kills: what is held, in which order it leaves, and what survives."""

import pytest
from scripted import MS, World, fault, trigger, words

from splitbrain.bench.actions import Arm, Completed, Undo
from splitbrain.bench.worlds.simulated import NetworkProfile


def test_what_a_syncing_handler_sends_leaves_when_its_sync_is_done() -> None:
    world = World()
    world.tell("s1", "say before", "put k 1", "sync", "say after")
    world.run(20)
    assert sorted(world.said()) == [("after", 11.0), ("before", 11.0)]


def test_a_timer_set_by_a_syncing_handler_runs_from_when_its_sync_is_done() -> None:
    world = World()
    world.tell("s1", "timer ring 5", "sync")
    world.run(30)
    assert world.said() == [("ring", 16.0)]


def test_a_handler_that_does_not_sync_is_not_held_for_its_writes() -> None:
    world = World()
    world.tell("s1", "put k 1", "say now")
    world.run(20)
    assert world.said() == [("now", 1.0)]


def test_outputs_leave_in_the_order_of_the_handlers_and_the_node_goes_on_meanwhile() -> None:
    world = World()
    world.tell("s1", "put k 1", "sync", "tell s2 first")
    world.run(5)
    world.tell("s1", "role busy", "tell s2 second")
    world.run(2)
    assert world.sim.roles()["s1"] == "busy"
    world.run(20)
    assert sorted(world.said()) == [("first", 11.0), ("second", 11.0)]


def test_syncs_of_a_node_finish_one_after_the_other() -> None:
    world = World()
    world.tell("s1", "sync", "say one")
    world.run(5)
    world.tell("s1", "sync", "say two", thread=1)
    world.run(30)
    assert world.said() == [("one", 11.0), ("two", 16.0)]


def test_a_short_sync_does_not_overtake_a_long_one() -> None:
    network = NetworkProfile(fastest=MS, slowest=MS, fastest_sync=MS, slowest_sync=100 * MS)
    for seed in range(10):
        world = World(seed, network=network)
        for number in range(5):
            world.tell("s1", f"put k {number}", "sync")
            world.run(2)
        world.run(500)
        marks = [record["fields"] for record in world.sim.trace if record["kind"] == "sync"]
        assert marks == [1, 2, 3, 4, 5]


def test_a_kill_forgets_held_outputs_timers_and_memory_and_the_next_epoch_begins() -> None:
    world = World()
    world.tell("s1", "role old", "timer ring 3")
    world.run(2)
    world.tell("s1", "put k 1", "sync", "say held")
    world.run(1.5)
    world.inject(0, "kill")
    assert world.sim.roles() == {"s2": ""}
    world.run(20)
    world.sim.perform(Undo(0))
    world.run(20)
    assert world.said() == []
    assert world.sim.roles() == {"s1": "", "s2": ""}
    assert [line.split(":")[0] for line in world.log("s1")] == ["epoch 0", "epoch 1"]


def survivors(seed: int) -> str:
    """What a node that is killed with one synced and three unsynced writes finds when it starts again."""
    world = World(seed)
    world.tell("s1", "put synced 0", "sync")
    world.run(15)
    world.tell("s1", "put a 1", "put b 2", "put c 3")
    world.run(5)
    world.inject(0, "kill")
    world.sim.perform(Undo(0))
    return world.log("s1")[-1]


def test_a_kill_keeps_none_or_a_prefix_of_the_unsynced_writes() -> None:
    found = [survivors(seed) for seed in range(60)]
    assert set(found) == {
        "epoch 1: synced=0",
        "epoch 1: a=1 synced=0",
        "epoch 1: a=1 b=2 synced=0",
        "epoch 1: a=1 b=2 c=3 synced=0",
    }
    assert 15 < found.count("epoch 1: synced=0") < 45
    assert found[7] == survivors(7)


def test_a_write_after_the_sync_call_is_not_covered_by_it() -> None:
    found = set()
    for seed in range(20):
        world = World(seed)
        world.tell("s1", "put early 1", "sync", "put late 2")
        world.run(15)
        world.inject(0, "kill")
        world.sim.perform(Undo(0))
        found.add(world.log("s1")[-1])
    assert found == {"epoch 1: early=1", "epoch 1: early=1 late=2"}


@pytest.mark.parametrize(
    ("moment", "type_", "sent", "durable"),
    [
        ("sync_start", "Do", [], False),
        ("sync_done", "Do", [], True),
        ("before_send", "Said", [], True),
        ("after_send", "Said", ["first"], True),
    ],
)
def test_a_trigger_kills_at_exactly_its_point(moment: str, type_: str, sent: list[str], durable: bool) -> None:
    kept = set()
    for seed in range(12):
        world = World(seed)
        world.sim.perform(Arm(fault(0, "kill", on="trigger", at=trigger(moment, type_))))
        world.tell("s1", "put k 1", "sync", "say first", "say second")
        world.run(30)
        assert words(world.said()) == sent
        assert [effect.targets for effect in world.sim.effects] == [("s1",)]
        world.sim.perform(Undo(0))
        kept.add(world.log("s1")[-1])
    assert ("epoch 1:" in kept) is not durable
    assert "epoch 1: k=1" in kept


def test_a_node_paused_between_two_outputs_sends_the_rest_when_it_goes_on() -> None:
    world = World()
    world.sim.perform(Arm(fault(0, "pause", on="trigger", at=trigger("before_send", "Said", n=2))))
    world.tell("s1", "say first", "say second", "say third")
    world.run(10)
    assert words(world.said()) == ["first"]
    world.sim.perform(Undo(0))
    world.run(10)
    assert sorted(world.said()) == [("first", 1.0), ("second", 10.0), ("third", 10.0)]


def test_a_node_paused_after_an_output_does_not_send_it_again() -> None:
    world = World()
    world.sim.perform(Arm(fault(0, "pause", on="trigger", at=trigger("after_send", "Said"))))
    world.tell("s1", "say first", "say second")
    world.run(10)
    world.sim.perform(Undo(0))
    world.run(10)
    assert world.said() == [("first", 1.0), ("second", 10.0)]


def test_a_sync_of_an_earlier_epoch_means_nothing() -> None:
    world = World()
    world.tell("s1", "put k 1", "sync", "say old")
    world.run(5)
    world.inject(0, "kill")
    world.sim.perform(Undo(0))
    world.tell("s1", "put k 2", "sync", "say new")
    world.run(30)
    assert world.said() == [("new", 16.0)]


def test_a_sync_that_finishes_during_a_pause_is_durable_but_its_outputs_wait() -> None:
    world = World()
    world.tell("s1", "put k 1", "sync", "say held")
    world.run(5)
    world.inject(0, "pause")
    world.run(20)
    assert world.said() == []
    world.inject(1, "kill")
    world.sim.perform(Undo(1))
    assert world.log("s1")[-1] == "epoch 1: k=1"
    world.run(20)
    assert world.said() == []


def test_an_answer_is_reported_when_it_leaves() -> None:
    world = World()
    operation = world.tell("s1", "say done")
    assert world.run(10) == [Completed(operation, "ok", "done", None)]
    assert world.sim.now == 10 * MS
