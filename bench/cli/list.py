"""`splitbrain list`"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import click

from ...checkers.models import NAMES, by_name
from ...errors import UsageError
from ...nemesis.families import FAMILIES, PATTERNS
from ...reports.words import printable
from ...systems.system import System
from .. import registry
from .terminal import width

KINDS = ("systems", "workloads", "faults", "checkers", "bugs")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
def command(kind: str) -> None:
    """List what there is."""
    if kind == "bugs":
        bugs()
    else:
        rows = {"systems": systems, "workloads": workloads, "faults": faults, "checkers": checkers}[kind]()
        echo(list(rows))


def systems() -> Iterable[Sequence[str]]:
    return ((name, system.summary) for name, system in loaded())


def workloads() -> Iterable[Sequence[str]]:
    return ((name, registry.workload(name).summary) for name in registry.WORKLOADS)


def faults() -> Iterable[Sequence[str]]:
    return (
        *FAMILIES.items(),
        *PATTERNS.items(),
        ("swarm", "each run draws some of those that the system promises to survive"),
    )


def checkers() -> Iterable[Sequence[str]]:
    for name in NAMES:
        yield f"linearizable/{name}", f"operations {', '.join(sorted(by_name(name).functions))} (check --model {name})"
    yield "stats", "counts by f and outcome; a run in which nothing was ok is vacuous"
    yield "echo", "every answer equals its request (workload ping)"


def bugs() -> None:
    for name, system in loaded():
        planted = system.bugs.values()
        if planted:
            click.echo(name)
            echo([(f"  {bug.name}", bug.breaks) for bug in planted])


def loaded() -> Iterator[tuple[str, System]]:
    """The systems with their names. One that cannot be loaded is reported; the others are still to be listed."""
    for name in registry.system_names():
        try:
            yield name, registry.system(name)
        except UsageError as error:
            click.echo(printable(f"warning: {error}"), err=True)


def echo(rows: Sequence[Sequence[str]]) -> None:
    """Print the rows as columns; the last one is wrapped within the terminal's width."""
    *widths, _ = (max(map(len, column)) + 2 for column in zip(*rows, strict=True))
    indent = sum(widths)
    for row in rows:
        head = "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        room = max(40, width() - indent)
        text = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
        click.echo(head + f"\n{' ' * indent}".join(text))
