"""`splitbrain maelstrom-node`"""

from pathlib import Path

import click

from .. import registry
from ..worlds.maelstrom.hosted import serve


@click.command()
@click.argument("system")
@click.option("--bug", help="Plant a bug: see `splitbrain list bugs`.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where what the server stores survives a restart. [default: nowhere]",
)
def command(system: str, bug: str | None, directory: Path | None) -> int:
    """Serve as a node of Maelstrom on standard input and output: a server of SYSTEM, and clients of it."""
    tested = registry.system(system)
    if bug is not None:
        registry.bug(tested, bug)
    serve(tested, bug, directory)
    return 0
