"""Are planted bugs found, and correct systems left alone?

As a script it tries 200 seeds of each bug of a system, and of the system without bug, with each of its workloads, and
prints a table of how many seeds found the bug, the first, and the CPU time of all of them:

    python tests/helpers/campaign.py [--seeds N] [--first SEED] [--correct] [SYSTEM...]

It exits with 1 if a run of a correct system is not valid, or if a bug was not found by any seed.
"""

import argparse
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from splitbrain.bench.registry import SYSTEMS, system
from splitbrain.bench.run import RunResult, run
from splitbrain.bench.test import Test
from splitbrain.checkers.verdict import Validity
from splitbrain.reports.record import Grade

INERT = 0.01
"""The part of the runs of a correct system whose faults may happen to have no effect."""


def attempt(tested: str, workload: str, seed: int, bug: str | None = None) -> RunResult:
    """One run under the default swarm; nothing of it is kept."""
    return run(Test(system=tested, workload=workload, seed=seed, bug=bug, servers=system(tested).servers))


def not_linearizable(result: RunResult) -> bool:
    """Whether what the clients saw is wrong, whatever the invariants say."""
    return any(verdict.validity is Validity.INVALID for verdict in result.verdicts)


@dataclass(frozen=True)
class Hunt:
    """The seeds that found a bug: at all, by what the clients saw, by an invariant; and those that did not pass.

    `cpu` is the CPU time of all the runs, seconds.
    """

    seeds: int
    found: tuple[int, ...]
    by_history: tuple[int, ...]
    by_invariant: tuple[int, ...]
    undecided: tuple[tuple[int, Grade], ...]
    cpu: float

    @property
    def clean(self) -> bool:
        """Whether a correct system was left alone: nothing found, all decided, few runs inert."""
        inert = sum(grade == "inert" for _, grade in self.undecided)
        return not self.found and inert == len(self.undecided) and inert <= INERT * self.seeds


def hunt(tested: str, workload: str, bug: str | None, seeds: Iterable[int]) -> Hunt:
    """Try all the seeds."""
    begun = time.process_time()
    found, by_history, by_invariant, undecided = [], [], [], []
    count = 0
    for seed in seeds:
        result = attempt(tested, workload, seed, bug)
        count += 1
        if result.record.grade == "invalid":
            found.append(seed)
        elif result.record.grade != "valid":
            undecided.append((seed, result.record.grade))
        if not_linearizable(result):
            by_history.append(seed)
        if result.record.findings:
            by_invariant.append(seed)
    cpu = time.process_time() - begun
    return Hunt(count, tuple(found), tuple(by_history), tuple(by_invariant), tuple(undecided), cpu)


def campaign(tested: str, seeds: range, *, bugs: bool) -> bool:
    """Hunt for every bug of a system, and look at the system without; print what it took. Whether all is well."""
    well = True
    for workload in system(tested).workloads:
        result = hunt(tested, workload, None, seeds)
        print_row(tested, workload, "(none)", result)
        well &= result.clean
    for bug in system(tested).bugs if bugs else ():
        hunts = [(workload, hunt(tested, workload, bug, seeds)) for workload in system(tested).workloads]
        for workload, result in hunts:
            print_row(tested, workload, bug, result)
        well &= any(result.found for _, result in hunts)
    return well


def print_row(tested: str, workload: str, bug: str, result: Hunt) -> None:
    """One line of the table."""
    seen = (result.found, result.by_history, result.by_invariant)
    cells = [str(part) for hits in seen for part in (len(hits), hits[0] if hits else "-")]
    text = "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
    others = "".join(f"  seed {seed} {grade}" for seed, grade in result.undecided[:5])
    out(f"{tested:20}{bug:32}{workload:14}{text}  {result.cpu:6.1f} s{others}")


WIDTHS = (6, 7, 9, 7, 11, 7)


def out(line: str) -> None:
    """Print at once, since a campaign is long."""
    print(line, flush=True)  # noqa: T201


def main() -> int:
    """Run the campaigns named on the command line, and give the exit code."""
    parser = argparse.ArgumentParser(description="Are planted bugs found, and correct systems left alone?")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help="[default: all bundled ones]")
    parser.add_argument("--seeds", type=int, default=200, help="how many for each [default: 200]")
    parser.add_argument("--first", type=int, default=0, help="the first seed [default: 0]")
    parser.add_argument("--correct", action="store_true", help="the correct systems only")
    options = parser.parse_args()
    head = f"{'found':>6}{'first':>7}{'history':>9}{'first':>7}{'invariant':>11}{'first':>7}"
    out(f"{'system':20}{'bug':32}{'workload':14}{head}  {'CPU':>8}")
    seeds = range(options.first, options.first + options.seeds)
    results = [campaign(name, seeds, bugs=not options.correct) for name in options.systems or SYSTEMS]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main())
