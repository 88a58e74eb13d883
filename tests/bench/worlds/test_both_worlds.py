"""What the runner relies on, in the simulated world and in the local one, over networks of several kinds."""

from collections.abc import Iterator

import pytest
import sshd
from notebooks import Driver, deploy, example, system

from splitbrain.bench.actions import Discard, Undo
from splitbrain.bench.test import MILLISECOND
from splitbrain.bench.worlds.local.network import NETWORKS, missing
from splitbrain.bench.worlds.world import WORLDS, world_of
from splitbrain.nemesis.fault import Moment, Trigger

MOMENTS: tuple[Moment, ...] = ("before_send", "after_send", "deliver", "sync_start", "sync_done")


@pytest.fixture(scope="module", params=[*WORLDS, "namespaces", "proxies"])
def shared(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """One world for all tests, since it takes a while to start processes."""
    changes: dict[str, object] = {"world": request.param}
    if request.param in NETWORKS:
        changes = {"world": "local", "network": request.param}
        if reason := missing(request.param):
            pytest.skip(f"no network of {request.param}: {reason}")
    if request.param == "remote":
        if reason := sshd.missing():
            pytest.skip(f"no hosts to reach over SSH: {reason}")
        changes["remote"] = sshd.reached(request.getfixturevalue("hosts"))
    with world_of(example(**changes), system, deploy(2, None), None) as world:
        yield Driver(world)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Hosts]:
    with sshd.hosts(tmp_path_factory.mktemp("hosts"), 2) as made:
        yield made


@pytest.fixture
def on_the_wire(request: pytest.FixtureRequest) -> bool:
    """Whether partitions drop packets, not messages."""
    return bool(request.node.callspec.params["shared"] in NETWORKS)


@pytest.fixture
def driver(shared: Driver) -> Iterator[Driver]:
    yield shared
    shared.heal()
    shared.world.perform(Discard(0))


def test_operations_are_answered_and_timers_fire(driver: Driver) -> None:
    assert driver.notes("s1")[0] >= 0
    assert driver.told("pass", "s1", "s2") == "passed by s1"
    before = driver.world.now
    assert driver.told("late", "s1", 30 * MILLISECOND) == "late"
    assert driver.world.now - before >= 30 * MILLISECOND


def test_a_killed_server_keeps_what_it_synced_and_starts_again_in_its_next_epoch(driver: Driver) -> None:
    driver.told("note-synced", "s1", "a")
    epoch, notes = driver.notes("s1")
    unit = driver.begin("kill", "s1")
    assert unit.nodes == ("s1",)
    driver.ask("look", "s1")
    assert driver.silence()
    driver.heal()
    assert driver.notes("s1") == (epoch + 1, notes)
    assert driver.count(unit) == 1


def test_disk_faults_take_what_was_not_synced_or_all(driver: Driver) -> None:
    driver.told("note-synced", "s1", "synced")
    driver.told("note", "s1", "+")
    driver.told("note-synced", "s2", "synced")
    before, lost = driver.notes("s1"), driver.notes("s2")
    driver.begin("disk.torn", "s1")
    driver.begin("disk.loss", "s2")
    driver.heal()
    epoch, notes = driver.notes("s1")
    assert epoch == before[0] + 1
    assert before[1].startswith(notes)
    assert driver.notes("s2") == (lost[0] + 1, "")


def test_a_paused_server_answers_when_it_goes_on(driver: Driver) -> None:
    unit = driver.begin("pause", "s1")
    number = driver.ask("look", "s1")
    assert driver.silence()
    driver.world.perform(Undo(unit.fault.unit))
    driver.answered(number)
    assert driver.count(unit) == 1


@pytest.mark.parametrize(("shape", "server"), [("isolate", "s1"), ("mute", "s2"), ("deaf", "s2")])
def test_a_partition_drops_what_is_sent_over_it_and_counts_that(
    driver: Driver, shape: str, server: str, on_the_wire: bool
) -> None:
    unit = driver.begin("partition", server, shape=shape)
    number = driver.ask("pass", "s1", "s2")
    assert driver.silence()
    driver.heal()
    assert driver.count(unit) > 0
    if on_the_wire:
        driver.answered(number)  # since TCP sends again what was dropped
    assert driver.told("pass", "s1", "s2") == "passed by s1"


@pytest.mark.parametrize("family", ["messages.loss", "messages.hold", "messages.duplicate", "messages.delay"])
def test_faults_of_messages_have_effects_that_are_counted(driver: Driver, family: str) -> None:
    unit = driver.begin(family, "s1", rate=1.0, delay=20 * MILLISECOND, shape="requests")
    number = driver.ask("look", "s1")
    if family in ("messages.loss", "messages.hold"):
        assert driver.silence()
    driver.heal()
    if family != "messages.loss":
        driver.answered(number)
    driver.told("late", "s1", 30 * MILLISECOND)  # by then the copy has been answered too, before the next test
    assert driver.count(unit) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_trigger_strikes_the_server_at_which_its_moment_comes(driver: Driver, moment: Moment) -> None:
    epochs = driver.notes("s1")[0], driver.notes("s2")[0]
    driver.arm("kill", Trigger(moment=moment, node="s1,s2"))
    driver.ask("note-synced", "s2", "a")
    assert driver.injected().nodes == ("s2",)
    driver.heal()
    assert (driver.notes("s1")[0], driver.notes("s2")[0]) == (epochs[0], epochs[1] + 1)


def test_a_trigger_waits_for_a_role(driver: Driver) -> None:
    driver.begin("kill", "s2")
    driver.heal()
    driver.arm("pause", Trigger(moment="role", type="leader", node="s2"))
    driver.ask("pass", "s2", "s1")
    assert driver.injected().nodes == ("s2",)


def test_a_trigger_counts_moments_at_all_nodes(driver: Driver) -> None:
    driver.arm("pause", Trigger(moment="deliver", type="Look", n=3))
    driver.told("look", "s1")
    driver.told("look", "s2")
    driver.ask("look", "s1")
    assert driver.injected().nodes == ("s1",)


def test_late_answers_to_a_discarded_client_are_dropped(driver: Driver) -> None:
    driver.ask("late", "s1", 20 * MILLISECOND)
    driver.world.perform(Discard(0))
    assert driver.silence()


def test_clocks_go_wrong_and_timers_with_them(driver: Driver) -> None:
    drift = driver.begin("clock.drift", "s1", rate=0.5)
    jump = driver.begin("clock.jump", "s2", delay=30 * MILLISECOND)
    assert (driver.count(drift), driver.count(jump)) == (1, 1)
    assert driver.told("late", "s1", 10 * MILLISECOND) == "late"
    assert driver.told("late", "s2", 10 * MILLISECOND) == "late"
