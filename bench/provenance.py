"""What ran: versions and commits, so that a run can be shown again by the same code."""

import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import msgspec

from .. import __version__

PACKAGE = __package__.rpartition(".")[0]
DEPENDENCIES = ("msgspec", "networkx")
"""The libraries that take part in a run. The others only show it."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """The code that a run depends on.

    `commits` has the git commit of Splitbrain's sources, and of those of a system from elsewhere, where they are under
    git, with `-dirty` after it if there were uncommitted changes. `programs` has what the programs of a
    database say of their versions.
    """

    splitbrain: str
    python: str
    commits: dict[str, str]
    dependencies: dict[str, str]
    programs: dict[str, str] = {}


def provenance(system_module: str, programs: Mapping[str, str]) -> Provenance:
    """What a run of a system of that module would depend on here and now, given its programs' versions by name."""
    modules = {"splitbrain": __name__}
    if not system_module.startswith(f"{PACKAGE}."):
        modules["system"] = system_module
    commits = {name: _commit(path) for name, module in modules.items() if (path := _file(module))}
    return Provenance(
        splitbrain=__version__,
        python=platform.python_version(),
        commits={name: commit for name, commit in commits.items() if commit},
        dependencies={name: metadata.version(name) for name in DEPENDENCIES},
        programs=dict(programs),
    )


def differences(recorded: Provenance, current: Provenance) -> tuple[str, ...]:
    """Why a run of the one need not repeat in the other, in short phrases. Empty: it must."""
    found = []
    if recorded.splitbrain != current.splitbrain:
        found.append(f"splitbrain {recorded.splitbrain}, now {current.splitbrain}")
    if _minor(recorded.python) != _minor(current.python):
        found.append(f"Python {_minor(recorded.python)}, now {_minor(current.python)}")
    for name in sorted({*recorded.commits, *current.commits}):
        before, now = recorded.commits.get(name), current.commits.get(name)
        if before != now:
            found.append(f"{name} at commit {_short(before)}, now {_short(now)}")
        elif now and now.endswith("-dirty"):
            found.append(f"{name} at commit {_short(now)}, which may be others")
    for name, version in recorded.dependencies.items():
        if current.dependencies.get(name) != version:
            found.append(f"{name} {version}, now {current.dependencies.get(name)}")
    for name, version in recorded.programs.items():
        if current.programs.get(name) != version:
            found.append(f"{name} is {version}, now {current.programs.get(name)}")
    return tuple(found)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _short(commit: str | None) -> str:
    if commit is None:
        return "none"
    digits, _, dirty = commit.partition("-")
    return digits[:10] + (" with uncommitted changes" if dirty else "")


def _file(module: str) -> Path | None:
    path = getattr(sys.modules.get(module), "__file__", None)
    return None if path is None else Path(path).resolve()


@cache
def _commit(path: Path) -> str | None:
    """The commit of a file that git keeps; None without git, or for an installed file inside somebody's repository."""
    if _git(path, "ls-files", "--error-unmatch", "--", path.name) is None:
        return None
    return _git(path, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(path: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(path.parent), *arguments], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
