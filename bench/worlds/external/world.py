"""The world of databases, as the runner drives it (bench/actions.py)."""

import os
import shutil
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from ....errors import ContractError, UsageError
from ....nemesis.families import CLOCKS, DISKS
from ....nemesis.fault import Effect, Family
from ....reports.record import Finding
from ....systems.database import Refused, Site, Unknown
from ....systems.streams import derive
from ....systems.system import Deployment, System
from ...actions import Action, Arm, Discard, Heal, Healed, Inject, Injected, Invoke, Report, Undo, Undone
from ...test import Test
from ..faults import Faults
from ..local.network import Loopback, Network, network_of
from ..local.node import BILLION, Clock
from ..local.owned import Workspace, clean, start_of
from ..shims.clock import ClockShim
from ..shims.disk import DiskShim
from ..shims.preload import objection
from .client import Client
from .engine import Engine
from .programs import find
from .server import LOOK, Server

PATIENCE = 120.0
"""Seconds that servers have to start."""
TAIL = 400
"""How much of a server's log an error shows, in characters."""


class ExternalWorld:
    """The servers of a database on this machine, and clients c0, c1, …, each of which asks one server, in real time.

    The fault model of `system` bounds the faults. Servers log to `logs` while they run, a directory that exists;
    without it their logs are not kept. Packets are written to the file `capture`. What benches that were killed have
    left behind is removed first.

    To be used in a `with` statement, at whose end all processes have ended. Raises UsageError if a program is missing
    and ContractError if servers do not start.
    """

    def __init__(
        self, test: Test, deployment: Deployment, system: System, logs: Path | None = None, capture: Path | None = None
    ) -> None:
        database = system.database
        assert database is not None
        if start_of(os.getpid()) is None:
            raise UsageError("databases are run on Linux only, with /proc")
        clean()
        self._database = database
        binaries = find(database.programs, dict(test.binaries))
        self._workspace = Workspace()
        self._clock = Clock(time.monotonic_ns())
        self._names = tuple(deployment.servers)
        clients = [f"c{thread}" for thread in range(test.clients)]
        self._network = self._connect(test, (*self._names, *clients), capture)
        site = Site(
            name="",
            addresses={name: self._address(number, name) for number, name in enumerate(self._names, 1)},
            directory=self._workspace.path,
            options={**{name: values[0] for name, values in system.options.items()}, **dict(test.options)},
            binaries=binaries,
            dial=partial(self._dial, ""),
            timeout=test.timeout / BILLION,
        )
        self._servers = {name: self._server(site, name, logs or self._workspace.path) for name in self._names}
        self._clients = [self._client(site, name, number) for number, name in enumerate(clients)]
        by_name = {client.name: client for client in self._clients}
        self._engine = Engine(self._servers, by_name, self._clock, self._workspace, self._network)
        self._faults: Faults[Server | Client] = Faults(
            {**self._servers, **by_name},
            deployment.groups,
            system.fault_model,
            test.seed,
            test.beyond_tolerance,
            self._engine,
        )
        self._engine.effects = self._faults.effects
        self._healing = False
        wanted = _wanted(test)
        if wanted:
            self._deceive(wanted, test.seed)

    def __enter__(self) -> "ExternalWorld":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def now(self) -> int:
        """Time since the start of the run, nanoseconds."""
        return self._clock.now

    def perform(self, action: Action) -> None:
        """Do what the runner decided, now; whatever there is to report comes with the next `advance`."""
        reports = self._engine.reports
        match action:
            case Invoke(thread, op):
                self._engine.invoke(self._clients[thread], op)
            case Discard(thread):
                self._engine.discard(self._clients[thread])
            case Inject(fault):
                reports.append(Injected(self._faults.inject(fault)))
            case Arm(fault):
                self._faults.arm(fault)
            case Undo(unit):
                if self._faults.undo(unit):
                    reports.append(Undone(unit))
            case Heal():
                self._faults.heal()
                self._healing = True
                self._engine.look()
                for server in self._servers.values():
                    if not server.up:
                        self._engine.start(server)

    def advance(self, until: int | None) -> list[Report]:
        """Let time pass, to `until` at most (nanoseconds), and stop at the first event that is to be reported.

        Returns its reports, or [] if there are none up to `until`.
        """
        engine = self._engine
        engine.look()
        if self._healing and not engine.reports:
            self._wait_until_ready()
            self._healing = False
            engine.take_counts()
            engine.reports.append(Healed())
        engine.wait(until)
        reports = engine.reports[:]
        engine.reports.clear()
        return reports

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What each unit that was injected did, by unit."""
        return tuple(effect for _, effect in sorted(self._faults.effects.items()))

    @property
    def logs(self) -> Mapping[str, list[str]]:
        """Nothing: servers write their logs themselves."""
        return {}

    @property
    def trace(self) -> tuple[dict[str, object], ...]:
        """Nothing: there is no log of all events."""
        return ()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """None."""
        return ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What happened that nobody asked for."""
        return tuple(self._engine.notes)

    def event_log_hash(self) -> str:
        """None, for the same reason."""
        return ""

    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the servers now that nothing is asked any more."""
        sites = [server.site for server in self._servers.values()]
        try:
            sentence = self._database.differences(sites)
        except OSError as error:
            self._engine.notes.append(f"whether the servers are equal could not be seen: {error}")
            return ()
        found = Finding(monitor="convergence", sentence=sentence, node=self._names[0], time=self.now)
        return (found,) if sentence else ()

    def close(self) -> None:
        """End all processes, and remove what was on disk. Nothing happens the second time."""
        for client in self._clients:
            client.close()
        self._engine.close()
        for server in self._servers.values():
            server.close()
        self._network.close()
        self._workspace.close()

    def _connect(self, test: Test, nodes: tuple[str, ...], capture: Path | None) -> Network:
        try:
            return network_of(test.network, nodes, self._workspace.own, derive(test.seed, "network"), capture)
        except BaseException:
            self._workspace.close()
            raise

    def _address(self, number: int, name: str) -> str:
        """Where a server is to be found, with all its ports. On loopback there is a whole network of addresses."""
        if not isinstance(self._network, Loopback):
            return self._network.address(name)
        high, low = divmod(os.getpid() % 0x4000, 256)
        return f"127.{64 + high}.{low}.{number}"

    def _dial(self, node: str, address: str, port: int, timeout: float) -> socket.socket:
        end = self._network.new_socket(node)
        try:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(timeout)
            end.connect((address, port))
        except BaseException:
            end.close()
            raise
        return end

    def _server(self, site: Site, name: str, logs: Path) -> Server:
        directory = self._workspace.path / name
        directory.mkdir()
        return Server(
            self._database,
            replace(site, name=name, directory=directory, dial=partial(self._dial, name)),
            f"{directory}/",
            logs / f"{quote(name, safe='')}.log",
            (*self._network.prefix(name), *dying_with_us()),
        )

    def _client(self, site: Site, name: str, number: int) -> Client:
        server = self._names[number % len(self._names)]
        asked = replace(site, name=server, directory=self._workspace.path / server, dial=partial(self._dial, name))
        return Client(name, lambda: self._database.connect(asked), lambda what: self._engine.tell(what))

    def _deceive(self, families: Collection[Family], seed: int) -> None:
        """Prepare servers for faults of clocks and files. Raises UsageError if their program does not ask libc."""
        for server in self._servers.values():
            program = self._database.commands(server.site)[0][0]
            reason = objection(program)
            if reason:
                self.close()
                raise UsageError(f"faults: {', '.join(sorted(families))}: {reason}")
            if any(family in CLOCKS for family in families):
                server.clock = ClockShim(server.site.directory / "clock")
            if any(family in DISKS for family in families):
                server.disk = DiskShim(server.site.directory / "disk", server.site.directory, seed)

    def _start(self) -> None:
        """Start the servers, and begin when all are ready."""
        for server in self._servers.values():
            self._database.prepare(server.site)
        for server in self._servers.values():
            self._engine.start(server)
        for server in self._servers.values():
            server.watch(self._engine.tell, self._engine.tell)
        self._wait_until_ready()
        try:
            self._database.set_up(replace(self._servers[self._names[0]].site, timeout=PATIENCE))
        except (OSError, Refused, Unknown) as error:
            raise ContractError(f"{self._names[0]} could not be set up: {error}") from None
        self._clock.origin = time.monotonic_ns()

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while waiting := [server for server in self._servers.values() if not server.ready]:
            for server in waiting:
                if server.ended is not None:
                    raise ContractError(
                        f"{server.name} ended by itself, with code {server.ended}: {tail_of(server.log)}"
                    )
            if time.monotonic() > end:
                late = ", ".join(server.name for server in waiting)
                raise ContractError(f"{late} not ready within {PATIENCE:g} s: {tail_of(waiting[0].log)}")
            time.sleep(LOOK / 4)


def _wanted(test: Test) -> set[Family]:
    """The families of faults asked for by name for which programs must be deceived."""
    names: set[str] = {fault.family for fault in test.schedule} or {name.strip() for name in test.faults.split(",")}
    deceived = (*CLOCKS, *DISKS)
    return {family for family in deceived for name in names if family == name or family.startswith(f"{name}.")}


def dying_with_us() -> tuple[str, ...]:
    """The beginning of a command that the kernel kills when this process ends."""
    return ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


def tail_of(log: Path) -> str:
    """The end of a log in one line."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return f"see {log}"
    return " | ".join(text[-TAIL:].strip().splitlines()) or f"see {log}"
