"""How fast the simulated world is, on one core: events and whole runs of 100 operations per second.

    python benchmarks/simulator.py [SYSTEM] [--runs 20] [--rounds 5]

The runs are without faults and have five clients. What the runner asks of the world in each run is recorded first and
then repeated on fresh worlds, so that the world alone is timed: the nodes' handlers, the network, the event log. The
last row is whole tests, with runner, journal and checkers. Times are processor time, the rounds of all rows alternate,
and the median is shown.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import click

from splitbrain.bench import registry
from splitbrain.bench.actions import Action
from splitbrain.bench.run import run
from splitbrain.bench.runner import Runner
from splitbrain.bench.test import Test
from splitbrain.bench.worlds.simulated import Simulation
from splitbrain.histories.journal import MemoryJournal

OPERATIONS = 100


@dataclass(frozen=True)
class Recording:
    """What a runner asked of the world: the actions of each step, and until when time was to pass."""

    test: Test
    steps: tuple[tuple[tuple[Action, ...], int | None], ...]
    events: int


@dataclass(frozen=True)
class Options:
    """How a world is set up."""

    trace: bool = True
    codec: bool = False
    pickle_nodes: bool = False
    monitors: bool = True


def world(test: Test, options: Options) -> Simulation:
    """A fresh world for the test."""
    system = registry.system(test.system)
    return Simulation(
        system.deploy(test.servers, test.bug),
        test.clients,
        test.seed,
        model=system.fault_model,
        monitors=system.monitors if options.monitors else (),
        codec=options.codec,
        trace=options.trace,
        pickle_nodes=options.pickle_nodes,
    )


def record(system: str, seed: int) -> Recording:
    """Run a test once and note what is asked of the world."""
    tested = registry.system(system)
    test = Test(system=system, workload=tested.workloads[0], seed=seed, faults="none", operations=OPERATIONS)
    simulation = world(test, Options())
    runner = Runner(test, *registry.resolve(test), (), MemoryJournal())
    steps = []
    while not runner.done:
        actions, wake = tuple(runner.next(simulation.now)), runner.wake
        for action in actions:
            simulation.perform(action)
        for report in simulation.advance(wake):
            runner.handle(report, simulation.now)
        steps.append((actions, wake))
    return Recording(test, tuple(steps), simulation.events)


def repeat(recording: Recording, options: Options) -> None:
    """Ask the same of a fresh world."""
    simulation = world(recording.test, options)
    for actions, wake in recording.steps:
        for action in actions:
            simulation.perform(action)
        simulation.advance(wake)
    simulation.event_log_hash()
    assert simulation.events == recording.events


def seconds(work: Callable[[Recording], object], recordings: Sequence[Recording]) -> float:
    """The processor time that the work takes for all recordings."""
    begin = time.process_time()
    for recording in recordings:
        work(recording)
    return time.process_time() - begin


@click.command()
@click.argument("system", default="primary_backup")
@click.option("--runs", default=20, show_default=True, help="Runs in each round, each with a seed of its own.")
@click.option("--rounds", default=5, show_default=True)
def main(system: str, runs: int, rounds: int) -> None:
    """Time the simulated world with SYSTEM."""
    recordings = [record(system, seed) for seed in range(runs)]
    events = sum(recording.events for recording in recordings)

    rows: dict[str, Callable[[Recording], object]] = {
        "world: trace, hash, monitors": partial(repeat, options=Options()),
        "  without the trace": partial(repeat, options=Options(trace=False)),
        "  without monitors": partial(repeat, options=Options(monitors=False)),
        "  every message through its bytes": partial(repeat, options=Options(codec=True)),
        "  every node pickled after each handler": partial(repeat, options=Options(pickle_nodes=True)),
        "whole tests": lambda recording: run(recording.test),
    }
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, work in rows.items():
            times[name].append(seconds(work, recordings))
    base = statistics.median(next(iter(times.values())))
    click.echo(f"{system}: {runs} runs of {OPERATIONS} operations, {events / runs:.0f} events each")
    click.echo(f"{'':40}{'events/s':>10}{'runs/s':>8}{'time':>7}")
    for name, taken in times.items():
        median = statistics.median(taken)
        click.echo(f"{name:40}{events / median:10.0f}{runs / median:8.1f}{median / base:6.2f}x")


if __name__ == "__main__":
    main()
