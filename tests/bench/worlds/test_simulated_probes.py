"""Probes: what must not change a run. Event logs are compared by their hashes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import seeded


@pytest.fixture(params=seeded.SYSTEMS)
def system(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_same_seed_gives_the_same_events_in_every_process(system: str) -> None:
    def hashes(hash_seed: str) -> list[str]:
        command = [sys.executable, str(Path(seeded.__file__)), system, "3"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()

    first, second = hashes("1"), hashes("2")
    assert first == second
    assert len(set(first)) == 3


def test_faults_had_effects_in_these_runs(system: str) -> None:
    families = {effect.family for seed in range(3) for effect in seeded.simulate(system, seed).effects if effect.count}
    assert len(families) >= 5


def test_a_node_is_no_more_than_its_pickled_state(system: str) -> None:
    for seed in range(3):
        plain, pickled = (seeded.simulate(system, seed, pickle_nodes=pickle) for pickle in (False, True))
        assert plain.event_log_hash() == pickled.event_log_hash()


def test_a_message_is_no_more_than_its_bytes(system: str) -> None:
    for seed in range(3):
        plain, encoded = (seeded.simulate(system, seed, codec=codec) for codec in (False, True))
        assert plain.event_log_hash() == encoded.event_log_hash()


def test_the_trace_does_not_change_the_hash() -> None:
    simulation = seeded.simulate("ping_pong", 1)
    assert simulation.events == len(list(simulation.trace))
    kinds = {record["kind"] for record in simulation.trace}
    assert {"start", "invoke", "deliver", "complete", "timer", "kill", "drop"} <= kinds
