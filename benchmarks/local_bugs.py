"""Ten planted bugs in the local world: how many runs and seconds it takes until each is found there.

    python benchmarks/local_bugs.py [--seeds 20] [SYSTEM/BUG...]

Servers are processes, and invariants are not watched there, so that only what clients see counts. Seeds are tried one
after another, each for five seconds under the default faults. It exits with 1 if a bug was not found.
"""

import sys
import time

import click

from splitbrain.bench import registry
from splitbrain.bench.run import run
from splitbrain.bench.test import SECOND, Test

TEN = (
    "raft/reads-locally",
    "raft/truncates-on-append",
    "raft/votes-for-anyone",
    "paxos/ignores-votes",
    "paxos/no-dedup",
    "primary_backup/no-dedup",
    "sharded/serves-on",
    "exactly_once/volatile-table",
    "two_phase_commit/majority-commits",
    "broadcast/no-resend",
)


@click.command()
@click.argument("bugs", nargs=-1)
@click.option("--seeds", default=20, show_default=True, help="How many are tried.")
def main(bugs: tuple[str, ...], seeds: int) -> None:
    """Hunt for the bugs, or for those of these names."""
    missed = 0
    for name in bugs or TEN:
        system, _, bug = name.partition("/")
        begun = time.monotonic()
        found: tuple[str, ...] = ()
        for seed in range(1, seeds + 1):
            found = found_by(system, bug, seed)
            if found:
                break
        missed += not found
        taken = f"{seed:3} runs {time.monotonic() - begun:6.1f} s"
        click.echo(f"{name:36} {taken}  {', '.join(found) or 'NOT FOUND'}")
    sys.exit(1 if missed else 0)


def found_by(system: str, bug: str, seed: int) -> tuple[str, ...]:
    """What finds a run of the system with this bug wrong."""
    tested = registry.system(system)
    test = Test(
        system=system,
        workload=tested.workloads[0],
        seed=seed,
        bug=bug,
        world="local",
        servers=tested.servers,
        operations=1_000_000,
        rate=200,
        time=5 * SECOND,
    )
    return run(test).found_by


if __name__ == "__main__":
    main()
