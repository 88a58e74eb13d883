"""Timers, pauses, discarded clients and monitors."""

from dataclasses import dataclass

from scripted import MS, Do, Said, Scripted, World, fault, words

from splitbrain.bench.actions import Completed, Discard, Heal, Healed, Injected, InvariantBroken, Undo, Undone
from splitbrain.nemesis.fault import Unit
from splitbrain.systems.node import Node
from splitbrain.systems.system import Broken


def test_a_timer_replaces_the_one_of_the_same_name() -> None:
    world = World()
    world.tell("s1", "timer early 5", "timer late 8")
    world.run(20)
    assert world.said() == [("late", 9.0)]


def test_a_cancelled_timer_stays_silent() -> None:
    world = World()
    world.tell("s1", "timer never 5")
    world.run(3)
    world.tell("s1", "cancel")
    world.run(20)
    assert world.said() == []


def test_a_timer_can_be_cancelled_before_its_handlers_sync_is_done() -> None:
    world = World()
    world.tell("s1", "timer never 5", "sync")
    world.run(5)
    world.tell("s1", "cancel")
    world.run(30)
    assert world.said() == []


def test_a_timer_dies_with_its_epoch() -> None:
    world = World()
    world.tell("s1", "timer never 10")
    world.run(5)
    world.inject(0, "kill")
    world.sim.perform(Undo(0))
    world.run(30)
    assert world.said() == []


def test_a_paused_node_handles_everything_in_order_when_it_goes_on() -> None:
    world = World()
    world.tell("s1", "timer ring 5")
    world.run(2)
    world.inject(0, "pause")
    for word in ("one", "two", "three"):
        world.tell("s1", f"tell s2 {word}")
        world.run(3)
    world.run(20)
    assert world.said() == []
    world.sim.perform(Undo(0))
    world.run(10)
    order = [record["fields"]["steps"] for record in world.sim.trace if record["type"] == "Do"]
    assert order[1:] == [["tell s2 one"], ["tell s2 two"], ["tell s2 three"]]
    assert sorted(world.said()) == [("one", 31.0), ("ring", 31.0), ("three", 31.0), ("two", 31.0)]


def test_a_paused_node_that_is_killed_comes_back_with_the_end_of_the_kill() -> None:
    world = World()
    world.inject(0, "pause")
    world.inject(1, "kill")
    assert world.run(1) == [Injected(unit(0, "pause")), Injected(unit(1, "kill"))]
    world.sim.perform(Undo(0))
    assert world.sim.roles() == {"s2": ""}
    world.sim.perform(Heal())
    assert world.run(1) == [Undone(0), Healed()]
    assert world.sim.roles() == {"s1": "", "s2": ""}
    world.tell("s1", "say alive")
    world.run(5)
    assert words(world.said()) == ["alive"]


def unit(number: int, family: str) -> Unit:
    return Unit(fault=fault(number, family, on="s1"), nodes=("s1",))


def test_what_came_for_a_paused_node_is_lost_with_it() -> None:
    world = World()
    world.inject(0, "pause")
    world.tell("s1", "say lost")
    world.run(5)
    world.inject(1, "kill")
    world.sim.perform(Undo(1))
    world.sim.perform(Undo(0))
    world.inject(2, "pause")
    world.sim.perform(Undo(2))
    world.run(5)
    assert world.said() == []


def test_a_discarded_client_is_replaced_and_its_late_answers_are_dropped() -> None:
    world = World()
    world.tell("s1", "timer late 5")
    world.run(3)
    world.sim.perform(Discard(0))
    operation = world.tell("s2", "timer done 20")
    reports = world.run(40)
    assert reports == [Completed(operation, "ok", "late", None)]
    assert world.sim.logs["c0"][0].startswith("0.007")


def test_only_the_first_answer_counts() -> None:
    world = World()
    operation = world.tell("s1", "say one", "say two", "say three")
    (report,) = world.run(10)
    assert isinstance(report, Completed)
    assert report.operation == operation
    assert len(world.sim.logs["c0"]) == 3


@dataclass(frozen=True)
class Quiet:
    """No server may be told a word twice; the state is the number of handlers seen."""

    name: str = "quiet"
    initial: int = 0
    events: frozenset[type] = frozenset((str, Do, Said))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object:
        assert isinstance(node, Scripted)
        heard = node.heard
        assert isinstance(state, int)
        return Broken(f"{heard[-1]} again") if len(heard) != len(set(heard)) else state + 1


def test_a_monitor_reports_its_first_finding_only() -> None:
    world = World(monitors=(Quiet(),))
    world.tell("s1", "tell s2 twice")
    assert world.run(5) == []
    world.tell("s1", "tell s2 twice", "tell s2 twice")
    assert world.run(5) == [InvariantBroken("quiet", "twice again", "s2")]
    assert world.sim.now == 10 * MS
