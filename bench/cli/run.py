"""`splitbrain run`"""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from ...errors import UsageError
from ...nemesis.families import SWARM, parse
from ...nemesis.handwritten import load_schedule
from ...reports.summary import TONES, Line
from .. import registry
from ..command import command as command_line
from ..directory import link_latest, place
from ..exits import worst
from ..hosts import Remote
from ..run import deploy, run
from ..test import Test
from ..worlds.world import NETWORKS, WORLDS
from .options import DEFAULT, draw_seed, hosts, length, number, runs_dir
from .terminal import reporter, show, show_run

CAMPAIGN = "default"


@click.command()
@click.argument("system")
@click.option("--workload", help="What clients do. [default: the system's first]")
@click.option("--faults", default=SWARM, show_default=True, help="swarm, none, families with commas, or FILE.json.")
@click.option("--bug", help="Plant a bug: see `splitbrain list bugs`.")
@click.option("--world", type=click.Choice(WORLDS), default=DEFAULT.world, show_default=True, help="Where nodes run.")
@click.option("--network", type=click.Choice(NETWORKS), default=DEFAULT.network, help="Of the local or remote world.")
@hosts
@number("--seed", low=0, help="Decides everything. [default: drawn, and printed]")
@number("--seeds", default=1, help="Run this many tests: with seed, seed + 1, …")
@number("--operations", default=DEFAULT.operations, help="At most, under faults.")
@number("--rate", help="Operations a second, on average, under faults. [default: the workload's]")
@length("--time", default="20s", help="At most, under faults.")
@length("--timeout", default="1s", help="Of one operation.")
@number("--clients", default=DEFAULT.clients, help="How many threads ask.")
@number("--servers", help="How many replicas. [default: the system's]")
@number("--keys", default=DEFAULT.keys, help="How many keys they use.")
@click.option("--beyond-tolerance", is_flag=True, help="Faults beyond the fault model; only safety is judged.")
@click.option("--stop-on-violation", is_flag=True, help="End the run at the first violation.")
@runs_dir
def command(
    system: str,
    workload: str | None,
    faults: str,
    bug: str | None,
    world: str,
    network: str,
    remote: Remote | None,
    seed: int | None,
    seeds: int,
    operations: int,
    rate: int | None,
    time: int,
    timeout: int,
    clients: int,
    servers: int | None,
    keys: int,
    beyond_tolerance: bool,
    stop_on_violation: bool,
    runs_dir: Path,
) -> int:
    """Run SYSTEM under a workload while faults are injected, and judge what happened.

    SYSTEM is a name (see `splitbrain list systems`) or module:attribute.
    """
    tested = registry.system(system)
    if workload is None and not tested.workloads:
        raise UsageError(f"{system} serves no workload that comes with Splitbrain: give --workload module:attribute")
    test = Test(
        system=registry.canonical(system),
        workload=tested.workloads[0] if workload is None else workload,
        seed=draw_seed() if seed is None else seed,
        bug=bug,
        faults=faults,
        world=world,
        network=network,
        remote=remote,
        servers=tested.servers if servers is None else servers,
        clients=clients,
        keys=keys,
        operations=operations,
        rate=rate,
        time=time,
        timeout=timeout,
        beyond_tolerance=beyond_tolerance,
        stop_on_violation=stop_on_violation,
    )
    registry.resolve(test)
    if faults.endswith(".json"):
        nodes = [*deploy(tested, test).servers, *(f"c{thread}" for thread in range(clients))]
        schedule = load_schedule(Path(faults), nodes)
        if not schedule:
            raise UsageError(f"{faults}: there is no fault in it: use --faults none")
        test = msgspec.structs.replace(test, schedule=schedule)
    else:
        parse(faults, tested.fault_model, beyond_tolerance=beyond_tolerance)
    drawn = " (drawn)" if seed is None else ""
    if seeds == 1:
        return run_one(test, runs_dir, drawn)
    return run_many(test, seeds, runs_dir, drawn)


def run_one(test: Test, runs: Path, drawn: str = "", campaign: str = CAMPAIGN) -> int:
    """Run a test, keep it, show it, and return its exit code."""
    label = f"{test.system}, seed {test.seed}{drawn}"
    click.echo(f"running {label}", err=True)
    with reporter(label) as progress:
        result = run(test, place(runs, campaign, test), progress)
    link_latest(runs, place(runs, campaign, test))
    show_run(result)
    return result.exit_code


def run_many(test: Test, seeds: int, runs: Path, drawn: str) -> int:
    """Run a test with several seeds, one line each; keep those that do not pass, and say how to see them again."""
    click.echo(f"running {test.system}, {seeds} seeds from {test.seed}{drawn}", err=True)
    grades: dict[str, int] = {}
    codes = []
    for each in _with_seeds(test, seeds):
        # What happened in real time cannot be run once more to be kept.
        keep = None if each.world == "simulated" else place(runs, CAMPAIGN, each)
        result = run(each, keep)
        if keep is not None:
            link_latest(runs, keep)
        elif result.exit_code and result.record.grade != "interrupted":
            result = run(each, place(runs, CAMPAIGN, each))
            link_latest(runs, place(runs, CAMPAIGN, each))
        grades[result.record.grade] = grades.get(result.record.grade, 0) + 1
        codes.append(result.exit_code)
        tone = TONES.get(result.record.grade, "unsure")
        show([Line(f"{result.record.grade.upper():8} seed {each.seed}  {result.record.sentence}", tone)])
        if result.exit_code:
            show([Line(f"  {command_line(each)}", "command")])
        if result.record.grade == "interrupted":
            break
    show([Line(", ".join(f"{count} {grade}" for grade, count in sorted(grades.items())), "strong")])
    return worst(codes)


def _with_seeds(test: Test, seeds: int) -> Iterator[Test]:
    return (msgspec.structs.replace(test, seed=test.seed + more) for more in range(seeds))
