"""Are planted bugs found, and correct systems left alone?

As a script it tries 200 seeds of each, with each workload, and prints a table of how many found the bug, and the first:

    python tests/helpers/campaign.py [SEEDS]

It exits with 1 if a run of the correct system is not valid, or if a bug was not found by any seed.
"""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

import click

from splitbrain.bench.registry import system
from splitbrain.bench.run import RunResult, run
from splitbrain.bench.test import Test
from splitbrain.checkers.verdict import Validity

TESTED = "primary_backup"


def attempt(workload: str, seed: int, bug: str | None = None) -> RunResult:
    """One run under the default swarm; nothing of it is kept."""
    return run(Test(system=TESTED, workload=workload, seed=seed, bug=bug))


def not_linearizable(result: RunResult) -> bool:
    """Whether what the clients saw is wrong, whatever the invariants say."""
    return any(verdict.validity is Validity.INVALID for verdict in result.verdicts)


@dataclass(frozen=True)
class Hunt:
    """The seeds that found a bug: at all, by what the clients saw, by an invariant; and the ones that did not pass."""

    seeds: int
    found: tuple[int, ...]
    by_history: tuple[int, ...]
    by_invariant: tuple[int, ...]
    undecided: tuple[int, ...]


def hunt(workload: str, bug: str | None, seeds: Iterable[int]) -> Hunt:
    """Try all the seeds."""
    results = {seed: attempt(workload, seed, bug) for seed in seeds}
    return Hunt(
        seeds=len(results),
        found=tuple(seed for seed, result in results.items() if result.record.grade == "invalid"),
        by_history=tuple(seed for seed, result in results.items() if not_linearizable(result)),
        by_invariant=tuple(seed for seed, result in results.items() if result.record.findings),
        undecided=tuple(seed for seed, result in results.items() if result.record.grade not in ("valid", "invalid")),
    )


def main(seeds: int) -> int:
    """Hunt for every bug, print what it took, and give the exit code."""
    failed = False
    tested = system(TESTED)
    click.echo(
        f"{'bug':30}{'workload':10}{'found':>6}{'first':>7}{'history':>9}{'first':>7}{'invariant':>11}{'first':>7}"
    )
    for bug in (None, *tested.bugs):
        for workload in tested.workloads:
            begun = time.monotonic()
            result = hunt(workload, bug, range(seeds))
            seen = (result.found, result.by_history, result.by_invariant)
            columns = [str(part) for hits in seen for part in (len(hits), hits[0] if hits else "-")]
            widths = (6, 7, 9, 7, 11, 7)
            cells = "".join(f"{column:>{width}}" for column, width in zip(columns, widths, strict=True))
            undecided = f"  undecided: {result.undecided}" if result.undecided else ""
            click.echo(f"{bug or '(none)':30}{workload:10}{cells}  {time.monotonic() - begun:5.1f} s{undecided}")
            failed |= bool(result.found or result.undecided) if bug is None else not result.found
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
