"""The command line: subcommands by name, loaded when they are used, and the exit codes."""

import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import click

from ... import __version__
from ...errors import ContractError, SplitbrainError
from ..exits import BAD_INPUT, NOT_A_PASS, OWN_ERROR

COMMANDS: Final = {
    "demo": "Watch it find a split brain, and not find one where there is none.",
    "run": "Run a system under a workload while faults are injected, and judge what happened.",
    "check": "Judge recorded histories.",
    "replay": "Run a recorded test again, and compare.",
    "maelstrom-node": "Serve as a node of Maelstrom: one of the bundled systems behind its protocol.",
    "clean": "Remove what benches that were killed have left behind.",
    "list": "List systems, workloads, faults, checkers, or bugs.",
}
TRACEBACK: Final = "SPLITBRAIN_TRACEBACK"


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{cmd_name.replace('-', '_')}", __package__)
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 valid; 1 invalid; 2 unknown, vacuous, inert or interrupted; "
    "254 bad arguments or input; 255 an error of Splitbrain, or of the system's own code.",
)
@click.version_option(__version__, message="splitbrain %(version)s")
def cli() -> None:
    """Test distributed systems: inject faults, record what clients saw, and judge whether it was allowed."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return the exit code; every error is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an arrow must not end a run where there are only letters
    try:
        code = cli.main(list(arguments), prog_name="splitbrain", standalone_mode=False)
        if sys.stdout is not None:  # as it is where the caller has closed it
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", NOT_A_PASS)
    except BrokenPipeError:
        _drop_output()  # whoever read it went away, and there is nobody to tell
        return NOT_A_PASS
    except OSError as error:
        _drop_output()
        return _fail(f"{error.filename or 'standard output'}: {error.strerror or error}", BAD_INPUT)
    except ContractError as error:
        return _fail(f"the system under test broke the node contract: {error}", OWN_ERROR)
    except SplitbrainError as error:
        return _fail(str(error), BAD_INPUT)
    except Exception as error:
        hint = f"set {TRACEBACK}=1 for the traceback"
        return _fail(f"internal error: {type(error).__name__}: {_one_line(error)} ({hint})", OWN_ERROR)


def _fail(message: str, code: int) -> int:
    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exc()
    from ...reports.words import printable

    with suppress(OSError):  # the code is to be right even where the line cannot be written
        click.echo(f"splitbrain: {printable(message)}", err=True)
    return code


def _drop_output() -> None:
    """Send what is still buffered for standard output nowhere, so that writing it at exit cannot fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or "no message"
