"""Whole runs of bundled systems with faults, reduced to their event-log hashes.

Run as a program, it prints the hashes of a few runs; equal output in two processes is the promise of determinism.
"""

import sys

from splitbrain.bench.registry import resolve
from splitbrain.bench.runner import Runner
from splitbrain.bench.test import Test
from splitbrain.bench.worlds.simulated import Simulation
from splitbrain.histories.journal import MemoryJournal
from splitbrain.nemesis.schedule import plan
from splitbrain.systems.streams import stream

FAMILIES = "partition,kill,pause,messages.loss,messages.duplicate,messages.delay"
SYSTEMS = {"ping_pong": "ping", "exactly_once": "kv", "primary_backup": "kv"}


def simulate(name: str, seed: int, *, codec: bool = False, pickle_nodes: bool = False) -> Simulation:
    """A whole run with all families of faults."""
    test = Test(system=name, workload=SYSTEMS[name], seed=seed, operations=60, faults=FAMILIES)
    system, workload = resolve(test)
    deployment = system.deploy(system.servers, None)
    faults = plan(
        test.faults,
        model=system.fault_model,
        groups=deployment.groups,
        duration=test.operations * workload.interval,
        random=stream(seed, "nemesis", "plan"),
    )
    simulation = Simulation(
        deployment,
        test.clients,
        seed,
        model=system.fault_model,
        monitors=system.monitors,
        codec=codec,
        pickle_nodes=pickle_nodes,
    )
    runner = Runner(test, system, workload, faults, MemoryJournal())
    while not runner.done:
        for action in runner.next(simulation.now):
            simulation.perform(action)
        for report in simulation.advance(runner.wake):
            runner.handle(report, simulation.now)
    return simulation


if __name__ == "__main__":
    for seed in range(int(sys.argv[2])):
        print(simulate(sys.argv[1], seed).event_log_hash())  # noqa: T201
