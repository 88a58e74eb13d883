"""What a search may use, and how it is told to stop."""

from dataclasses import dataclass, field
from enum import IntEnum
from time import monotonic


class Reason(IntEnum):
    """Why a search gave up."""

    NONE = 0
    TIME = 1
    CONFIGURATIONS = 2
    MEMORY = 3
    STOPPED = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of wall-clock time, number of configurations, and bytes held; None for no limit.

    Setting the only byte of `stop` from another thread ends the search, within 50 milliseconds.
    """

    seconds: float | None = None
    configurations: int | None = None
    bytes: int | None = None
    stop: bytearray = field(default_factory=lambda: bytearray(1))


class SpentError(Exception):
    """A limit was reached; its argument is the Reason."""


class Meter:
    """Raises SpentError once a limit is reached; bytes are not counted here."""

    def __init__(self, limits: Limits) -> None:
        self._stop = limits.stop
        self._deadline = None if limits.seconds is None else monotonic() + limits.seconds
        self._ticks = 0

    def tick(self) -> None:
        """Call it at every step: it looks now and then."""
        self._ticks += 1
        if self._ticks % 256 == 0:
            self.look()

    def look(self) -> None:
        """Raise SpentError if the time is used up or somebody wants to stop."""
        if self._stop[0]:
            raise SpentError(Reason.STOPPED)
        if self._deadline is not None and monotonic() >= self._deadline:
            raise SpentError(Reason.TIME)
