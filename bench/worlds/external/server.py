"""A server of a database, as the bench sees it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ....errors import ContractError
from ....systems.database import Database, Refused, Site, Unknown
from ....systems.node import Node
from ..faults import Wire
from ..local.owned import Process
from ..shims.clock import ClockShim
from ..shims.disk import DiskShim
from ..shims.preload import together
from .processes import Processes

LOOK: Final = 0.1
"""Seconds between two looks at a server: whether it is ready, and what it believes to be."""
SHORT: Final = 1.0
"""Seconds that it has to say so."""


class Server:
    """One server. `up` while its processes run, `blocked` while they are paused, `role` as it was last seen.

    `clock` and `disk` are what its clocks are made wrong with, and its files, where they may be.
    """

    is_client = False
    open: int | None = None
    node = Node()

    def __init__(self, database: Database, site: Site, mark: str, log: Path, prefix: Sequence[str]) -> None:
        self.name = site.name
        self.site = replace(site, timeout=SHORT)
        self.log = log
        self.up = False
        self.blocked = False
        self.ready = False
        self.stopped_by: int | None = None
        self.role = ""
        self.links: Mapping[str, Wire] = {}
        self.clock: ClockShim | None = None
        self.disk: DiskShim | None = None
        self._database = database
        self._prefix = prefix
        self._processes = Processes(mark, log)
        self._closed = threading.Event()

    def processes(self) -> Sequence[Process]:
        """What it consists of at present."""
        return self._processes.all()

    def believes(self) -> str:
        """The role that it was last seen in."""
        return self.role

    def start(self) -> list[int]:
        """Start its processes, and give their numbers."""
        self.ready = False
        commands = [[*self._prefix, *command] for command in self._database.commands(self.site)]
        shims = [shim.environment() for shim in (self.clock, self.disk) if shim is not None]
        environment = together(self._database.environment(self.site), *shims)
        numbers = self._processes.start(commands, environment, self.site.directory)
        self.up = True
        return numbers

    def kill(self) -> None:
        """End its processes, whatever they do."""
        self.up = self.blocked = self.ready = False
        self._processes.kill()
        self.role = ""

    def pause(self) -> None:
        """Stop its processes."""
        self.blocked = True
        self._processes.pause()

    def resume(self) -> None:
        """Let its processes go on."""
        self._processes.resume()
        self.blocked = False

    @property
    def ended(self) -> int | None:
        """The exit code of a process that has ended by itself, None while all run that must."""
        return self._processes.ended if self.up else None

    def watch(self, changed: Callable[["Server"], None], failed: Callable[[BaseException], None]) -> None:
        """From now on look at it again and again, and tell of changes."""
        threading.Thread(target=self._watch, args=(changed, failed), daemon=True).start()

    def close(self) -> None:
        """Look no more, and end its processes."""
        self._closed.set()
        self.kill()
        for shim in (self.clock, self.disk):
            if shim is not None:
                shim.close()

    def _watch(self, changed: Callable[["Server"], None], failed: Callable[[BaseException], None]) -> None:
        while not self._closed.wait(LOOK):
            if not self.up or self.blocked:
                continue
            try:
                ready, role = self._seen()
            except Exception as error:
                failed(ContractError(f"looking at {self.name}: {type(error).__name__}: {error}"))
                return
            if self.up and not self.blocked and (ready, role) != (self.ready, self.role):
                self.ready, self.role = ready, role
                changed(self)

    def _seen(self) -> tuple[bool, str]:
        """Whether it is ready, and its role."""
        try:
            ready = self._database.ready(self.site)
            return ready, self._database.role(self.site) if ready else ""
        except (OSError, Refused, Unknown):
            return False, ""
