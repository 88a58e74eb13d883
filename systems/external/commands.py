"""What several databases need to start: a user who is not root, and commands that run once."""

import os
import subprocess
from collections.abc import Sequence
from functools import lru_cache

from ...errors import ContractError, UsageError

NOBODY = 65534
"""The number of the user who has no rights."""
PATIENCE = 120.0
"""Seconds that a command has."""
TAIL = 400
"""How much of what it said an error shows, in characters."""


@lru_cache
def unprivileged() -> tuple[str, ...]:
    """The beginning of a command that must not run as root: there root has another number, and owns the same files.

    What it shares with other processes by System V (memory, semaphores) is gone when it ends. Nothing for a user who
    is not root where the kernel does not allow that. Raises UsageError if it is needed and the kernel forbids it.
    """
    root = os.geteuid() == 0
    who = ("--map-user", str(NOBODY), "--map-group", str(NOBODY)) if root else ("--map-current-user",)
    command = ("unshare", "--user", *who, "--ipc", "--")
    try:
        done = subprocess.run([*command, "true"], capture_output=True, text=True)
        reason = done.stderr.strip().partition("\n")[0] if done.returncode else ""
    except OSError as error:
        reason = f"unshare: {error.strerror} (Debian: util-linux)"
    if reason and root:
        raise UsageError(f"this database must not run as root, and cannot be given another user: {reason}")
    return () if reason else (*command, "setpriv", "--pdeathsig", "KILL", "--")


def run(command: Sequence[str]) -> str:
    """Run a command to its end, and give what it said. Raises ContractError if it fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ContractError(f"{command[0]}: {error}") from None
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode:
        raise ContractError(
            f"{command[0]} failed with code {done.returncode}: " + " | ".join(said[-TAIL:].splitlines())
        )
    return said
