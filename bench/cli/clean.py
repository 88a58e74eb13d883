"""`splitbrain clean`"""

import click

from ..worlds.local.owned import clean


@click.command()
def command() -> int:
    """End the processes and remove the files that a bench has left behind that was killed.

    Only what it wrote down as its own; what belongs to a bench that still runs is left alone.
    """
    removed = clean()
    if removed.workspaces:
        click.echo(f"ended {removed.processes} processes, removed {removed.workspaces} workspaces")
    else:
        click.echo("nothing was left behind")
    return 0
