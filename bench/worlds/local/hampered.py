"""Servers whose processes are slow, or can open no further files."""

from dataclasses import dataclass

from ....nemesis.fault import Effect, Fault
from ..processes import FileLimit, Slow
from .server import Server

MILLISECOND = 1_000_000


@dataclass
class _Unit:
    fault: Fault
    effect: Effect
    slow: Slow | None = None
    limit: FileLimit | None = None


class Hampered:
    """What is done to which server's process at present, and counted in the effect when it ends.

    A server that is killed is slow again when it is back, but its new process may open files as it likes. A paused one
    is left alone, since whoever makes it slow lets it go on again and again.
    """

    def __init__(self) -> None:
        self._units: dict[tuple[str, int], _Unit] = {}

    def begin(self, server: Server, fault: Fault, effect: Effect) -> None:
        """Hamper a server."""
        one = self._units[server.name, fault.unit] = _Unit(fault, effect)
        if fault.family == "cpu.slow":
            self.go_on(server)
        elif server.pid is not None:
            one.limit = FileLimit(server.pid)
            effect.count += one.limit.count

    def end(self, server: Server, unit: int) -> None:
        """Hamper it no more."""
        one = self._units.pop((server.name, unit))
        _rest(one)
        if one.limit is not None:
            one.limit.end()

    def suspend(self, server: Server) -> None:
        """Leave alone a server that is to be paused or killed."""
        for one in self._of(server):
            _rest(one)

    def go_on(self, server: Server) -> None:
        """Slow a server down that runs, and is to be slow."""
        for one in self._of(server):
            if one.fault.family == "cpu.slow" and one.slow is None and server.pid is not None and not server.blocked:
                one.slow = Slow(server.pid, one.fault.rate)

    def close(self) -> None:
        """Hamper nobody any more."""
        for one in self._units.values():
            _rest(one)
        self._units.clear()

    def _of(self, server: Server) -> list[_Unit]:
        return [one for (name, _), one in self._units.items() if name == server.name]


def _rest(one: _Unit) -> None:
    if one.slow is not None:
        one.effect.count += one.slow.end() // MILLISECOND
        one.slow = None
