"""`splitbrain replay`"""

from pathlib import Path

import click

from ...errors import UsageError
from ...reports.record import RunRecord
from ...reports.words import printable
from .. import registry
from ..directory import find_run, place, read_record, read_recorded
from ..provenance import differences
from ..run import recorded_now, run
from .options import runs_dir
from .terminal import reporter, show_run

CAMPAIGN = "replay"
"""Replays are kept here, so that what was recorded stays as it is."""


@click.command()
@click.argument("recorded", metavar="RUN")
@click.option("--exact", is_flag=True, help="Refuse if the code is not the same as when RUN was recorded.")
@runs_dir
def command(recorded: str, exact: bool, runs_dir: Path) -> int:
    """Run the test of RUN again, and say whether the very same happened.

    RUN is a run directory, a run id, or `latest`.
    """
    path = find_run(recorded, runs_dir)
    before = read_recorded(path)
    record = read_record(path)
    system, _ = registry.resolve(before.test)
    changed = differences(before.provenance, recorded_now(before.test, system).provenance)
    if changed:
        what = f"{path}: recorded by other code: {'; '.join(changed)}"
        if exact:
            raise UsageError(f"{what}: check that out, or replay without --exact")
        click.echo(printable(f"warning: {what}"), err=True)
    with reporter(f"replaying {before.test.system}, seed {before.test.seed}") as progress:
        result = run(before.test, place(runs_dir, CAMPAIGN, before.test), progress)
    show_run(result)
    click.echo(compared(record, result.record))
    return result.exit_code


def compared(recorded: RunRecord | None, replayed: RunRecord) -> str:
    """Whether the very same happened, in a sentence."""
    if recorded is None:
        return "The recorded run has no results to compare with."
    if not replayed.event_log:
        return "The same test was run again. What happens in real time is never the very same."
    if recorded.event_log == replayed.event_log:
        return "Same as recorded: the event logs are equal."
    if "interrupted" in (recorded.grade, replayed.grade):
        return "Nothing to compare with: one of the two runs was interrupted."
    return "NOT the same as recorded: the event logs differ."
