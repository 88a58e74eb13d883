"""What options are made of: lengths of time, amounts of memory, and a test."""

import secrets
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click

from ..hosts import PYTHON, Remote, parse_host, read_hosts
from ..test import MILLISECOND, SECOND, Test

F = TypeVar("F", bound=Callable[..., Any])

UNITS: Final = {"ns": 1, "us": 1000, "ms": MILLISECOND, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
DEFAULT: Final = Test(system="", workload="", seed=0)


def duration(text: str) -> int:
    """Nanoseconds of a positive length of time such as `20s`, `500ms` or `1.5m`; a bare number means seconds."""
    number = text.strip().rstrip("hmnsu")
    try:
        length = float(number) * UNITS[text.strip()[len(number) :] or "s"]
    except (ValueError, KeyError):
        length = 0
    if not 1 <= length < 2**63:
        raise click.BadParameter(f"{text!r} is not a length of time: give a number with {', '.join(UNITS)}, as in 20s")
    return round(length)


def number(name: str, *, help: str, default: int | None = None, low: int = 1) -> Callable[[F], F]:
    """An option that takes a whole number, at least `low`."""
    shown = default is not None
    return click.option(name, type=click.IntRange(min=low), metavar="N", default=default, show_default=shown, help=help)


def length(name: str, *, help: str, default: str | None = None) -> Callable[[F], F]:
    """An option that takes a length of time, and gives nanoseconds."""
    shown = default is not None
    return click.option(name, type=duration, metavar="TIME", default=default, show_default=shown, help=help)


def byte_count(text: str) -> int:
    """The bytes of an amount of memory such as `500M` or `2G`; a bare number means bytes."""
    number = text.strip().rstrip("kKMGTiB")
    unit = text.strip()[len(number) :].removesuffix("B").removesuffix("i").upper()
    try:
        amount = float(number) * 1024.0 ** ("", "K", "M", "G", "T").index(unit)
    except (ValueError, OverflowError):
        amount = 0
    if not 1 <= amount < 2**63:
        raise click.BadParameter(f"{text!r} is not an amount of memory: give a number with K, M, G or T, as in 2G")
    return round(amount)


def size(name: str, *, help: str, default: str) -> Callable[[F], F]:
    """An option that takes an amount of memory, and gives bytes."""
    return click.option(name, type=byte_count, metavar="SIZE", default=default, show_default=True, help=help)


def runs_dir(command: F) -> F:
    """The option that says where runs are kept."""
    return click.option(
        "--runs-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("runs"),
        show_default=True,
        help="Where runs are kept.",
    )(command)


def hosts(command: F) -> F:
    """The options that say which hosts the remote world has; `remote` is what they come to, None without hosts."""

    @wraps(command)
    def combined(
        host: tuple[str, ...],
        hosts: Path | None,
        known_hosts: str | None,
        host_key_check: bool,
        identity: str | None,
        remote_python: str,
        **others: object,
    ) -> object:
        named = (*host, *(() if hosts is None else read_hosts(hosts)))
        for text in named:
            parse_host(text)
        remote = Remote(
            hosts=named, known_hosts=known_hosts, check=host_key_check, identity=identity, python=remote_python
        )
        return command(remote=remote if named else None, **others)

    options = (
        click.option("--host", multiple=True, metavar="USER@HOST:PORT", help="A host of the remote world; repeatable."),
        click.option("--hosts", type=click.Path(path_type=Path), metavar="FILE", help="Hosts, one a line."),
        click.option("--known-hosts", metavar="FILE", help="Keys of the hosts. [default: ~/.ssh/known_hosts]"),
        click.option("--host-key-check/--no-host-key-check", default=True, help="Whether their keys must be known."),
        click.option("--identity", metavar="FILE", help="Private key. [default: ssh-agent's, ~/.ssh/id_*]"),
        click.option("--remote-python", metavar="PATH", default=PYTHON, show_default=True, help="Python on the hosts."),
    )
    decorated: Any = combined
    for option in reversed(options):
        decorated = option(decorated)
    return cast(F, decorated)


def draw_seed() -> int:
    """A seed that is short enough to be typed."""
    return secrets.randbelow(1_000_000)
