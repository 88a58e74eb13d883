"""How fast and how large the linearizability checker is, beside porcupine-py and, if you have one, another checker.

    python benchmarks/checker.py                      # all of it: half an hour
    python benchmarks/checker.py --quick              # a minute
    python benchmarks/checker.py --only five --peer 'java -jar checker.jar {file}' --peer-format jepsen

It needs Linux. Every cell is a process of its own with its limits; times are processor time (of all threads), the best
of several rounds; memory is the peak of the whole process, interpreter and history included. The histories are those of
simulated clients, always the same for a seed. porcupine-py is the pure-Python search as it was before the kernel. The
time of another checker, given by --peer, includes its start and its parser.
"""

import os
import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from checking import peers, table
from checking.measure import OURS, RIVAL, Cell, Limits, Peer, measure, measure_peer, prepare
from checking.plot import plot
from checking.rows import SERIES, Row, Series
from checking.targets import judged

GO = """
Go Porcupine: version 1.3.0 with a hash of states, measured earlier on another machine that was busy, on histories of
the same shape from another generator; processor time of its check alone, on one core."""

Results = dict[tuple[str, int, str], Cell]


@click.command()
@click.option("--quick", is_flag=True, help="Small histories, fewer rounds, 3 seconds at most.")
@click.option("--only", default="", help="Only series whose names contain this.")
@click.option("--limit", default=60, show_default=True, help="Seconds of processor time for a cell's round.")
@click.option("--memory", default=8_000, show_default=True, help="Megabytes that a cell may use.")
@click.option("--peer", help="The command of another checker; {file} stands for the history.")
@click.option("--peer-format", type=click.Choice(peers.FORMATS), default="jepsen", show_default=True)
@click.option(
    "--plot", "picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the figures here, as SVG."
)
def main(
    quick: bool, only: str, limit: int, memory: int, peer: str | None, peer_format: str, picture: Path | None
) -> None:
    """Print the table, and what must hold; exit code 1 if something of that does not."""
    limits = Limits(min(limit, 3) if quick else limit, memory, quick)
    click.echo(f"Python {platform.python_version()}; for each cell a process, for a round of it {limits.seconds} s")
    click.echo(f"and {memory:,} MB; load average before {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    results: Results = {}
    with TemporaryDirectory() as folder:
        for series in SERIES:
            if only in series.name:
                run(series, limits, quick, None if peer is None else Peer(peer, peer_format), Path(folder), results)
    click.echo(GO)
    targets = [] if quick else list(judged(results))
    if targets:
        click.echo(table.verdicts(targets))
    if picture is not None:
        picture.write_text(plot(results))
    sys.exit(not all(target.met(figure) for target, figure in targets))


def run(series: Series, limits: Limits, quick: bool, peer: Peer | None, folder: Path, results: Results) -> None:
    """Measure and print the rows of a series."""
    contenders = [*OURS, RIVAL, *(["peer"] if peer is not None else [])]
    xs = [x for x in series.histories if not quick or x <= series.quick]
    if xs:
        click.echo(table.heading(series, contenders))
    hopeless: set[str] = set()
    for x in xs:
        row = Row(series, x)
        path = folder / f"{series.name}-{x}"
        prepare(row, series.given, path)
        cells: dict[str, Cell] = {}
        for contender in contenders:
            if contender in hopeless:
                cells[contender] = Cell(missing="not run")
            elif contender == "peer" and peer is not None:
                cells[contender] = measure_peer(row, peer, folder, limits)
            else:
                cells[contender] = measure(row, contender, path, limits)
            if cells[contender].gave_up:
                hopeless.add(contender)
        path.unlink()
        click.echo(table.line(row, cells))
        results.update(((series.name, x, contender), cell) for contender, cell in cells.items())


if __name__ == "__main__":
    main()
