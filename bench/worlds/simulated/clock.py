"""Clocks: the world's, which is right, and a node's own, which may run fast or slow, and step."""

from typing import Final, Protocol

BILLION: Final = 1_000_000_000


class Clock(Protocol):
    """Whoever knows the time."""

    @property
    def now(self) -> int:
        """Nanoseconds."""
        ...


class WrongClock:
    """A node's clock that went wrong. It agrees with the world's at first."""

    def __init__(self, world: Clock) -> None:
        self.step = 0
        """How far it has stepped, nanoseconds."""
        self.gain = 0
        """How much faster than the world's it runs, parts per billion."""
        self._world = world
        self._since = self._shown = world.now

    @property
    def now(self) -> int:
        """The time that it shows, nanoseconds."""
        return self._shown + self.passes(self._world.now - self._since) + self.step

    def run(self, gain: int) -> None:
        """Run faster or slower from now on. It stays as wrong as it is."""
        self._shown += self.passes(self._world.now - self._since)
        self._since = self._world.now
        self.gain = gain

    def passes(self, time: int) -> int:
        """How much time passes by this clock while that much does in the world."""
        return time + time * self.gain // BILLION

    def takes(self, time: int) -> int:
        """How much time passes in the world until that much has by this clock."""
        return -(-time * BILLION // (BILLION + self.gain))
