"""Faults in the simulator: what is in force, what is armed, and what each unit did."""

from collections.abc import Mapping, Sequence

from ....nemesis.effects import begin
from ....nemesis.fault import Effect, Fault, Moment, Trigger, Unit
from ....nemesis.resolve import Cluster, resolve
from ....systems.streams import stream
from ....systems.system import FaultModel
from ...actions import Injected
from .engine import Engine
from .host import Host


class Armed:
    """A fault that waits for its trigger, and how often the trigger's moment came so far."""

    def __init__(self, fault: Fault, trigger: Trigger) -> None:
        self.fault = fault
        self.trigger = trigger
        self.seen = 0


class Faults:
    """Carries units out on the engine's nodes; what a trigger began is reported."""

    def __init__(
        self,
        hosts: Mapping[str, Host],
        groups: Mapping[str, str],
        model: FaultModel,
        seed: int,
        beyond_tolerance: bool,
        engine: Engine,
    ) -> None:
        self._armed: list[Armed] = []
        self.effects: dict[int, Effect] = {}
        self._active: dict[int, Unit] = {}
        self._hosts = hosts
        self._groups = groups
        self._clients = tuple(name for name, host in hosts.items() if host.is_client)
        self._model = model
        self._seed = seed
        self._beyond = beyond_tolerance
        self._engine = engine
        engine.attach(self._armed, self._fire)

    def inject(self, fault: Fault, trigger: str | None = None) -> Unit:
        """Resolve the fault and begin it; `trigger` is the node at which its trigger fired."""
        random = stream(self._seed, "nemesis", str(fault.unit))
        unit = resolve(fault, self._cluster(trigger), self._model, random, beyond_tolerance=self._beyond)
        effect = self.effects[fault.unit] = begin(unit, self._engine.now)
        self._active[fault.unit] = unit
        for name in unit.nodes:
            host = self._hosts[name]
            host.stopped_by = fault.unit
            if unit.fault.family == "kill":
                self._engine.kill(host)
            else:
                self._engine.pause(host)
        for src, dst in unit.grudge:
            link = self._hosts[src].links[dst]
            if unit.fault.family == "partition":
                link.cut(effect)
            else:
                link.disturb(unit.fault, effect)
        return unit

    def undo(self, number: int) -> bool:
        """Disarm or end a unit; False if it was not in force."""
        self._armed[:] = [one for one in self._armed if one.fault.unit != number]
        unit = self._active.pop(number, None)
        if unit is None:
            return False
        self.effects[number].stopped = self._engine.now
        for src, dst in unit.grudge:
            self._hosts[src].links[dst].mend(number)
        for name in unit.nodes:
            host = self._hosts[name]
            if host.stopped_by != number:
                continue  # paused by this unit, it was killed by another
            host.stopped_by = None
            if host.parts:
                self._engine.resume(host)
            else:
                self._engine.start(host)
        return True

    def heal(self) -> None:
        """Disarm every trigger and end every unit."""
        self._armed.clear()
        for number in list(self._active):
            self.undo(number)

    def arm(self, fault: Fault) -> None:
        """Wait for the fault's trigger."""
        assert isinstance(fault.at, Trigger)
        if fault.at.moment == "role":
            for host in self._servers():
                host.role = host.believes()
        self._armed.append(Armed(fault, fault.at))

    def _fire(self, moment: Moment, type_: str, host: Host) -> None:
        """A moment has come at a node: begin the faults that waited for it."""
        for one in tuple(self._armed):
            trigger = one.trigger
            if trigger.moment != moment or trigger.type not in ("", type_) or self._engine.now < trigger.after:
                continue
            one.seen += 1
            if one.seen == trigger.n:
                self._armed.remove(one)
                self._engine.reports.append(Injected(self.inject(one.fault, host.name)))

    def roles(self) -> dict[str, str]:
        """What the servers that are up believe to be."""
        return {host.name: host.believes() for host in self._servers()}

    def _servers(self) -> Sequence[Host]:
        return [host for host in self._hosts.values() if host.parts and not host.is_client]

    def _cluster(self, trigger: str | None) -> Cluster:
        up = self._servers()
        spare = self._model.spare

        def can_spare(nodes: frozenset[str], name: str) -> bool:
            return spare is None or spare({host.name: host.node for host in up if host.name in nodes}, name)

        return Cluster(
            groups=self._groups,
            clients=self._clients,
            up=frozenset(host.name for host in up),
            paused=frozenset(host.name for host in up if host.blocked),
            roles={host.name: host.believes() for host in up},
            trigger=trigger,
            spare=can_spare,
        )
