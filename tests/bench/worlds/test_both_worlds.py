"""What the runner relies on, in the simulated world and in the local one."""

from collections.abc import Iterator

import pytest
from notebooks import Driver, deploy, example, fault, system

from splitbrain.bench.actions import Arm, Completed, Discard, Undo
from splitbrain.bench.test import MILLISECOND
from splitbrain.bench.worlds.world import WORLDS, world_of
from splitbrain.nemesis.fault import Moment, Trigger

MOMENTS: tuple[Moment, ...] = ("before_send", "after_send", "deliver", "sync_start", "sync_done")


@pytest.fixture(params=WORLDS)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    test = example(world=request.param)
    with world_of(test, system, deploy(2, None), None) as world:
        yield Driver(world)


def test_operations_are_answered_and_timers_fire(driver: Driver) -> None:
    assert driver.told("look", "s1") == "0:"
    assert driver.told("pass", "s1", "s2") == "passed by s1"
    before = driver.world.now
    assert driver.told("late", "s1", 30 * MILLISECOND) == "late"
    assert driver.world.now - before >= 30 * MILLISECOND


def test_a_killed_server_keeps_what_it_synced_and_starts_again_in_its_next_epoch(driver: Driver) -> None:
    driver.told("note-synced", "s1", "a")
    assert driver.inject(fault("kill", "s1")).nodes == ("s1",)
    driver.ask("look", "s1")
    assert driver.silence()
    driver.heal()
    assert driver.told("look", "s1") == "1:a"
    assert driver.count() == 1


def test_disk_faults_take_what_was_not_synced_or_all(driver: Driver) -> None:
    driver.told("note-synced", "s1", "synced")
    driver.told("note", "s1", "+")
    driver.told("note-synced", "s2", "synced")
    driver.inject(fault("disk.torn", "s1", unit=0))
    driver.inject(fault("disk.loss", "s2", unit=1))
    driver.heal()
    epoch, _, notes = str(driver.told("look", "s1")).partition(":")
    assert epoch == "1"
    assert "synced+".startswith(notes)
    assert driver.told("look", "s2") == "1:"


def test_a_paused_server_answers_when_it_goes_on(driver: Driver) -> None:
    driver.inject(fault("pause", "s1"))
    number = driver.ask("look", "s1")
    assert driver.silence()
    driver.world.perform(Undo(0))
    driver.until(lambda report: isinstance(report, Completed) and report.operation == number)
    assert driver.count() == 1


def test_a_partition_drops_what_is_sent_over_it_and_counts_that(driver: Driver) -> None:
    for unit, (shape, server) in enumerate([("isolate", "s1"), ("mute", "s2"), ("deaf", "s2")]):
        driver.inject(fault("partition", server, unit=unit, shape=shape))
        driver.ask("pass", "s1", "s2")
        assert driver.silence()
        driver.heal()
        assert driver.count(unit) > 0
        driver.world.perform(Discard(0))
        assert driver.told("pass", "s1", "s2") == "passed by s1"


def test_faults_of_messages_have_effects_that_are_counted(driver: Driver) -> None:
    families = ["messages.loss", "messages.hold", "messages.duplicate", "messages.delay"]
    for unit, family in enumerate(families):
        driver.inject(fault(family, "s1", unit=unit, rate=1.0, delay=20 * MILLISECOND, shape="requests"))
        number = driver.ask("look", "s1")
        if family in ("messages.loss", "messages.hold"):
            assert driver.silence()
        driver.heal()
        if family != "messages.loss":
            driver.until(lambda report, n=number: isinstance(report, Completed) and report.operation == n)
        driver.world.perform(Discard(0))
        assert driver.count(unit) == 1


def test_a_trigger_strikes_the_server_at_which_its_moment_comes(driver: Driver) -> None:
    for unit, moment in enumerate(MOMENTS):
        trigger = Trigger(moment=moment, node="s1,s2")
        driver.world.perform(Arm(fault("kill", "trigger", unit=unit, at=trigger)))
        driver.ask("note-synced", "s2", "a")
        assert driver.injected().nodes == ("s2",)
        driver.heal()
        driver.world.perform(Discard(0))
        assert str(driver.told("look", "s2")).startswith(f"{unit + 1}:")
    assert driver.told("look", "s1") == "0:"


def test_a_trigger_waits_for_a_role(driver: Driver) -> None:
    driver.world.perform(Arm(fault("pause", "trigger", at=Trigger(moment="role", type="leader"))))
    driver.ask("pass", "s2", "s1")
    assert driver.injected().nodes == ("s2",)


def test_a_trigger_counts_moments_at_all_nodes(driver: Driver) -> None:
    driver.world.perform(Arm(fault("pause", "trigger", at=Trigger(moment="deliver", type="Look", n=3))))
    driver.told("look", "s1")
    driver.told("look", "s2")
    driver.ask("look", "s1")
    assert driver.injected().nodes == ("s1",)


def test_late_answers_to_a_discarded_client_are_dropped(driver: Driver) -> None:
    driver.ask("late", "s1", 20 * MILLISECOND)
    driver.world.perform(Discard(0))
    assert driver.silence()
    assert driver.told("look", "s1") == "0:"


def test_clocks_go_wrong_and_timers_with_them(driver: Driver) -> None:
    driver.inject(fault("clock.drift", "s1", unit=0, rate=0.5))
    driver.inject(fault("clock.jump", "s2", unit=1, delay=30 * MILLISECOND))
    assert (driver.count(0), driver.count(1)) == (1, 1)
    assert driver.told("late", "s1", 10 * MILLISECOND) == "late"
    assert driver.told("late", "s2", 10 * MILLISECOND) == "late"
