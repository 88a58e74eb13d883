"""The hosts that servers run on in the remote world, and how they are reached."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from ..errors import UsageError

SSH: Final = 22
PYTHON: Final = "python3"


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """Where the servers of a test run: `hosts`, as `user@host:port`, of which user and port may be left out.

    `known_hosts` names the file with the hosts' keys (None: the user's own), `check` whether they are looked at.
    `identity` names a private key (None: those of the agent and of the user), `python` the interpreter on the hosts.
    """

    hosts: tuple[str, ...]
    known_hosts: str | None = None
    check: bool = True
    identity: str | None = None
    python: str = PYTHON


class Host(msgspec.Struct, frozen=True):
    """One host. Without a user, SSH's own rules say who it is."""

    user: str | None
    name: str
    port: int

    def __str__(self) -> str:
        user = "" if self.user is None else f"{self.user}@"
        return f"{user}{self.name}" + ("" if self.port == SSH else f":{self.port}")


def parse_host(text: str) -> Host:
    """The host of `user@host:port`. Raises UsageError if it is none."""
    user, at, place = text.rpartition("@")
    name, colon, port = place.rpartition(":")
    if not colon:
        name, port = place, str(SSH)
    number = int(port) if port.isascii() and port.isdigit() else 0
    if not name or (at and not user) or not 0 < number < 1 << 16 or set(text) & set(" \t/[],") or ":" in name:
        raise UsageError(f"{text!r} is no host: give user@host:port, of which user and port may be left out")
    return Host(user or None, name, number)


def read_hosts(path: Path) -> tuple[str, ...]:
    """The hosts in a file, one a line; what follows `#` is a comment. Raises UsageError if it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: cannot be read: {reason}") from None
    return tuple(_lines(path, lines))


def _lines(path: Path, lines: Iterable[str]) -> Iterable[str]:
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].strip():
            try:
                parse_host(text)
            except UsageError as error:
                raise UsageError(f"{path}:{number}: {error}") from None
            yield text
