"""Which programs can be deceived by a library that they load first (LD_PRELOAD), and which cannot."""

import os
import shutil
import stat
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from ....errors import UsageError

_INTERPRETER: Final = 3
_MOST: Final = 8
"""How many interpreters of scripts are followed."""
_ORDER: Final = {1: "<", 2: ">"}


def objection(program: str) -> str:
    """Why a program, a path or a name on the PATH, cannot be deceived by a preloaded library, "" if it can.

    For a script this is about its interpreter; what a script starts in turn is not known, so look at how many programs
    have attached to a shim. Raises UsageError if there is no such program, or it cannot be read.
    """
    for _ in range(_MOST):
        path = shutil.which(program)
        if path is None:
            raise UsageError(f"{program}: there is no such program")
        try:
            with open(path, "rb") as file:
                script = _interpreter_of_script(file)
                if not script:
                    return _of_binary(Path(path), file)
        except OSError as error:
            raise UsageError(f"{error.filename or path}: cannot be read ({error.strerror})") from None
        program = script
    return f"{program}: too many interpreters of scripts, one after the other"


def together(*environments: Mapping[str, str]) -> dict[str, str]:
    """The variables of several shims for one program; whatever this process is told to load first comes after."""
    merged = {name: value for each in environments for name, value in each.items()}
    libraries = [each["LD_PRELOAD"] for each in (*environments, os.environ) if each.get("LD_PRELOAD")]
    return {**merged, "LD_PRELOAD": ":".join(libraries)} if libraries else merged


def _interpreter_of_script(file: BinaryIO) -> str:
    first = file.readline(4096)
    if not first.startswith(b"#!"):
        return ""
    words = os.fsdecode(first[2:]).split()
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words else "/bin/sh"


def _of_binary(path: Path, file: BinaryIO) -> str:
    kind = _identity(file)
    with open(sys.executable, "rb") as own:
        ours = _identity(own)
    if kind is None:
        return f"{path} is no ELF program"
    if kind != ours:
        return f"{path} is for another processor or another size of words than this Python"
    loader, sections = _loader(file), set(_sections(file))
    if b".go.buildinfo" in sections or b".note.go.buildid" in sections:
        return f"{path} is a Go program: it asks the kernel itself for the time and for its disk, not libc"
    if not loader:
        return f"{path} is statically linked: it loads no library"
    if b"musl" in loader:
        return f"{path} is linked with musl, and the shims are for glibc"
    if _privileged(path):
        return f"{path} runs with other rights than its caller's (setuid or capabilities): it loads no foreign library"
    return ""


def _identity(file: BinaryIO) -> tuple[int, int, int] | None:
    """Size of words, byte order and processor of an ELF file, None for any other file."""
    file.seek(0)
    head = file.read(64)
    if len(head) < 64 or head[:4] != b"\x7fELF" or head[5] not in _ORDER:
        return None
    return head[4], head[5], struct.unpack_from(f"{_ORDER[head[5]]}H", head, 18)[0]


def _loader(file: BinaryIO) -> bytes:
    """The program that loads the libraries, b"" if none does. Words are of 64 bits: the shims are for nothing else."""
    for entry in _table(file, 32, 54):
        kind, _, offset, _, _, size = struct.unpack_from("=IIQQQQ", entry)
        if kind == _INTERPRETER:
            file.seek(offset)
            return file.read(size)
    return b""


def _sections(file: BinaryIO) -> Iterator[bytes]:
    """The names of its sections."""
    headers = [struct.unpack_from("=IIQQQQ", entry) for entry in _table(file, 40, 58)]
    file.seek(62)
    (position,) = struct.unpack("=H", file.read(2))
    if position >= len(headers):
        return
    file.seek(headers[position][4])
    names = file.read(headers[position][5])
    for header in headers:
        yield names[header[0] :].split(b"\0", 1)[0]


def _table(file: BinaryIO, where: int, shape: int) -> list[bytes]:
    """The entries of a table whose place is told at `where`, and the size and number of whose entries at `shape`."""
    file.seek(where)
    (offset,) = struct.unpack("=Q", file.read(8))
    file.seek(shape)
    size, number = struct.unpack("=HH", file.read(4))
    file.seek(offset)
    return [entry for entry in (file.read(size) for _ in range(number)) if len(entry) >= 40]


def _privileged(path: Path) -> bool:
    if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
        return True
    try:
        return bool(os.getxattr(path, "security.capability"))
    except OSError:
        return False
