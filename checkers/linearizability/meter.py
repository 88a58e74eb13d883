"""What a search may use, and how it is told to stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from time import monotonic
from typing import Final


class Reason(IntEnum):
    """Why a search gave up."""

    NONE = 0
    TIME = 1
    CONFIGURATIONS = 2
    MEMORY = 3
    STOPPED = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of wall-clock time from when this is made, number of configurations, and bytes; None for no limit.

    Setting the only byte of `stop` from another thread ends the search, within 50 milliseconds.
    """

    seconds: float | None = None
    configurations: int | None = None
    bytes: int | None = None
    stop: bytearray = field(default_factory=lambda: bytearray(1))
    begun: float = field(default_factory=monotonic, compare=False, repr=False)

    @property
    def left(self) -> float | None:
        """How many seconds are left; None for no limit."""
        return None if self.seconds is None else max(0.0, self.begun + self.seconds - monotonic())


NO_LIMITS: Final = Limits()


class SpentError(Exception):
    """A limit was reached; its argument is the Reason."""


class Meter:
    """Raises SpentError once a limit is reached; `watch` tells it how many bytes are held."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ticks = 0
        self._held: Callable[[], int] | None = None

    def tick(self) -> None:
        """Call it at every step: it looks now and then."""
        self._ticks += 1
        if self._ticks % 64 == 0:
            self.look()

    def look(self) -> None:
        """Raise SpentError if a limit was reached or somebody wants to stop."""
        limits = self._limits
        if limits.stop[0]:
            raise SpentError(Reason.STOPPED)
        if limits.left == 0:
            raise SpentError(Reason.TIME)
        if limits.bytes is not None and self._held is not None and self._held() > limits.bytes:
            raise SpentError(Reason.MEMORY)

    def watch(self, held: Callable[[], int]) -> None:
        """From now on `held` knows how many bytes are held."""
        self._held = held
