"""Servers whose processes are slow, or can open no further files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ...nemesis.fault import Effect, Fault
from .local.owned import Process
from .processes import FileLimit, Slow

MILLISECOND = 1_000_000


class Server(Protocol):
    """A server, `blocked` while it is paused. `processes` may be asked by any thread, and are none while it is down."""

    @property
    def name(self) -> str: ...
    @property
    def blocked(self) -> bool: ...
    def processes(self) -> Sequence[Process]: ...


@dataclass
class _Unit:
    fault: Fault
    effect: Effect
    slow: Slow | None = None
    limit: FileLimit | None = None


class Hampered:
    """What is done to which servers at present, and counted in the effect when it ends.

    Whoever starts or resumes a server calls `go_on` after that, and whoever is to pause or kill one calls `suspend`
    before it, since whoever makes it slow lets it go on again and again. A server that is killed is slow again when it
    is back, but its new processes may open files as they like.
    """

    def __init__(self) -> None:
        self._units: dict[tuple[str, int], _Unit] = {}

    def begin(self, server: Server, fault: Fault, effect: Effect) -> None:
        """Hamper a server."""
        one = self._units[server.name, fault.unit] = _Unit(fault, effect)
        if fault.family == "cpu.slow":
            self.go_on(server)
        else:
            one.limit = FileLimit(server.processes)
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
            if one.fault.family == "cpu.slow" and one.slow is None and not server.blocked:
                one.slow = Slow(server.processes, one.fault.rate)

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
