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
from ..worlds.local.network import AUTO, NETWORKS, best
from ..worlds.world import WORLDS
from .options import DEFAULT, draw_seed, hosts, length, number, runs_dir
from .terminal import reporter, show, show_run

CAMPAIGN = "default"


@click.command()
@click.argument("system")
@click.option("--workload", help="What clients do. [default: the system's first]")
@click.option("--faults", default=SWARM, show_default=True, help="swarm, none, families with commas, or FILE.json.")
@click.option("--bug", help="Plant a bug: see `splitbrain list bugs`.")
@click.option("--world", type=click.Choice(WORLDS), help="Where nodes run. [default: simulated; databases: local]")
@click.option("--network", type=click.Choice([*NETWORKS, AUTO]), help="[default: loopback; databases: auto]")
@click.option("--option", "-o", "options", multiple=True, metavar="NAME=VALUE", help="A setting of the system.")
@click.option("--binary", "--bin", "binaries", multiple=True, metavar="[NAME=]PATH", help="A program to run.")
@hosts
@number("--seed", low=0, help="Decides everything. [default: drawn, and printed]")
@number("--seeds", default=1, help="Run this many tests: with seed, seed + 1, …")
@number("--operations", help="At most, under faults. [default: 100]")
@number("--rate", help="Operations a second, on average, under faults. [default: the workload's]")
@length("--time", help="At most, under faults. [default: 20s]")
@length("--timeout", help="Of one operation. [default: 1s]")
@number("--clients", help="How many threads ask. [default: 5]")
@number("--servers", help="How many replicas. [default: the system's]")
@number("--keys", help="How many keys they use. [default: 3]")
@click.option("--beyond-tolerance", is_flag=True, help="Faults beyond the fault model; only safety is judged.")
@click.option("--pcap", is_flag=True, help="Keep all packets in network.pcap, to look at.")
@click.option("--stop-on-violation", is_flag=True, help="End the run at the first violation.")
@runs_dir
def command(
    system: str,
    workload: str | None,
    faults: str,
    bug: str | None,
    world: str | None,
    network: str | None,
    options: tuple[str, ...],
    binaries: tuple[str, ...],
    remote: Remote | None,
    seed: int | None,
    seeds: int,
    operations: int | None,
    rate: int | None,
    time: int | None,
    timeout: int | None,
    clients: int | None,
    servers: int | None,
    keys: int | None,
    beyond_tolerance: bool,
    stop_on_violation: bool,
    pcap: bool,
    runs_dir: Path,
) -> int:
    """Run SYSTEM under a workload while faults are injected, and judge what happened.

    SYSTEM is a name (see `splitbrain list systems`) or module:attribute.
    """
    tested = registry.system(system)
    if workload is None and not tested.workloads:
        raise UsageError(f"{system} serves no workload that comes with Splitbrain: give --workload module:attribute")
    programs = (tested.program,) if tested.database is None else tuple(tested.database.programs)
    where = world or ("local" if tested.database or tested.program else DEFAULT.world)
    network = network or (DEFAULT.network if tested.database is None else AUTO)
    test = Test(
        system=registry.canonical(system),
        workload=tested.workloads[0] if workload is None else workload,
        seed=draw_seed() if seed is None else seed,
        bug=bug,
        faults=faults,
        world=where,
        network=best() if network == AUTO and where == "local" else network,
        remote=remote,
        servers=tested.servers if servers is None else servers,
        options=tuple(sorted(_pair(text) for text in options)),
        binaries=tuple(sorted(_pair(text, next(iter(programs), "")) for text in binaries)),
        beyond_tolerance=beyond_tolerance,
        stop_on_violation=stop_on_violation,
    )
    given = {"operations": operations, "rate": rate, "time": time, "timeout": timeout, "clients": clients, "keys": keys}
    chosen = {name: value for name, value in given.items() if value is not None}
    test = msgspec.structs.replace(test, **{**tested.defaults, **chosen})
    tested, _ = registry.resolve(test)
    if faults.endswith(".json"):
        nodes = [*deploy(tested, test).servers, *(f"c{thread}" for thread in range(test.clients))]
        schedule = load_schedule(Path(faults), nodes)
        if not schedule:
            raise UsageError(f"{faults}: there is no fault in it: use --faults none")
        test = msgspec.structs.replace(test, schedule=schedule)
    else:
        parse(faults, tested.fault_model, beyond_tolerance=beyond_tolerance)
    drawn = " (drawn)" if seed is None else ""
    if seeds == 1:
        return run_one(test, runs_dir, drawn, pcap=pcap)
    return run_many(test, seeds, runs_dir, drawn, pcap=pcap)


def _pair(text: str, name: str = "") -> tuple[str, str]:
    """The two sides of `name=value`. Where a name is given, a value alone will do."""
    before, sign, after = text.partition("=")
    if not sign and name:
        return name, text
    if not before or not after:
        raise UsageError(f"{text!r}: give a name and a value, as in name=value")
    return before, after


def run_one(test: Test, runs: Path, drawn: str = "", campaign: str = CAMPAIGN, *, pcap: bool = False) -> int:
    """Run a test, keep it, show it, and return its exit code."""
    label = f"{test.system}, seed {test.seed}{drawn}"
    click.echo(f"running {label}", err=True)
    with reporter(label) as progress:
        result = run(test, place(runs, campaign, test), progress, pcap=pcap)
    link_latest(runs, place(runs, campaign, test))
    show_run(result)
    return result.exit_code


def run_many(test: Test, seeds: int, runs: Path, drawn: str, *, pcap: bool = False) -> int:
    """Run a test with several seeds, one line each; keep those that do not pass, and say how to see them again."""
    click.echo(f"running {test.system}, {seeds} seeds from {test.seed}{drawn}", err=True)
    grades: dict[str, int] = {}
    codes = []
    for each in _with_seeds(test, seeds):
        # What happened in real time cannot be run once more to be kept.
        keep = None if each.world == "simulated" else place(runs, CAMPAIGN, each)
        result = run(each, keep, pcap=pcap)
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
