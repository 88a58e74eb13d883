"""What the bench does to the nodes of the local world, and hears from them."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from ....errors import ContractError
from ....histories.event import Invocation
from ....histories.operation import Outcome, Value
from ....nemesis.fault import Effect, Family, Fault, Moment
from ....systems.node import Node
from ...actions import Completed, Lost, Report
from ..faults import Administered, Armed, Fire, Wire
from ..hampered import Hampered
from .boot import Boot
from .channel import Frame, LostError
from .machines import Machines
from .network import Network
from .node import BILLION, Clock, LocalNode, Watched
from .server import Server
from .wires import Place


class Client:
    """A client node, which runs in the bench's own process."""

    is_client = True
    up = True
    blocked = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopped_by: int | None = None
        self.role = ""
        self.address = ""
        self.port = 0
        self.links: Mapping[str, Wire] = {}
        self.local: LocalNode

    @property
    def open(self) -> int | None:
        """The operation that it works on."""
        return self.local.host.open

    @property
    def node(self) -> Node:
        return self.local.host.node

    def believes(self) -> str:
        """Clients have no roles."""
        return ""

    def tell(self, *frame: Any) -> None:
        """What a server is sent as a command is done at once."""
        verb, *arguments = frame
        getattr(self.local, verb)(*arguments)


Handle: TypeAlias = Server | Client
_Rule = tuple[int, str, str]


@dataclass(frozen=True)
class Direction:
    """One direction between two nodes: whatever is to be done is said to both ends."""

    src: Handle
    dst: Handle
    rules: dict[_Rule, Fault | None]
    network: Network

    def cut(self, effect: Effect) -> None:
        """Drop everything from now on."""
        if "partition" in self.network.wire and self.network.carries(self.src.name, self.dst.name):
            effect.packets = True
            self.network.cut(self.src.name, self.dst.name, effect.unit)
            return
        self.rules[effect.unit, self.src.name, self.dst.name] = None
        self._tell("cut", effect.unit)

    def disturb(self, fault: Fault, effect: Effect) -> None:
        """Lose, duplicate, delay or keep back messages from now on, or do it to packets."""
        if fault.family in self.network.wire:
            effect.packets = True
            self.network.disturb(self.src.name, self.dst.name, fault)
            return
        self.rules[fault.unit, self.src.name, self.dst.name] = fault
        self._tell("disturb", fault)

    def mend(self, unit: int) -> Sequence[Any]:
        """End what the unit does. The sender sends what was kept back."""
        rule = unit, self.src.name, self.dst.name
        if rule in self.rules:
            del self.rules[rule]
            self._tell("mend", unit)
        else:
            self.network.mend(self.src.name, self.dst.name, unit)
        return ()

    def _tell(self, verb: str, what: object) -> None:
        for end in (self.src, self.dst):
            if end.up:
                end.tell(verb, self.src.name, self.dst.name, what)


class LocalEngine:
    """Starts, stops and commands the nodes. `reports` is what the runner must know; an error ends the run.

    While a fault is aimed and begun all servers stand still, wherever they are. One that came to a moment for which a
    trigger waits stands still as well, until that was dealt with.
    """

    def __init__(
        self,
        handles: Mapping[str, Handle],
        boot: Callable[[Server], Boot],
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        machines: Machines,
        whole: bool,
    ) -> None:
        self.reports: list[Report] = []
        self.error: BaseException | None = None
        self.closed = False
        self._handles = handles
        self._servers = [handle for handle in handles.values() if isinstance(handle, Server)]
        self._boot = boot
        self._clock = clock
        self._loop = loop
        self._machines = machines
        self._network = network = machines.network
        self._whole = whole
        self._rules: dict[_Rule, Fault | None] = {}
        self._hampered = Hampered()
        self._still = False
        self._overheard: list[tuple[Server, Frame]] = []
        self._watched: tuple[Watched, ...] = ()
        self._starting: set[str] = set()
        self._ready: list[Server] = []
        self._begun = False
        self.effects: Mapping[int, Effect] = {}
        for src in handles.values():
            src.links = {dst.name: Direction(src, dst, self._rules, network) for dst in handles.values()}

    @property
    def now(self) -> int:
        """Time since the start of the run, nanoseconds."""
        return self._clock.now

    @property
    def complete(self) -> bool:
        """Whether every server that was started has come up."""
        return not self._starting

    def attach(self, armed: Sequence[Armed], fire: Fire, administered: Administered) -> None:
        """Call `fire` at every moment that a trigger may wait for, and `administered` with the answers to
        administrative operations: those have negative numbers."""
        self._armed, self._fire, self._administered = armed, fire, administered

    @contextmanager
    def standstill(self) -> Iterator[None]:
        """Have all servers stand still that are up and not paused, and say what they know."""
        if self._still:
            yield
            return
        self._still = True
        halted = [server for server in self._servers if server.up and not server.blocked]
        for server in halted:
            server.tell("freeze", self._whole)
        for server in halted:
            with self._unless_lost(server):
                self._ask(server)
        self.take_counts()
        try:
            yield
        finally:
            self._still = False
            self.refresh_watch()
            for server in halted:
                if server.up:
                    server.tell("thaw")

    def take_counts(self) -> None:
        """Count what faults did at clients, and between the nodes."""
        self._count(self._network.take_counts())
        for handle in self._handles.values():
            if isinstance(handle, Client):
                self._count(handle.local.take_counts())

    def refresh_watch(self) -> None:
        """Tell every node for which moments triggers wait, if that has changed."""
        watched = tuple(dict.fromkeys(_watched(one, self.effects) for one in self._armed))
        wanted = tuple(one for one in watched if one is not None)
        if wanted != self._watched:
            self._watched = wanted
            for handle in self._handles.values():
                if handle.up:
                    handle.tell("watch", wanted)

    def call(self, delay: int, function: Callable[..., None], *arguments: object) -> None:
        """Call the function that much later."""
        self._loop.call_later(delay / BILLION, self.guarded, function, *arguments)

    def guarded(self, function: Callable[..., None], *arguments: object) -> None:
        """Call a function from the loop: whatever it raises ends the run, and what it reports is taken up."""
        try:
            function(*arguments)
            self.refresh_watch()
        except ContractError as error:
            self.fail(error)
        if self.reports:
            self.wake()

    def wake(self) -> None:
        """Have whoever runs the loop look at what there is."""
        if not self.closed:
            self._loop.stop()

    def fail(self, error: BaseException) -> None:
        """End the run with this error, unless one came before."""
        self.error = self.error or error
        self.wake()

    # What faults do

    def start(self, host: Handle) -> None:
        """Start a server's process. It is up when it has come so far that it is told where the others are."""
        assert isinstance(host, Server)
        if host.lost:
            return
        with self._unless_lost(host):
            host.epoch += 1
            host.run(self._machines.spawn(host.name), self._boot(host))
            self._starting.add(host.name)
            self._hampered.go_on(host)
            self._loop.add_reader(host.channel.fileno(), self.guarded, self._listen, host)

    def kill(self, host: Handle, family: Family = "kill") -> None:
        """Kill a server's process. The next one does to the disk what the family says (bench/worlds/disks.py)."""
        assert isinstance(host, Server)
        self._hampered.suspend(host)
        if host.running:
            self._loop.remove_reader(host.channel.fileno())
            host.kill()
        host.died = family

    def pause(self, host: Handle) -> None:
        """Stop a server's process."""
        assert isinstance(host, Server)
        self._hampered.suspend(host)
        with self._unless_lost(host):
            host.pause()

    def resume(self, host: Handle) -> None:
        """Let a server's process go on."""
        assert isinstance(host, Server)
        with self._unless_lost(host):
            host.resume()
        self._hampered.go_on(host)

    def hamper(self, host: Handle, fault: Fault, effect: Effect) -> None:
        """Slow a server's process down, or let it open no further files."""
        assert isinstance(host, Server)
        self._hampered.begin(host, fault, effect)

    def relieve(self, host: Handle, unit: int) -> None:
        """Let a server's process be as it was."""
        assert isinstance(host, Server)
        self._hampered.end(host, unit)

    def relieve_all(self) -> None:
        """Hamper nobody any more."""
        self._hampered.close()

    def drift(self, host: Handle, gain: int) -> None:
        """Have a server's clock run faster, by parts per billion."""
        host.tell("drift", gain)

    def jump(self, host: Handle, step: int) -> None:
        """Have a server's clock step."""
        host.tell("jump", step)

    def forward(self, link: Any, unit: int, parcels: Sequence[Any]) -> None:
        """Nothing: the sender does it when its link is mended."""

    def invoke(self, host: Handle, op: Invocation) -> None:
        """Hand an operation to a client."""
        assert isinstance(host, Client)
        host.local.invoke(op)

    def discard(self, host: Handle) -> None:
        """Throw a client away, and start a fresh one."""
        assert isinstance(host, Client)
        host.local.restart_empty()

    def answered(self, op: Invocation, outcome: Outcome, value: Value, error: str | None) -> None:
        """A client has answered."""
        if op.operation < 0:
            self._administered(op, outcome, value, error)
        else:
            self.reports.append(Completed(op.operation, outcome, value, error))
            self.wake()

    def moment_at(self, name: str, moment: Moment, type_: str) -> None:
        """A client came to a moment that a trigger waits for."""
        self._fire(moment, type_, self._handles[name])
        self.refresh_watch()
        if self.reports:
            self.wake()

    # What servers say

    def _listen(self, server: Server) -> None:
        with self._unless_lost(server):
            while server.running and server.channel.waits():
                self._take_in(server, server.hear())

    @contextmanager
    def _unless_lost(self, server: Server) -> Iterator[None]:
        """A server whose machine is lost is down for good. Before the run has begun that is an error."""
        try:
            yield
        except LostError as error:
            if not self._begun:
                raise ContractError(str(error)) from None
            if server.running:
                self._loop.remove_reader(server.channel.fileno())
                server.kill()
            server.lost = True
            self._starting.discard(server.name)
            self.reports.append(Lost(server.name, str(error)))
            self.wake()

    def _take_in(self, server: Server, frame: Frame) -> None:
        match frame:
            case ("port", port):
                self._introduce(server, port)
            case ("moment", moment, type_, role):
                server.role = role
                self._fire(moment, type_, server)
                self.refresh_watch()
                server.tell("thaw")
            case _:
                raise ContractError(f"{server.name} said {frame[0]!r} out of turn")

    def _introduce(self, server: Server, port: int) -> None:
        """A process is ready. At first all wait for each other; time begins when all are there."""
        server.port = port
        self._ready.append(server)
        if not self._begun and len(self._ready) < len(self._servers):
            return
        if not self._begun:
            self._clock.origin = time.monotonic_ns()
            self._begun = True
        for one in self._ready:
            self._begin(one)
        self._ready.clear()
        if self.complete:
            self.wake()

    def _begin(self, server: Server) -> None:
        """Tell a server of the others and of the faults in force, tell them of it, and start its node."""
        server.tell("meet", {name: self._route(server, other) for name, other in self._handles.items()})
        for (unit, src, dst), fault in self._rules.items():
            if server.name in (src, dst):
                server.tell(*(("cut", src, dst, unit) if fault is None else ("disturb", src, dst, fault)))
        for other in self._handles.values():
            if other is not server and other.up:
                other.tell("meet", {server.name: self._route(other, server)})
        server.tell("start", self._machines.origin(server.name, self._clock.origin))
        server.tell("watch", self._watched)
        server.up = True
        self._starting.discard(server.name)

    def _route(self, src: Handle, dst: Handle) -> Place:
        return self._network.route(src.name, dst.name, (dst.address, dst.port))

    def _ask(self, server: Server) -> None:
        """Take in a server's state. What it says before that is dealt with later."""
        while (frame := server.hear())[0] != "state":
            self._overheard.append((server, frame))
            self._loop.call_soon(self.guarded, self._take_overheard)
        _, role, counts, memory = frame
        server.remember(role, memory)
        self._count(counts)

    def _take_overheard(self) -> None:
        if self._overheard:
            server, frame = self._overheard.pop(0)
            if server.up:
                self._take_in(server, frame)

    def _count(self, counts: Mapping[int, int]) -> None:
        for unit, count in counts.items():
            self.effects[unit].count += count


def _watched(one: Armed, effects: Mapping[int, Effect]) -> Watched | None:
    """What nodes must tell of for this trigger; None if that is nothing, now."""
    trigger = one.trigger
    if trigger.moment in ("start", "stop") or (trigger.follows is not None and trigger.follows not in effects):
        return None
    return Watched(trigger.moment, trigger.type, trigger.after, "" if ":" in trigger.node else trigger.node)
