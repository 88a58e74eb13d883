"""The simulated world, as the runner drives it (bench/actions.py)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ....nemesis.fault import Effect
from ....reports.record import Finding
from ....systems.codec import Codec
from ....systems.node import Node
from ....systems.streams import derive
from ....systems.system import Deployment, FaultModel, Monitor
from ...actions import Action, Arm, Discard, Heal, Healed, Inject, Injected, Invoke, Report, Undo, Undone
from ..faults import ADMIN, Faults
from .engine import Engine
from .guard import Guard
from .host import Host, nested
from .log import EventLog
from .network import Link, NetworkProfile

_NEVER = 1 << 63
_DEFAULT = NetworkProfile()


class Simulation:
    """A deployment and its clients c0, c1, …, run in virtual time from one seed.

    `model` bounds the faults, unless `beyond_tolerance`; `monitors` watch the servers. `codec` sends every message
    through bytes and back, `pickle_nodes` does the same to a node's memory after each handler: both find nodes that
    share what they may not. `trace` keeps the events for people; they are hashed in any case.

    `perform` acts at once, `advance` lets time pass. Both raise ContractError, naming node, handler and time, for
    what a handler does or raises that it may not.
    """

    def __init__(
        self,
        deployment: Deployment,
        clients: int,
        seed: int,
        *,
        model: FaultModel,
        monitors: Sequence[Monitor] = (),
        network: NetworkProfile = _DEFAULT,
        codec: bool = False,
        trace: bool = True,
        beyond_tolerance: bool = False,
        pickle_nodes: bool = False,
    ) -> None:
        self._log = EventLog(trace)
        self._guard = Guard()
        self._hosts: dict[str, Host] = {}
        self._engine = Engine(
            self._hosts,
            derive(seed, "network"),
            network=network,
            monitors=monitors,
            log=self._log,
            pickle_nodes=pickle_nodes,
        )
        makers: dict[str, Callable[[], Node]] = dict(deployment.servers)
        self._clients = [f"c{thread}" for thread in range(clients)]
        makers |= dict.fromkeys(self._clients, deployment.client)
        if deployment.admin is not None:
            makers[ADMIN] = deployment.admin
        for name, make in makers.items():
            self._hosts[name] = Host(name, make, seed, self._engine, is_client=name not in deployment.servers)
        for host in self._hosts.values():
            host.links = {
                name: Link(host.name, name, ordered=model.fifo, reliable=model.reliable) for name in self._hosts
            }
        self._faults = Faults(self._hosts, deployment.groups, model, seed, beyond_tolerance, self._engine)
        if codec:
            self._engine.codec = Codec({type(node) for make in makers.values() for _, node in nested("", make())})
        self._boot()

    @property
    def now(self) -> int:
        """Virtual time, nanoseconds from the start of the run."""
        return self._engine.now

    def perform(self, action: Action) -> None:
        """Do what the runner decided, now; whatever there is to report comes with the next `advance`."""
        self._guard.enter()
        try:
            self._perform(action)
        finally:
            self._guard.leave()

    def advance(self, until: int | None) -> list[Report]:
        """Let time pass, to `until` at most (nanoseconds), and stop at the first event that is to be reported.

        Returns its reports, or [] if there are none up to `until`, or if nothing is left to happen.
        """
        engine = self._engine
        if not engine.reports:
            self._guard.enter()
            try:
                engine.run(_NEVER if until is None else until)
            finally:
                self._guard.leave()
        if not engine.reports and until is not None:
            engine.now = max(engine.now, until)
        reports = engine.reports[:]
        engine.reports.clear()
        return reports

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What each unit that was injected did, by unit."""
        return tuple(effect for _, effect in sorted(self._faults.effects.items()))

    @property
    def logs(self) -> dict[str, list[str]]:
        """The lines that each node logged."""
        return {name: host.lines for name, host in self._hosts.items()}

    @property
    def nodes(self) -> dict[str, Node]:
        """All nodes that are up, to be looked at only."""
        return {name: host.node for name, host in self._hosts.items() if host.parts}

    @property
    def events(self) -> int:
        """How many events there were up to now."""
        return len(self._log)

    @property
    def trace(self) -> Iterator[dict[str, Any]]:
        """The events in order, as JSON-like records."""
        return self._log.records()

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
        """A hash of all events up to now: equal for equal runs."""
        return self._log.hexdigest()

    def roles(self) -> dict[str, str]:
        """What each server that is up believes to be."""
        return self._faults.roles()

    def _boot(self) -> None:
        self._guard.enter()
        try:
            for host in self._hosts.values():
                self._engine.start(host)
        finally:
            self._guard.leave()

    def _perform(self, action: Action) -> None:
        reports = self._engine.reports
        match action:
            case Invoke(thread, op):
                self._engine.invoke(self._hosts[self._clients[thread]], op)
            case Discard(thread):
                self._engine.discard(self._hosts[self._clients[thread]])
            case Inject(fault):
                reports.append(Injected(self._faults.inject(fault)))
            case Arm(fault):
                self._faults.arm(fault)
            case Undo(unit):
                if self._faults.undo(unit):
                    reports.append(Undone(unit))
            case Heal():
                self._faults.heal()
                reports.append(Healed())
