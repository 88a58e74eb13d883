"""Libraries that are compiled on the machine where they are used, when they are first needed."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ....errors import UsageError

COMPILERS: Final = ("cc", "gcc", "clang")
OPTIONS: Final = ("-shared", "-fPIC", "-O2", "-Wall", "-Wextra")
APART: Final = " :"
"""What separates libraries for the dynamic loader, so that no path of one may contain it."""


def library(name: str, directory: Path) -> Path:
    """The library that `name`.c beside this module makes, compiled into the directory unless it is there already.

    Raises UsageError if there is no compiler, if it fails, and for a directory that the dynamic loader cannot be told.
    """
    directory = directory.resolve()
    if any(each in str(directory) for each in APART):
        raise UsageError(f"{directory}: a library cannot be loaded from here; use a path without spaces and colons")
    source = Path(__file__).with_name(f"{name}.c")
    compiled = directory / f"{name}-{hashlib.blake2b(source.read_bytes(), digest_size=6).hexdigest()}.so"
    if not compiled.exists():
        _compile(source, compiled)
    return compiled


def preloading(compiled: Path, variable: str, control: Path) -> Mapping[str, str]:
    """The environment variables for a program that is to load the library and to find its control file."""
    return {"LD_PRELOAD": str(compiled), variable: str(control)}


def missing() -> str:
    """Why nothing can be compiled here, "" if it can."""
    return "" if _compiler() else "there is no C compiler: install gcc (Debian: apt-get install gcc libc6-dev)"


def _compile(source: Path, into: Path) -> None:
    if reason := missing():
        raise UsageError(f"{source.stem} shim: {reason}")
    number, unfinished = tempfile.mkstemp(suffix=".so", dir=into.parent)
    os.close(number)
    command = [_compiler(), *OPTIONS, "-o", unfinished, str(source), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        os.unlink(unfinished)
        first = next((line for line in done.stderr.splitlines() if "error" in line), f"code {done.returncode}")
        raise UsageError(f"{source.stem} shim: {command[0]} cannot compile it ({first}); install gcc and libc6-dev")
    os.chmod(unfinished, 0o755)
    os.replace(unfinished, into)


def _compiler() -> str:
    return next(filter(None, map(shutil.which, COMPILERS)), "")
