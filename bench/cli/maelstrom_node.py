"""`splitbrain maelstrom-node`"""

import click

from .. import registry
from ..worlds.maelstrom.hosted import serve


@click.command()
@click.argument("system")
@click.option("--bug", help="Plant a bug: see `splitbrain list bugs`.")
def command(system: str, bug: str | None) -> int:
    """Serve as a node of Maelstrom on standard input and output: a server of SYSTEM, and clients of it.

    What the server stores is in the working directory, where it is found again after a restart.
    """
    tested = registry.system(system)
    if bug is not None:
        registry.bug(tested, bug)
    serve(tested, bug)
    return 0
