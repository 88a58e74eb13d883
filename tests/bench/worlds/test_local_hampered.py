"""Slow servers, and servers that can open no further files, in the local world."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from notebooks import Driver, deploy, example, system

from splitbrain.bench.actions import Undo
from splitbrain.bench.run import run
from splitbrain.bench.test import Test
from splitbrain.bench.worlds.local.world import LocalWorld
from splitbrain.errors import UsageError


@pytest.fixture(scope="module")
def world() -> Iterator[LocalWorld]:
    with LocalWorld(example(), deploy(2, None), system.fault_model) as opened:
        yield opened


@pytest.fixture
def driver(world: LocalWorld) -> Iterator[Driver]:
    yield Driver(world)
    world._faults.heal()


def see(world: LocalWorld, server: str, wanted: str) -> None:
    """Wait until the process is in one of these states."""
    path = Path(f"/proc/{world.pids()[server]}/stat")
    while path.read_text().rpartition(")")[2].split()[0] not in wanted:
        os.sched_yield()


def kill_and_start(world: LocalWorld, driver: Driver, server: str) -> None:
    killed = driver.begin("kill", server)
    world.perform(Undo(killed.fault.unit))
    while not world._engine.complete:
        driver.reports += world.advance(None)


def may_open(world: LocalWorld, server: str) -> int:
    return resource.prlimit(world.pids()[server], resource.RLIMIT_NOFILE)[0]


def test_a_slow_server_stands_still_again_and_again_and_answers(world: LocalWorld, driver: Driver) -> None:
    unit = driver.begin("cpu.slow", "s1", rate=0.6)
    assert unit.nodes == ("s1",)
    for _ in range(2):
        see(world, "s1", "T")
        see(world, "s1", "RS")
    driver.notes("s1")
    world.perform(Undo(unit.fault.unit))
    see(world, "s1", "RS")
    assert driver.count(unit) > 50
    (effect,) = [effect for effect in world.effects if effect.unit == unit.fault.unit]
    assert effect.done.endswith(" ms taken from processors")
    assert effect.detail == "s1 for 60% of the time"


def test_a_slow_server_may_be_paused_and_killed_and_is_slow_again_when_it_is_back(
    world: LocalWorld, driver: Driver
) -> None:
    slow = driver.begin("cpu.slow", "s1", rate=0.5)
    paused = driver.begin("pause", "s1")
    see(world, "s1", "T")
    driver.ask("look", "s1")
    assert driver.silence()
    world.perform(Undo(paused.fault.unit))
    kill_and_start(world, driver, "s1")
    driver.notes("s1")
    see(world, "s1", "T")
    world.perform(Undo(slow.fault.unit))
    see(world, "s1", "RS")
    assert driver.count(slow) > 0


def test_a_server_is_not_made_slow_twice(driver: Driver) -> None:
    driver.begin("cpu.slow", "s1", rate=0.1)
    assert driver.begin("cpu.slow", "s1", rate=0.1).downgraded == "no cpu.slow: nobody is left to hit"
    assert driver.begin("cpu.slow", "all", rate=0.1).nodes == ("s2",)


def test_open_files_are_limited_and_the_limit_is_lifted(world: LocalWorld, driver: Driver) -> None:
    before = may_open(world, "s1")
    unit = driver.begin("files.limit", "s1")
    assert may_open(world, "s1") < 100 < before
    assert driver.count(unit) == 1
    world.perform(Undo(unit.fault.unit))
    assert may_open(world, "s1") == before


def test_a_connection_that_a_limited_server_cannot_accept_is_made_later(world: LocalWorld, driver: Driver) -> None:
    driver.begin("files.limit", "s1")
    driver.notes("s2")
    kill_and_start(world, driver, "s2")
    number = driver.ask("pass", "s2", "s1")  # over a new connection
    assert driver.silence()
    driver.heal()
    driver.answered(number)


@pytest.mark.parametrize("faults", ["cpu.slow", "files.limit,kill"])
def test_nodes_of_the_simulated_world_are_no_processes(tmp_path: Path, faults: str) -> None:
    test = Test(system="primary_backup", workload="kv", seed=1, faults=faults)
    name = faults.partition(",")[0]
    with pytest.raises(UsageError, match=f"use --world local for {name}"):
        run(test, tmp_path / "run")
    assert not (tmp_path / "run").exists()
