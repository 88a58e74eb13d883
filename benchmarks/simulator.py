"""How fast the simulated world is, on one core: events, whole runs of 100 operations, and operations per second.

    python benchmarks/simulator.py [SYSTEM] [--servers 5] [--runs 20] [--rounds 5]

The runs are without faults and have five clients. What the runner asks of the world in each run is recorded first and
then repeated on fresh worlds, so that the world alone is timed: the nodes' handlers, the network, the event log. The
next row is whole tests, with runner, journal and checkers. Times are processor time, the rounds of all rows alternate,
and the median is shown.

Then come the operations per second of a service whose clients each ask again as soon as they are answered, and how many
messages are delivered for each operation, heartbeats and answers to the clients among them.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle

import click

from splitbrain.bench import registry
from splitbrain.bench.actions import Action, Completed, Invoke
from splitbrain.bench.run import run
from splitbrain.bench.runner import Runner
from splitbrain.bench.test import Test
from splitbrain.bench.worlds.simulated import Simulation
from splitbrain.histories.event import Invocation
from splitbrain.histories.journal import MemoryJournal
from splitbrain.systems.streams import stream

OPERATIONS = 100
CLIENTS = 5
ANSWERED = 3000
"""How many operations the clients of the busy service are answered."""


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


def test_of(system: str, servers: int | None, seed: int) -> Test:
    """A test without faults."""
    tested = registry.system(system)
    return Test(
        system=system,
        workload=tested.workloads[0],
        seed=seed,
        faults="none",
        operations=OPERATIONS,
        servers=tested.servers if servers is None else servers,
        clients=CLIENTS,
    )


def record(test: Test) -> Recording:
    """Run a test once and note what is asked of the world."""
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


@dataclass(frozen=True)
class Busy:
    """A service that had enough to do: messages delivered for each operation, operations per second of processor time,
    and how long an operation took in virtual time (milliseconds)."""

    messages: float
    rate: float
    latency: float


def busy(test: Test, options: Options) -> Busy:
    """Have every client ask again as soon as it is answered. The probes of the test's workload are what they ask."""
    simulation = world(test, options)
    _, workload = registry.resolve(test)
    probes = cycle(workload.calls(test, stream(test.seed, "benchmark")).probes)
    numbers = count()
    thread_of: dict[int, int] = {}

    def invoke(thread: int) -> None:
        number, request = next(numbers), next(probes)()
        thread_of[number] = thread
        op = Invocation(
            operation=number, process=thread, f=request.f, key=request.key, input=request.input, time=simulation.now
        )
        simulation.perform(Invoke(thread, op))

    simulation.advance(1_000_000_000)  # until there is a leader
    start, begin = simulation.now, time.process_time()
    for thread in range(test.clients):
        invoke(thread)
    answered = 0
    while answered < ANSWERED:
        for report in simulation.advance(None):
            assert isinstance(report, Completed), report
            answered += 1
            invoke(thread_of[report.operation])
    taken = time.process_time() - begin
    delivered = sum(each["kind"] == "deliver" and each["time"] > start for each in simulation.trace)
    return Busy(delivered / answered, answered / taken, (simulation.now - start) * test.clients / answered / 1e6)


def seconds(work: Callable[[Recording], object], recordings: Sequence[Recording]) -> float:
    """The processor time that the work takes for all recordings."""
    begin = time.process_time()
    for recording in recordings:
        work(recording)
    return time.process_time() - begin


@click.command()
@click.argument("system", default="primary_backup")
@click.option("--servers", type=int, help="How many servers the deployment has; the system's default if not given.")
@click.option("--runs", default=20, show_default=True, help="Runs in each round, each with a seed of its own.")
@click.option("--rounds", default=5, show_default=True)
def main(system: str, servers: int | None, runs: int, rounds: int) -> None:
    """Time the simulated world with SYSTEM."""
    recordings = [record(test_of(system, servers, seed)) for seed in range(runs)]
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
    service(test_of(system, servers, 0), rounds)


def service(test: Test, rounds: int) -> None:
    """Print what a busy service does, with and without trace and monitors."""
    click.echo(f"\n{test.servers} servers, {test.clients} clients, always busy: {ANSWERED} operations")
    click.echo(f"{'':40}{'operations/s':>14}")
    traced = busy(test, Options())
    for name, options in {
        "trace, hash, monitors": Options(),
        "  without the trace": Options(trace=False),
        "  without trace and monitors": Options(trace=False, monitors=False),
    }.items():
        rate = statistics.median(busy(test, options).rate for _ in range(rounds))
        click.echo(f"{name:40}{rate:14.0f}")
    click.echo(f"{traced.messages:.1f} messages and {traced.latency:.1f} ms (virtual) for each operation")


if __name__ == "__main__":
    main()
