"""Lost and damaged disks, crashes for good, wrong clocks, what is kept back, administration, faults that follow."""

from collections.abc import Mapping
from random import Random

from scripted import MODEL, MS, World, fault, trigger, words

from splitbrain.bench.actions import Arm, Heal, Injected, Undo, Undone
from splitbrain.histories.operation import Value
from splitbrain.systems.node import Node
from splitbrain.systems.system import FaultModel, Tolerance


def survivors(family: str, seed: int, *steps: str) -> str:
    """What the node finds on its disk after a fault of the family."""
    world = World(seed, beyond_tolerance=True)
    world.tell("s1", *steps)
    world.run(5)
    world.inject(0, family)
    world.sim.perform(Undo(0))
    return world.log("s1")[-1]


def test_a_lost_disk_takes_what_was_synced() -> None:
    world = World(beyond_tolerance=True)
    world.tell("s1", "put k 1", "sync")
    world.run(30)
    world.inject(0, "disk.loss")
    world.sim.perform(Undo(0))
    assert world.log("s1")[-1] == "epoch 1:"


def test_writes_survive_in_any_combination_if_they_are_reordered_and_only_as_a_prefix_otherwise() -> None:
    steps = ("put a 1", "put b 1", "put c 1")
    prefixes = {"epoch 1:", "epoch 1: a=1", "epoch 1: a=1 b=1", "epoch 1: a=1 b=1 c=1"}
    assert {survivors("kill", seed, *steps) for seed in range(60)} == prefixes
    everything = {survivors("disk.reorder", seed, *steps) for seed in range(60)}
    assert len(everything) == 8
    assert prefixes < everything


def test_a_torn_write_is_a_beginning_of_what_was_written() -> None:
    found = {survivors("disk.torn", seed, "put k abcdef") for seed in range(60)}
    whole = {"epoch 1:"} | {f"epoch 1: k={'abcdef'[:length]}" for length in range(7)}
    assert found <= whole
    assert len(found) > 4


def test_a_crash_is_for_good() -> None:
    world = World(beyond_tolerance=True)
    world.inject(0, "crash")
    world.sim.perform(Undo(0))
    world.sim.perform(Heal())
    world.tell("s1", "say hello")
    world.tell("s2", "say here", thread=1)
    world.run(50)
    assert words(world.said()) == ["here"]
    assert world.sim.effects[0].count == 1


def test_a_clock_that_drifts_shows_another_time_and_its_timers_run_on_it() -> None:
    world = World(beyond_tolerance=True)
    world.tell("s1", "timer ring 100")
    world.run(51)
    world.inject(0, "clock.drift", rate=0.5)
    gain = world.sim.effects[0].detail
    world.run(200)
    [(_, rang)] = world.said()
    rate = 1 + float(gain.split()[1].rstrip("%")) / 100
    assert abs(50 + (rang - 51) * rate - 100) < 0.1, "half of the time has passed by a clock that was right"
    world.tell("s1", "clock")
    world.run(5)
    shown = float(words(world.said())[-1])
    assert abs(51 + 201 * rate - shown) <= 1


def test_a_clock_that_drifted_runs_right_again_and_stays_off() -> None:
    world = World(beyond_tolerance=True)
    world.inject(0, "clock.drift", rate=0.5)
    world.run(100)
    world.sim.perform(Undo(0))
    world.tell("s1", "clock")
    world.run(100)
    world.tell("s1", "clock")
    world.run(100)
    first, second = (float(word) for word in words(world.said()))
    assert abs(first - 101) > 20
    assert abs(second - first - 100) <= 1


def test_a_clock_steps_and_steps_back_and_timers_do_not_notice() -> None:
    world = World(beyond_tolerance=True)
    world.tell("s1", "timer ring 50")
    world.run(1)
    world.inject(0, "clock.jump", delay=1000 * MS)
    world.tell("s1", "clock")
    world.run(100)
    world.sim.perform(Undo(0))
    world.tell("s1", "clock", thread=1)
    world.run(10)
    (jumped, _), (ring, rang), (right, _) = world.said()
    assert ring == "ring"
    assert rang == 51
    assert abs(float(jumped) - 2) >= 500
    assert right == "102"


def test_a_clock_is_wrong_by_no_more_than_the_model_says() -> None:
    model = FaultModel({"server": Tolerance(drift=0.01)}, None, "")
    world = World(model=model)
    world.inject(0, "clock.drift", on="all", rate=0.5)
    world.tell("s1", "timer ring 1000")
    world.run(1100)
    assert 988 < world.said()[0][1] < 1012
    world.inject(1, "clock.jump", delay=1000 * MS)
    assert world.sim.effects[1].count == 0


def test_what_is_kept_back_arrives_when_the_fault_ends() -> None:
    world = World()
    world.inject(0, "messages.hold", on="s2", rate=1.0)
    world.tell("s1", "tell s2 one", "tell s2 two", "say three")
    world.run(500)
    assert words(world.said()) == ["three"]
    world.sim.perform(Undo(0))
    world.run(10)
    assert sorted(words(world.said())) == ["one", "three", "two"]
    assert world.sim.effects[0].count == 2


def test_faults_of_messages_can_be_limited_to_a_class_and_a_direction() -> None:
    for limited, heard in (({"type": "Do"}, []), ({"shape": "replies"}, ["in"]), ({"shape": "servers"}, ["out"])):
        world = World()
        world.inject(0, "messages.loss", on="all", rate=1.0, **limited)
        world.tell("s1", "say out", "tell s2 in")
        world.run(20)
        assert words(world.said()) == heard


def test_reliable_links_that_are_cut_keep_their_messages() -> None:
    model = FaultModel({"server": Tolerance()}, None, "", reliable=True)
    world = World(model=model)
    world.inject(0, "partition", on="s1", shape="isolate-fully")
    world.inject(1, "messages.loss", on="all", rate=1.0)
    world.tell("s1", "say late")
    world.run(100)
    assert words(world.said()) == []
    world.sim.perform(Undo(0))
    world.run(10)
    assert words(world.said()) == ["late"]


def test_a_fault_begins_some_time_after_another_and_ends_with_it() -> None:
    world = World()
    late = fault(1, "pause", on="s2", at=trigger("start", follows=0, wait=20 * MS), until=trigger("stop", follows=0))
    world.sim.perform(Arm(late))
    world.run(10)
    world.inject(0, "kill")
    assert [report.unit.nodes for report in world.run(19) if isinstance(report, Injected)] == [("s1",)]
    assert [report.unit.nodes for report in world.run(2) if isinstance(report, Injected)] == [("s2",)]
    world.sim.perform(Undo(0))
    assert world.run(1) == [Undone(0), Undone(1)]


def test_a_trigger_counts_only_at_its_nodes_and_after_its_forerunner() -> None:
    world = World()
    at = trigger("deliver", "Said", node="s2", follows=0, n=2)
    world.sim.perform(Arm(fault(1, "kill", at=at, on="trigger")))
    for forerunner in (False, True):
        world.tell("s1", "tell s2 a", "tell s2 b", "say c")
        reports = world.run(10)
        assert any(isinstance(report, Injected) for report in reports) == forerunner
        if not forerunner:
            world.inject(0, "messages.duplicate", on="s1", rate=0.001)
    assert world.sim.effects[1].detail == "s2"


def test_the_same_nodes_or_all_others_can_be_hit_again() -> None:
    world = World(beyond_tolerance=True)
    world.inject(0, "pause")
    world.inject(1, "kill", on="unit:0")
    world.inject(2, "kill", on="others:0")
    assert [world.sim.effects[unit].detail for unit in range(3)] == ["s1", "s1", "s2"]


def administered(answer: str) -> World:
    def draw(nodes: Mapping[str, Node], random: Random) -> Value:
        return ("s1", answer) if "s1" in nodes else None

    return World(model=FaultModel(MODEL.groups, None, "", admin={"promote": draw}))


def test_administrative_operations_are_no_part_of_the_history() -> None:
    world = administered("say done")
    world.inject(0, "admin", lasts=100 * MS)
    assert [type(report) for report in world.run(50)] == [Injected]
    effect = world.sim.effects[0]
    assert (effect.count, effect.detail) == (1, "promote s1 say done: ok")


def test_one_that_is_not_answered_is_given_up_at_the_end_of_its_fault() -> None:
    world = administered("role busy")
    world.inject(0, "admin")
    world.run(50)
    world.inject(1, "admin")
    world.sim.perform(Undo(0))
    world.inject(2, "admin")
    world.run(50)
    details = [world.sim.effects[unit].detail for unit in range(3)]
    assert details == ["promote s1 role busy: info", "no target", "promote s1 role busy"]
    assert world.sim.roles()["s1"] == "busy"
