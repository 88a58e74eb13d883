"""A power failure, for any program: its files as they were when the disk last kept what it was given."""

import os
import shutil
from pathlib import Path


class Snapshot:
    """What is below a directory now, copied to another that does not exist yet.

    Until it is restored, all syncs lie: the program is told that its data is safe, and is to lose it with the power.
    That needs no shim, so it is for Go programs as well. Whoever takes it has the program stand still (SIGSTOP), or
    files may be copied in the middle of a change.
    """

    def __init__(self, directory: Path, copy: Path) -> None:
        self._directory = directory
        self._copy = copy
        _copy(directory, copy)

    def restore(self) -> int:
        """Put everything back, and return how many files are not what they were. Nothing may have them open.

        The snapshot stays, to be restored again.
        """
        before, after = _states(self._copy), _states(self._directory)
        changed = sum(before.get(name) != after.get(name) for name in {*before, *after})
        for entry in self._directory.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        _copy(self._copy, self._directory)
        return changed

    def drop(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self._copy)


def _copy(source: Path, into: Path) -> None:
    """Copy regular files, directories and links with owners, modes and times; sockets and pipes are left out."""
    shutil.copytree(source, into, symlinks=True, dirs_exist_ok=True, ignore=_neither)
    for path in (source, *source.rglob("*")):
        copied = into / path.relative_to(source)
        if os.path.lexists(copied):
            found = path.lstat()
            os.chown(copied, found.st_uid, found.st_gid, follow_symlinks=False)


def _neither(directory: str, names: list[str]) -> list[str]:
    paths = [Path(directory, name) for name in names]
    return [path.name for path in paths if not (path.is_symlink() or path.is_file() or path.is_dir())]


def _states(directory: Path) -> dict[str, tuple[int, int]]:
    """Of every file its size and the time of its last change, which a copy has as well."""
    files = [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(directory)): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
