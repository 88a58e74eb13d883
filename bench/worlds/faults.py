"""Faults in a world: what is in force, what is armed, and what each unit did. How they are done is the engine's."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any, Generic, Protocol, TypeVar

from ...histories.event import Invocation
from ...histories.operation import Outcome, Value
from ...nemesis.cluster import PRIMARY_ROLES, Cluster
from ...nemesis.effects import begin
from ...nemesis.families import CLOCKS, KILLS, PROCESSES
from ...nemesis.fault import Effect, Family, Fault, Moment, Trigger, Unit
from ...nemesis.resolve import resolve
from ...systems.node import Node
from ...systems.streams import stream
from ...systems.system import FaultModel
from ..actions import Injected, Report, Undone

ADMIN = "admin"
"""The name of the node that carries out administrative operations."""

Fire = Callable[[Moment, str, Any], None]
Administered = Callable[[Invocation, Outcome, Value, str | None], None]


class Wire(Protocol):
    """One direction between two nodes, on which faults act, and which counts in the effect what it did."""

    def cut(self, effect: Effect) -> None: ...
    def disturb(self, fault: Fault, effect: Effect) -> None: ...
    def mend(self, unit: int) -> Sequence[Any]: ...


class Target(Protocol):
    """A node, as faults see it. `blocked` while it is paused; `open` is the operation that a client works on."""

    stopped_by: int | None
    role: str

    @property
    def name(self) -> str: ...
    @property
    def is_client(self) -> bool: ...
    @property
    def up(self) -> bool: ...
    @property
    def blocked(self) -> bool: ...
    @property
    def open(self) -> int | None: ...
    @property
    def node(self) -> Node: ...
    @property
    def links(self) -> Mapping[str, Wire]: ...
    def believes(self) -> str: ...


T = TypeVar("T", bound=Target)
C = TypeVar("C", bound=Target, contravariant=True)


class Engine(Protocol[C]):
    """What can be done to nodes in a world."""

    @property
    def now(self) -> int: ...
    @property
    def reports(self) -> list[Report]: ...
    def attach(self, armed: Sequence["Armed"], fire: Fire, administered: Administered) -> None: ...
    def standstill(self) -> AbstractContextManager[None]:
        """All nodes stand still, so that what is known of them is true while a fault is aimed and begun."""
        ...

    def call(self, delay: int, function: Callable[..., None], *arguments: object) -> None: ...
    def kill(self, host: C, family: Family) -> None: ...
    def start(self, host: C) -> None: ...
    def pause(self, host: C) -> None: ...
    def resume(self, host: C) -> None: ...
    def hamper(self, host: C, fault: Fault, effect: Effect) -> None: ...
    def relieve(self, host: C, unit: int) -> None: ...
    def drift(self, host: C, gain: int) -> None: ...
    def jump(self, host: C, step: int) -> None: ...
    def forward(self, link: Any, unit: int, parcels: Sequence[Any]) -> None: ...
    def invoke(self, host: C, op: Invocation) -> None: ...
    def discard(self, host: C) -> None: ...


class Armed:
    """A fault that waits for its trigger, to begin or to end, and how often the trigger's moment came so far."""

    def __init__(self, fault: Fault, trigger: Trigger, ends: bool) -> None:
        self.fault = fault
        self.trigger = trigger
        self.ends = ends
        self.seen = 0


class Faults(Generic[T]):
    """Carries units out on the engine's nodes; what a trigger began or ended is reported."""

    def __init__(
        self,
        hosts: Mapping[str, T],
        groups: Mapping[str, str],
        model: FaultModel,
        seed: int,
        beyond_tolerance: bool,
        engine: Engine[T],
    ) -> None:
        self.effects: dict[int, Effect] = {}
        self._armed: list[Armed] = []
        self._active: dict[int, Unit] = {}
        self._waiting: set[int] = set()
        self._hit: dict[int, tuple[str, ...]] = {}
        self._lost: frozenset[str] = frozenset()
        self._hosts = hosts
        self._groups = groups
        self._clients = tuple(name for name, host in hosts.items() if host.is_client)
        self._model = model
        self._seed = seed
        self._beyond = beyond_tolerance
        self._engine = engine
        engine.attach(self._armed, self._fire, self._administered)

    def inject(self, fault: Fault, trigger: str | None = None) -> Unit:
        """Resolve the fault and begin it; `trigger` is the node at which its trigger fired."""
        with self._engine.standstill():
            return self._inject(fault, trigger)

    def _inject(self, fault: Fault, trigger: str | None) -> Unit:
        random = stream(self._seed, "nemesis", str(fault.unit))
        unit = resolve(fault, self._cluster(trigger), self._model, random, beyond_tolerance=self._beyond)
        effect = self.effects[fault.unit] = begin(unit, self._engine.now)
        self._active[fault.unit] = unit
        self._hit[fault.unit] = unit.chosen
        self._carry_out(unit, effect)
        if fault.until is not None:
            self._await(Armed(fault, fault.until, ends=True))
        self._step("start", fault.unit)
        return unit

    def undo(self, number: int) -> bool:
        """Disarm or end a unit; False if it was not in force, or never ends."""
        self._armed[:] = [one for one in self._armed if one.fault.unit != number]
        self._waiting.discard(number)
        unit = self._active.get(number)
        if unit is None or (unit.fault.family == "crash" and unit.nodes):
            return False
        del self._active[number]
        self.effects[number].stopped = self._engine.now
        for src, dst in unit.grudge:
            link = self._hosts[src].links[dst]
            self._engine.forward(link, number, link.mend(number))
        self._set_clocks(unit, back=True)
        if unit.operation:
            self._give_up(number)
        for name in unit.nodes:
            if unit.fault.family in PROCESSES:
                self._engine.relieve(self._hosts[name], number)
            self._go_on(self._hosts[name], number)
        self._step("stop", number)
        return True

    def heal(self) -> None:
        """Disarm every trigger and end every unit that ends."""
        self._armed.clear()
        self._waiting.clear()
        for number in list(self._active):
            self.undo(number)

    def arm(self, fault: Fault) -> None:
        """Wait for the fault's trigger."""
        assert isinstance(fault.at, Trigger)
        self._await(Armed(fault, fault.at, ends=False))

    def roles(self) -> dict[str, str]:
        """What the servers that are up believe to be."""
        return {host.name: host.believes() for host in self._servers()}

    # Triggers

    def _await(self, one: Armed) -> None:
        if one.trigger.moment == "role":
            for host in self._servers():
                host.role = host.believes()
        self._armed.append(one)
        before = self.effects.get(-1 if one.trigger.follows is None else one.trigger.follows)
        if before is not None and (one.trigger.moment == "start" or (one.trigger.moment == "stop" and before.stopped)):
            self._go(one, None)

    def _fire(self, moment: Moment, type_: str, host: T) -> None:
        """A moment has come at a node: begin or end the faults that waited for it."""
        for one in tuple(self._armed):
            trigger = one.trigger
            if trigger.moment != moment or trigger.type not in ("", type_) or self._engine.now < trigger.after:
                continue
            if trigger.follows is not None and trigger.follows not in self.effects:
                continue
            if trigger.node and not self._is_at(trigger.node, host):
                continue
            one.seen += 1
            if one.seen == trigger.n:
                self._go(one, host.name)

    def _step(self, moment: Moment, unit: int) -> None:
        """A unit has begun or ended: go on with those that follow it."""
        for one in tuple(self._armed):
            if one.trigger.moment == moment and one.trigger.follows == unit:
                self._go(one, None)

    def _go(self, one: Armed, node: str | None) -> None:
        if one not in self._armed:
            return  # what another one did was its end
        self._armed.remove(one)
        if one.ends or one.trigger.wait:
            # A unit ends between two events, since nodes that go on would do so in the middle of another's handler.
            self._waiting.add(one.fault.unit)
            self._engine.call(one.trigger.wait, self._go_later, one, node)
        else:
            self._engine.reports.append(Injected(self.inject(one.fault, node)))

    def _go_later(self, one: Armed, node: str | None) -> None:
        number = one.fault.unit
        if number not in self._waiting:
            return
        self._waiting.discard(number)
        if not one.ends:
            self._engine.reports.append(Injected(self.inject(one.fault, node)))
        elif self.undo(number):
            self._engine.reports.append(Undone(number))

    def _is_at(self, selector: str, host: T) -> bool:
        if selector == "primaries":
            return bool(host.up) and not host.is_client and host.believes() in PRIMARY_ROLES
        kind, _, number = selector.partition(":")
        if number:
            return (host.name in self._hit.get(int(number), ())) == (kind == "unit")
        return host.name in [name.strip() for name in selector.split(",")]

    # What units do

    def _carry_out(self, unit: Unit, effect: Effect) -> None:
        family, number = unit.fault.family, unit.fault.unit
        self._set_clocks(unit)
        for name in unit.nodes if family not in CLOCKS else ():
            host = self._hosts[name]
            if family in PROCESSES:
                self._engine.hamper(host, unit.fault, effect)
                continue
            host.stopped_by = number
            if family in KILLS:
                self._engine.kill(host, family)
            else:
                self._engine.pause(host)
        if family == "disk.loss":
            self._lost |= set(unit.nodes)
        for src, dst in unit.grudge:
            link = self._hosts[src].links[dst]
            if family == "partition":
                link.cut(effect)
            else:
                link.disturb(unit.fault, effect)
        if family == "admin" and unit.input is not None:
            self._engine.call(0, self._administer, unit)

    def _set_clocks(self, unit: Unit, *, back: bool = False) -> None:
        """Make clocks wrong, or right again: one that drifted stays off, one that stepped steps back."""
        for name, amount in zip(unit.nodes, unit.amounts, strict=False):
            host = self._hosts[name]
            if unit.fault.family == "clock.drift":
                self._engine.drift(host, 0 if back else amount)
            else:
                self._engine.jump(host, -amount if back else amount)

    def _go_on(self, host: T, number: int) -> None:
        """Start or resume a node that the unit stopped, unless another unit killed it since."""
        if host.stopped_by != number:
            return
        host.stopped_by = None
        if host.up:
            self._engine.resume(host)
        else:
            self._engine.start(host)

    # Administrative operations

    def _administer(self, unit: Unit) -> None:
        number = unit.fault.unit
        if number in self._active:
            now = self._engine.now
            op = Invocation(operation=-1 - number, process=0, f=unit.operation, input=unit.input, time=now, node=ADMIN)
            self._engine.invoke(self._hosts[ADMIN], op)

    def _administered(self, op: Invocation, outcome: Outcome, output: Value, error: str | None) -> None:
        effect = self.effects[-1 - op.operation]
        effect.count = int(outcome == "ok")
        effect.detail += f": {' '.join(filter(None, (outcome, error)))}"

    def _give_up(self, number: int) -> None:
        """An operation that is not answered by the end of its unit may take effect later, or never."""
        host = self._hosts.get(ADMIN)
        if host is not None and host.open == -1 - number:
            self.effects[number].detail += ": info"
            self._engine.discard(host)

    # What resolution sees

    def _servers(self) -> Sequence[T]:
        return [host for host in self._hosts.values() if host.up and not host.is_client]

    def _cluster(self, trigger: str | None) -> Cluster:
        up = self._servers()
        units = self._active.values()

        def wrong(family: str) -> frozenset[str]:
            return frozenset(name for unit in units if unit.fault.family == family for name in unit.nodes)

        return Cluster(
            groups=self._groups,
            clients=self._clients,
            up=frozenset(host.name for host in up),
            paused=frozenset(host.name for host in up if host.blocked),
            roles={host.name: host.believes() for host in up},
            trigger=trigger,
            spare=self._question(self._model.spare, up),
            spare_disk=self._question(self._model.spare_disk, up),
            crashed=wrong("crash"),
            lost=self._lost,
            drifting=wrong("clock.drift"),
            jumped=wrong("clock.jump"),
            hampered={family: wrong(family) for family in PROCESSES},
            hit=self._hit,
            administer=self._drawing(up),
        )

    def _question(
        self, asked: Callable[[Mapping[str, Node], str], bool] | None, up: Sequence[T]
    ) -> Callable[[frozenset[str], str], bool] | None:
        """The fault model's question about the memory or disk of a node, put to the nodes that are up."""
        if asked is None:
            return None
        return lambda nodes, name: asked({host.name: host.node for host in up if host.name in nodes}, name)

    def _drawing(self, up: Sequence[T]) -> Callable[[str, Random], Value] | None:
        """What draws inputs of administrative operations, while the node for them is free."""
        host = self._hosts.get(ADMIN)
        if host is None or host.open is not None:
            return None
        nodes = {host.name: host.node for host in up}
        return lambda operation, random: self._model.admin[operation](nodes, random)
