"""What the bench finds in databases that people run, and what it confirms of them.

    python benchmarks/findings.py [--runs-dir runs] [--write docs/findings.md] [--store tests/findings] [NAME...]

With `--store` the history of what was found goes into that folder, compressed, if that takes less than a megabyte. With
names only these cases are run; what is kept of the others is shown as it was.

Each case (cases.py) is a database with settings, a workload and faults. One that expects something wrong is run with
seed after seed until it is found; one that expects nothing is run with all of its seeds. The table has how many runs
that took, what was found in the words of the report, and the command that runs it again. Every run is kept, with its
history and its report. A case whose programs are missing here is left out, with the reason. It exits with 1 if
something else came out than was expected.
"""

import gzip
import os
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from cases import CASES, Case
from msgspec.structs import replace

from splitbrain.bench import registry
from splitbrain.bench.command import command
from splitbrain.bench.directory import place, read_recorded
from splitbrain.bench.run import RunResult, run
from splitbrain.bench.test import Test
from splitbrain.bench.worlds.external.programs import find
from splitbrain.bench.worlds.local.network import missing
from splitbrain.errors import SplitbrainError, UsageError
from splitbrain.nemesis.handwritten import load_schedule

HERE = Path(__file__).parent
CAMPAIGN = "findings"
ROWS = "rows.json"
LARGEST = 1 << 20
"""Bytes of a compressed history that is stored, at most."""
SHORT, LONG = 40, 160
"""How much of a version and of a sentence the table shows, in characters."""
HEAD = """# Findings

What the bench finds in databases that people run, and what it confirms of them. Written by
`python benchmarks/findings.py --write docs/findings.md` on {processors} processors; each row is a case of
`benchmarks/cases.py`. *Found* means that the history shows what the documentation of the database warns of, or a
defect; *confirmed* that no run shows anything wrong, which is no proof. Faults are aimed by the seed, but what happens
in real time is not: the same command need not find it at the same time, or at all. Histories of what was found are in
`tests/findings`, for `gunzip` and `splitbrain check --report`.

| case | version | workload and faults | came out | runs | operations | in the words of the report |
|---|---|---|---|---|---|---|
"""


class Row(msgspec.Struct, frozen=True):
    """A row of the table, the command that runs the last run again, and whether it came out as expected."""

    cells: str
    command: str
    as_expected: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a case: how many runs there were, how many operations, the last run, and all grades but valid."""

    case: Case
    runs: int
    operations: int
    last: RunResult
    others: tuple[str, ...]

    @property
    def found(self) -> bool:
        return self.last.record.grade == "invalid"

    @property
    def as_expected(self) -> bool:
        return self.found if self.case.finds else not self.others


def tests(case: Case) -> Iterator[Test]:
    """The tests of a case, one for each seed."""
    system = registry.system(case.system)
    test = Test(
        system=case.system,
        workload=case.workload,
        seed=0,
        world="local",
        network=case.network,
        faults=f"benchmarks/{case.faults}" if case.faults.endswith(".json") else case.faults,
        servers=system.servers,
        options=tuple(sorted(case.options.items())),
        binaries=tuple(sorted(case.binaries.items())),
        beyond_tolerance=case.beyond_tolerance,
    )
    test = replace(test, **{**system.defaults, **case.settings})
    if case.faults.endswith(".json"):
        test = replace(test, schedule=load_schedule(HERE / case.faults))
    return (replace(test, seed=seed) for seed in range(1, case.seeds + 1))


def problem(case: Case) -> str:
    """Why the case cannot be run here, in one line; "" if it can."""
    system = registry.system(case.system)
    assert system.database is not None
    try:
        find(system.database.programs, case.binaries)
    except UsageError as error:
        return str(error)
    return missing() if case.network == "namespaces" else ""


def outcome(case: Case, runs_dir: Path) -> Outcome:
    """Run the case."""
    runs = operations = 0
    others: list[str] = []
    for test in tests(case):
        result = run(test, place(runs_dir, CAMPAIGN, test))
        runs += 1
        operations += len(result.history.operations)
        click.echo(f"  seed {test.seed}: {result.record.grade}  {result.record.sentence}", err=True)
        if result.record.grade != "valid":
            others.append(result.record.grade)
        if case.finds and result.record.grade == "invalid":
            break
    return Outcome(case, runs, operations, result, tuple(others))


def row(one: Outcome) -> str:
    """The outcome as a row of the table."""
    case, last = one.case, one.last
    assert last.directory is not None
    said_to_be = read_recorded(last.directory).provenance.programs.values()
    versions = ", ".join(textwrap.shorten(version, SHORT, placeholder="…") for version in said_to_be)
    came = ("found" if one.found else "NOT FOUND") if case.finds else ("NOT VALID" if one.others else "confirmed")
    settings = " ".join(f"`{name}={value}`" for name, value in case.options.items())
    asked = f"{case.workload}; {case.faults}, {last.test.time // 10**9} s"
    name = " ".join(filter(None, (case.system, settings)))
    cells = (name, versions, asked, came, f"{one.runs}", f"{one.operations:,}", said(one))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def said(one: Outcome) -> str:
    """What the last run amounts to, and what is known of it."""
    if not one.found:
        return f"{one.case.claim}: no run shows anything else"
    return f"{textwrap.shorten(one.last.record.sentence, LONG, placeholder='…')} ({one.case.claim})"


def kept(runs_dir: Path) -> dict[str, Row]:
    """What came of the cases that were run before, by name."""
    try:
        return msgspec.json.decode((runs_dir / CAMPAIGN / ROWS).read_bytes(), type=dict[str, Row])
    except FileNotFoundError:
        return {}


def keep(runs_dir: Path, rows: dict[str, Row]) -> None:
    """Remember what came of the cases."""
    (runs_dir / CAMPAIGN).mkdir(parents=True, exist_ok=True)
    (runs_dir / CAMPAIGN / ROWS).write_bytes(msgspec.json.encode(rows))


def left_out(case: Case, reason: str) -> Row:
    """The row of a case that cannot be run here."""
    return Row(f"| {case.system} | | {case.workload}; {case.faults} | left out: {reason} | | | |", "", True)


def store(one: Outcome, folder: Path) -> None:
    """Put the history of the last run of a case into a folder, if it is small."""
    assert one.last.directory is not None
    data = gzip.compress((one.last.directory / "history.jsonl").read_bytes(), mtime=0)
    if len(data) < LARGEST:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{one.case.name}.jsonl.gz").write_bytes(data)


def came_of(case: Case, runs_dir: Path, folder: Path | None) -> Row:
    """Run a case, if that is possible here."""
    reason = problem(case)
    if reason:
        return left_out(case, reason)
    try:
        one = outcome(case, runs_dir)
    except SplitbrainError as error:
        return Row(f"| {case.system} | | {case.workload}; {case.faults} | did not run: {error} | | | |", "", False)
    if folder is not None and one.found:
        store(one, folder)
    return Row(row(one), command(one.last.test), one.as_expected)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--runs-dir", type=click.Path(path_type=Path), default=Path("runs"), help="Where runs are kept.")
@click.option("--store", "folder", type=click.Path(path_type=Path), help="Where histories of findings go.")
@click.option("--write", type=click.Path(path_type=Path), help="The file to write.")
def main(names: tuple[str, ...], runs_dir: Path, folder: Path | None, write: Path | None) -> None:
    """Run the cases, or those of these names."""
    unknown = sorted({*names} - {case.name for case in CASES})
    if unknown:
        raise click.UsageError(f"no case {unknown[0]}: there are {', '.join(case.name for case in CASES)}")
    rows = kept(runs_dir) if names else {}
    for case in CASES:
        if not names or case.name in names:
            click.echo(case.name, err=True)
            rows[case.name] = came_of(case, runs_dir, folder)
            keep(runs_dir, rows)
    shown = {case.name: rows[case.name] for case in CASES if case.name in rows}
    text = HEAD.format(processors=os.cpu_count()) + "".join(f"{one.cells}\n" for one in shown.values())
    commands = [f"# {name}\n{one.command}\n" for name, one in shown.items() if one.command]
    text += "\nThe last run of each:\n\n```sh\n" + "".join(commands) + "```\n"
    click.echo(text)
    if write is not None:
        write.write_text(text)
    sys.exit(0 if all(one.as_expected for one in shown.values()) else 1)


if __name__ == "__main__":
    main()
