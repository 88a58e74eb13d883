"""The local world, as the runner drives it (bench/actions.py)."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from ....errors import ContractError, UsageError
from ....nemesis.fault import Effect
from ....reports.record import Finding
from ....systems.codec import Codec
from ....systems.node import Node
from ....systems.streams import derive
from ....systems.system import Deployment, FaultModel
from ...actions import Action, Arm, Discard, Heal, Healed, Inject, Injected, Invoke, Report, Undo, Undone
from ...test import Test
from ..faults import ADMIN, Faults
from ..simulated.host import Host
from .boot import Boot, codec_of
from .engine import Client, Handle, LocalEngine
from .machines import Machines, ThisMachine
from .node import BILLION, Clock, Links, LocalNode
from .owned import start_of
from .search import PATIENCE
from .server import Server

FINEST = 0.001
"""A loop's timers are no more precise than this (seconds): what is due sooner is waited for by looking again."""


class LocalWorld:
    """The deployment of a test: its servers as processes, its clients c0, c1, … in this one, in real time.

    `model` bounds the faults. Logs of servers are written to `logs`, a directory that exists; without it they are not
    kept. Packets are written to the file `capture`, where the network can. `machines` says where servers run, given
    their names and those of the other nodes: here, unless it is given.

    To be used in a `with` statement, at whose end all processes have ended. `perform` and `advance` raise
    ContractError for what a handler does that it may not, and if a server ends by itself.
    """

    def __init__(
        self,
        test: Test,
        deployment: Deployment,
        model: FaultModel,
        logs: Path | None = None,
        capture: Path | None = None,
        machines: Callable[[Sequence[str], Sequence[str]], Machines] | None = None,
    ) -> None:
        if start_of(os.getpid()) is None:
            raise UsageError("the local world needs Linux with /proc: use --world simulated")
        self._clock = Clock(time.monotonic_ns())
        self._test = test
        self._deployment = deployment
        self._kind = Links(derive(test.seed, "network"), model.fifo, model.reliable)
        self._clients = [Client(f"c{thread}") for thread in range(test.clients)]
        inside = [*self._clients] if deployment.admin is None else [*self._clients, Client(ADMIN)]
        servers, others = tuple(deployment.servers), tuple(client.name for client in inside)
        find = machines or (lambda servers, others: ThisMachine((*servers, *others), test, logs, capture))
        self._machines = find(servers, others)
        self._loop = asyncio.new_event_loop()
        self._handles: dict[str, Handle] = {name: Server(name, self._machines.log(name)) for name in servers}
        self._handles |= {client.name: client for client in inside}
        for handle in self._handles.values():
            handle.address = self._machines.network.address(handle.name)
        self._engine = LocalEngine(
            self._handles,
            self._boot,
            self._clock,
            self._loop,
            self._machines,
            whole=bool(model.spare or model.spare_disk or model.admin),
        )
        self._faults = Faults(self._handles, deployment.groups, model, test.seed, test.beyond_tolerance, self._engine)
        self._engine.effects = self._faults.effects
        self._healing = False
        self._interrupted = False
        self._before: Any = None

    def __enter__(self) -> "LocalWorld":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)
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
                self._engine.refresh_watch()
                with self._engine.standstill():
                    pass  # so that every node looks out for it before anything else happens
            case Undo(unit):
                if self._faults.undo(unit):
                    reports.append(Undone(unit))
            case Heal():
                self._faults.heal()
                self._healing = True
        self._engine.refresh_watch()

    def advance(self, until: int | None) -> list[Report]:
        """Let time pass, to `until` at most (nanoseconds), and stop at the first event that is to be reported.

        Returns its reports, or [] if there are none up to `until`.
        """
        engine = self._engine
        if not engine.reports and engine.error is None and not self._healed():
            self._run(until)
            self._healed()
        if engine.error is not None:
            raise engine.error
        if self._interrupted:
            raise KeyboardInterrupt
        reports = engine.reports[:]
        engine.reports.clear()
        return reports

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What each unit that was injected did, by unit. What was counted at servers since heal is not in it."""
        return tuple(effect for _, effect in sorted(self._faults.effects.items()))

    @property
    def logs(self) -> dict[str, list[str]]:
        """The lines that each client logged. Servers write theirs themselves."""
        return {client.name: client.local.host.lines for client in self._clients}

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
        """None."""
        return ()

    def findings(self) -> tuple[Finding, ...]:
        """None: monitors and checkers see all that there is."""
        return ()

    def event_log_hash(self) -> str:
        """None, for the same reason."""
        return ""

    def pids(self) -> dict[str, int]:
        """The numbers of the servers' processes, by name."""
        servers = (handle for handle in self._handles.values() if isinstance(handle, Server))
        return {server.name: server.pid for server in servers if server.pid is not None}

    def close(self) -> None:
        """End all processes, close all connections, and remove what was on disk. Nothing happens the second time."""
        if self._loop.is_closed():
            return
        self._engine.relieve_all()
        for handle in self._handles.values():
            if isinstance(handle, Server):
                handle.kill()
            elif hasattr(handle, "local"):
                handle.local.close()
        self._engine.closed = True
        self._look()  # since to close a connection takes a turn of the loop, and so does to end its protocol
        self._look()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._machines.close()
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _boot(self, server: Server) -> Boot:
        return Boot(
            parent=self._machines.parent(server.name),
            system=self._test.system,
            servers=self._test.servers,
            bug=self._test.bug,
            name=server.name,
            address=self._machines.listens(server.name),
            epoch=server.epoch,
            seed=self._test.seed,
            links=self._kind,
            disk=self._machines.disk(server.name),
            died=server.died,
        )

    def _start(self) -> None:
        """Bring up the servers, then the clients. Time begins when all are there."""
        engine = self._engine
        self._loop.set_exception_handler(lambda _, context: engine.fail(_error_in(context)))
        codec = codec_of(self._deployment)
        clients = [handle for handle in self._handles.values() if isinstance(handle, Client)]
        for client in clients:
            make = self._deployment.client if client.name != ADMIN else self._deployment.admin
            assert make is not None
            client.local = self._client(client.name, make, codec)
            client.port = self._loop.run_until_complete(
                client.local.listen(client.address, partial(self._machines.network.new_socket, client.name))
            )
        for handle in self._handles.values():
            if isinstance(handle, Server):
                engine.start(handle)
        self._run(self.now + round(PATIENCE * BILLION))
        if self._interrupted:
            raise KeyboardInterrupt
        if not engine.complete:
            raise engine.error or ContractError(f"the servers have not started within {PATIENCE:g} s")
        for client in clients:
            client.local.meet(
                {
                    name: self._machines.network.route(client.name, name, (other.address, other.port))
                    for name, other in self._handles.items()
                }
            )
            client.local.start()
        with engine.standstill():
            pass  # so that every node has started before it is asked for anything

    def _client(self, name: str, make: Callable[[], Node], codec: Codec) -> LocalNode:
        engine = self._engine
        return LocalNode(
            Host(name, make, self._test.seed, self._clock, is_client=True),
            codec,
            self._kind,
            self._clock,
            self._loop,
            moment=lambda moment, type_: engine.moment_at(name, moment, type_),
            failed=engine.fail,
            answered=engine.answered,
        )

    def _run(self, until: int | None) -> None:
        """Run the loop until something is to be reported or goes wrong, or that time has come."""
        loop = self._loop
        wait = None if until is None else (until - self.now) / BILLION
        if wait is not None and wait < FINEST:
            self._look()
            return
        timer = None if wait is None else loop.call_later(wait, loop.stop)
        try:
            loop.run_forever()
        finally:
            if timer is not None:
                timer.cancel()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """The user pressed Ctrl-C: end between two events, or at once if that has been tried."""
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True
        self._loop.call_soon_threadsafe(self._engine.wake)

    def _look(self) -> None:
        """Deal with what is there, without waiting."""
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()

    def _healed(self) -> bool:
        """Report that everything is healed, once every server is back."""
        if not (self._healing and self._engine.complete):
            return False
        self._healing = False
        with self._engine.standstill():
            pass  # so that all has been counted
        self._engine.reports.append(Healed())
        return True


def _error_in(context: dict[str, object]) -> BaseException:
    error = context.get("exception")
    return error if isinstance(error, BaseException) else RuntimeError(str(context.get("message")))
