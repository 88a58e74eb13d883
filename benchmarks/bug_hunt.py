"""How long the default swarm takes to find each planted bug, and what finds it.

    python benchmarks/bug_hunt.py [--campaigns 5] [--limit 60] [SYSTEM[/BUG]...]

A campaign tries the seeds of its own range one after another, the workloads of the system taking turns, until a run is
not valid or the limit of CPU seconds is reached. The table has, for each bug, in how many campaigns it was found; the
median and the longest of their runs and CPU seconds; what found it, as often as it did (what the clients saw, a
monitor, liveness); and which families of faults mattered: without their faults the same run finds nothing. It exits
with 1 if a campaign did not find its bug.
"""

import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle

import click
from msgspec.structs import replace

from splitbrain.bench import registry
from splitbrain.bench.run import RunResult, plan_of, run
from splitbrain.bench.test import Test
from splitbrain.checkers.verdict import Validity
from splitbrain.nemesis.families import NONE
from splitbrain.nemesis.fault import Fault

APART = 1_000_000
"""How far the seeds of two campaigns are apart."""


@dataclass(frozen=True)
class Campaign:
    """One search for a bug: after how many runs and CPU seconds it was found, if at all, by what, needing what."""

    runs: int
    cpu: float
    found_by: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


def hunt(system: str, bug: str, first: int, limit: float) -> Campaign:
    """Try seeds from the first one on until one finds the bug."""
    tested = registry.system(system)
    begun = time.process_time()
    for runs, workload in enumerate(cycle(tested.workloads), start=1):
        test = Test(system=system, workload=workload, seed=first + runs, bug=bug, servers=tested.servers)
        result = run(test)
        cpu = time.process_time() - begun
        if result.record.grade == "invalid":
            return Campaign(runs, cpu, finders(result), needed(test))
        if cpu > limit:
            return Campaign(runs, cpu)
    raise AssertionError("a cycle does not end")


def finders(result: RunResult) -> tuple[str, ...]:
    """What was not as it should be in the run."""
    found = [verdict.checker for verdict in result.verdicts if verdict.validity is Validity.INVALID]
    found += sorted({finding.monitor for finding in result.record.findings})
    return tuple(found) or ("liveness",)


def needed(test: Test) -> tuple[str, ...]:
    """The families of faults without which the same run finds nothing."""
    faults = plan_of(test)
    return tuple(
        family for family in sorted({fault.family for fault in faults}) if not found_without(test, family, faults)
    )


def found_without(test: Test, family: str, faults: Sequence[Fault]) -> bool:
    """Whether the run still finds something when it has no faults of the family."""
    rest = tuple(fault for fault in faults if fault.family != family)
    without = replace(test, schedule=rest) if rest else replace(test, faults=NONE)
    return run(without).record.grade == "invalid"


def row(name: str, campaigns: Sequence[Campaign]) -> str:
    """One line of the table."""
    found = [each for each in campaigns if each.found_by]
    runs = [each.runs for each in campaigns]
    cpu = [each.cpu for each in campaigns]
    counts = f"{len(found)}/{len(campaigns)}"
    cost = f"{statistics.median(runs):>7.0f}{max(runs):>7}{statistics.median(cpu):>8.1f}{max(cpu):>7.1f}"
    by = counted(name for each in found for name in each.found_by)
    return f"{name:50}{counts:>6}{cost}  {by:50} {counted(name for each in found for name in each.needed)}"


def counted(names: Iterable[str]) -> str:
    """The names with how often they come, the most frequent first."""
    return ", ".join(f"{name} {times}" for name, times in Counter(names).most_common()) or "-"


def asked(names: Sequence[str]) -> list[tuple[str, str]]:
    """The systems and bugs meant, all if none is named."""
    pairs = []
    for name in names or registry.SYSTEMS:
        system, _, bug = name.partition("/")
        tested = registry.system(system)
        pairs += (
            [(tested.name, registry.bug(tested, bug).name)] if bug else [(tested.name, each) for each in tested.bugs]
        )
    return pairs


@click.command()
@click.argument("names", nargs=-1, metavar="[SYSTEM[/BUG]...]")
@click.option("--campaigns", default=5, show_default=True, help="How many searches for each bug.")
@click.option("--limit", default=60.0, show_default=True, help="CPU seconds of each.")
def main(names: tuple[str, ...], campaigns: int, limit: float) -> None:
    """Print the table."""
    head = f"{'found':>6}{'runs':>7}{'most':>7}{'CPU s':>8}{'most':>7}  {'found by':50} faults that mattered"
    click.echo(f"{'bug':50}{head}")
    missed = 0
    for system, bug in asked(names):
        results = [hunt(system, bug, number * APART, limit) for number in range(campaigns)]
        missed += sum(not each.found_by for each in results)
        click.echo(row(f"{system}/{bug}", results))
    click.echo(f"{missed} campaigns did not find their bug")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
