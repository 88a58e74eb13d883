"""The disk of a program that is not ours, failing in the ways that are wanted while it runs."""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ....errors import UsageError
from .library import library, preloading
from .page import WORD, Page

Syncs = Literal["well", "fail", "lie"]
Writes = Literal["well", "fail", "full", "short"]

VARIABLE: Final = "SPLITBRAIN_DISK"
_FATES: Final[Mapping[str, int]] = {"well": 0, "fail": 1, "lie": 2, "full": 3, "short": 4}
_WHAT, _SYNCS_OFTEN, _WRITES_OFTEN, _SEED, _ASKED, _ATTACHED, _COUNTS = range(7)
_BELOW: Final = _COUNTS + 5
"""The words of the control file, as in disk.c: after the counts comes the directory."""
_LONGEST: Final = 4096
_ALWAYS: Final = 1 << 32


@dataclass(frozen=True)
class Done:
    """How often what happened: syncs that failed or did nothing, writes that failed, found no space or were short."""

    syncs_failed: int
    syncs_lied: int
    writes_failed: int
    writes_full: int
    writes_short: int


class DiskShim:
    """The disk below a directory, for the processes that are started with its `environment`, and their children.

    `control` is the file by which it is done, in a directory that the processes can reach, into which the library is
    compiled. Which calls fail, if not all do, is drawn from the seed. Raises UsageError if it cannot be compiled.
    """

    def __init__(self, control: Path, below: Path, seed: int = 0) -> None:
        directory = os.fsencode(os.path.join(below.resolve(), ""))
        if len(directory) >= _LONGEST:
            raise UsageError(f"disk shim: the path of the directory is longer than {_LONGEST} bytes")
        self._library = library("disk", control.parent)
        self._page = Page(control, _BELOW * WORD + _LONGEST)
        self._page.memory[_BELOW * WORD : _BELOW * WORD + len(directory)] = directory
        self._page.words[_SEED] = seed % (1 << 63)

    def environment(self) -> Mapping[str, str]:
        """The variables to start a program with."""
        return preloading(self._library, VARIABLE, self._page.path)

    def set(self, syncs: Syncs = "well", writes: Writes = "well", rate: float = 1.0) -> None:
        """From now on `rate` of the syncs (fsync, fdatasync) and writes go wrong in this way.

        A sync that fails is EIO, one that lies does nothing; a write that fails is EIO, on a full disk it is ENOSPC,
        and a short one writes half. Raises UsageError for a rate that is no share.
        """
        if not 0 < rate <= 1:
            raise UsageError(f"disk shim: the rate must be above 0 and at most 1, not {rate:g}")
        self._page.words[_SYNCS_OFTEN] = self._page.words[_WRITES_OFTEN] = round(rate * _ALWAYS)
        (self._page.words[_WHAT],) = struct.unpack("q", struct.pack("II", _FATES[syncs], _FATES[writes]))

    @property
    def done(self) -> Done:
        """What it did so far."""
        return Done(*self._page.words[_COUNTS:_BELOW])

    @property
    def count(self) -> int:
        """How many calls went wrong so far."""
        return sum(self._page.words[_COUNTS:_BELOW])

    @property
    def attached(self) -> int:
        """How many programs have begun under it so far; while this is 0, it cannot have an effect."""
        return self._page.words[_ATTACHED]

    def close(self) -> None:
        """Let go of the control file. The disk stays as it is."""
        self._page.close()
