"""`splitbrain demo`"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from ...nemesis.effects import sentence
from ...reports.explain import explain
from ...reports.summary import TONES, Line
from .. import registry
from ..directory import REPORT, link_latest, place
from ..exits import OWN_ERROR, VALID
from ..run import RunResult, run
from ..test import Test
from .options import runs_dir
from .terminal import reporter, show, shown_path

DEMO: Final = Test(
    system="primary_backup",
    workload="register",
    bug="no-backup-ack",
    faults="partition,kill",
    seed=1279,
    operations=60,
    clients=4,
    keys=2,
)
"""Of the seeds that find the bug, one whose story is short. Should a change of the system or the simulator make it
miss, `splitbrain run` with these options and `--seeds 300` finds another."""

CAMPAIGN: Final = "demo"


@click.command()
@runs_dir
def command(runs_dir: Path) -> int:
    """Watch Splitbrain find a split brain, and not find one where there is none.

    A small replicated store with a planted bug runs in the simulator while links are cut and servers are killed. Then
    the same test runs without the bug.
    """
    bug = registry.bug(registry.system(DEMO.system), str(DEMO.bug))
    introduce(
        "A key-value store with a primary, a backup and a view service, and a planted bug.",
        bug.breaks,
        f"{DEMO.clients} clients read and write while links are cut and servers are killed.",
    )
    broken = _run(DEMO, runs_dir)
    show([*story(broken), Line(""), report(broken), Line(f"This {broken.record.again}:", "dim")])
    show([Line(f"  {broken.record.command}", "command"), Line("")])
    introduce("The same test, seed and faults, with the bug taken out:")
    correct = _run(msgspec.structs.replace(DEMO, bug=None), runs_dir)
    show([verdict_line(correct), Line(f"  {correct.record.liveness.sentence}"), Line(""), report(correct)])
    if broken.record.grade != "invalid" or not any(verdict.evidence for verdict in broken.verdicts):
        return _disappointed(f"the planted bug was not found with seed {DEMO.seed}")
    if correct.record.grade != "valid":
        return _disappointed(f"the correct system is {correct.record.grade} with seed {DEMO.seed}")
    return VALID


def introduce(*paragraphs: str) -> None:
    """Print text, and a blank line."""
    show([*map(Line, paragraphs), Line("")])


def story(result: RunResult) -> Iterator[Line]:
    """What the faults did, the verdict, and the evidence in words."""
    record = result.record
    yield from (Line(f"  {sentence(effect)}", "dim") for effect in record.effects if effect.count)
    yield Line("")
    yield verdict_line(result)
    for verdict in result.verdicts:
        lines = explain(verdict, result.history, record.started_at)
        if lines:
            yield Line("")
            yield from (Line(f"  {line}") for line in lines)


def verdict_line(result: RunResult) -> Line:
    """The grade, and why."""
    record = result.record
    return Line(f"{record.grade.upper()}  {record.sentence}", TONES.get(record.grade, "unsure"))


def report(result: RunResult) -> Line:
    """Where to see all of it."""
    assert result.directory is not None
    return Line(f"Report: {shown_path(result.directory / REPORT)}", "strong")


def _run(test: Test, runs: Path) -> RunResult:
    directory = place(runs, CAMPAIGN, test)
    with reporter(f"{test.system}, seed {test.seed}") as progress:
        result = run(test, directory, progress)
    link_latest(runs, directory)
    return result


def _disappointed(what: str) -> int:
    click.echo(f"splitbrain: the demo failed: {what}: please report this", err=True)
    return OWN_ERROR
