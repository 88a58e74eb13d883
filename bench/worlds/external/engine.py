"""What the bench does to the servers of a database, and hears from them and from its clients."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from queue import Empty, Queue
from typing import Any, TypeAlias

from ....histories.event import Invocation
from ....nemesis.families import DISKS
from ....nemesis.fault import Effect, Family, Fault
from ...actions import Completed, Report
from ..faults import Administered, Armed, Fire, Wire
from ..hampered import Hampered
from ..local.network import Network
from ..local.node import BILLION, Clock
from ..local.owned import Workspace
from .client import Client
from .server import Server

Handle: TypeAlias = Server | Client


class Direction:
    """One direction between two nodes."""

    def __init__(self, src: str, dst: str, network: Network) -> None:
        self._src, self._dst = src, dst
        self._network = network

    def cut(self, effect: Effect) -> None:
        """Drop everything from now on."""
        effect.packets = True
        self._network.cut(self._src, self._dst, effect.unit)

    def disturb(self, fault: Fault, effect: Effect) -> None:
        """Do to packets what the fault says, from now on."""
        effect.packets = True
        self._network.disturb(self._src, self._dst, fault)

    def mend(self, unit: int) -> Sequence[Any]:
        """End what the unit does."""
        self._network.mend(self._src, self._dst, unit)
        return ()


class Engine:
    """Starts, stops and cuts off servers. `reports` is what the runner must know.

    Threads say what they have to say through `tell`; it is taken in by the thread that calls `wait`.
    """

    def __init__(
        self,
        servers: Mapping[str, Server],
        clients: Mapping[str, Client],
        clock: Clock,
        workspace: Workspace,
        network: Network,
    ) -> None:
        self.reports: list[Report] = []
        self.effects: Mapping[int, Effect] = {}
        self.notes: list[str] = []
        self._servers = servers
        self._clock = clock
        self._workspace = workspace
        self._network = network
        self._hampered = Hampered()
        self._failing: dict[tuple[str, int], tuple[Effect, int]] = {}
        # not a SimpleQueue: its `get` with a timeout may wait for ever, if the time is up just when something was taken
        self._inbox: Queue[Completed | Server | BaseException] = Queue()
        self._timers: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = count()
        self._open: dict[int, tuple[Client, str]] = {}
        nodes: list[Handle] = [*servers.values(), *clients.values()]
        for node in nodes:
            others = (other.name for other in nodes if other is not node)
            node.links = {other: Direction(node.name, other, network) for other in others}

    @property
    def now(self) -> int:
        return self._clock.now

    def attach(self, armed: Sequence[Armed], fire: Fire, administered: Administered) -> None:
        """Learn what triggers wait for."""
        self._fire = fire

    @contextmanager
    def standstill(self) -> Iterator[None]:
        """Programs that are not ours do not stand still: what is known of them is what was seen last."""
        yield

    def tell(self, what: Completed | Server | BaseException) -> None:
        """Say that something has happened. For other threads."""
        self._inbox.put(what)

    def wait(self, until: int | None) -> None:
        """Take in what happens, up to that time, or until there is something to be reported."""
        while not self.reports:
            while self._timers and self._timers[0][0] <= self.now:
                _, _, function, arguments = heapq.heappop(self._timers)
                function(*arguments)
            if self.reports:
                return
            due = [time for time in (until, self._timers[0][0] if self._timers else None) if time is not None]
            left = (min(due) - self.now) / BILLION if due else None
            try:
                what = self._inbox.get(timeout=None if left is None else max(left, 0))
            except Empty:
                if until is not None and self.now >= until:
                    return
            else:
                self._take_in(what)

    def _take_in(self, what: Completed | Server | BaseException) -> None:
        if isinstance(what, BaseException):
            raise what
        if isinstance(what, Server):
            self._fire("role", what.role, what)
            return
        self.reports.append(what)
        if what.operation in self._open:
            client, f = self._open.pop(what.operation)
            self._fire("complete", f, client)

    def look(self) -> None:
        """Note which servers have ended by themselves. They are started again when everything is healed."""
        for server in self._servers.values():
            code = server.ended
            if code is not None:
                self.notes.append(f"{server.name} ended by itself at {self.now / BILLION:.3f} s, with code {code}")
                server.kill()

    def invoke(self, host: Handle, op: Invocation) -> None:
        """Hand an operation to a client."""
        assert isinstance(host, Client)
        self._open[op.operation] = host, op.f
        host.invoke(op)
        self._fire("invoke", op.f, host)

    def discard(self, host: Handle) -> None:
        """Throw a client away, and start a fresh one."""
        assert isinstance(host, Client)
        host.discard()

    def call(self, delay: int, function: Callable[..., None], *arguments: object) -> None:
        """Call the function that much later."""
        heapq.heappush(self._timers, (self.now + delay, next(self._order), function, arguments))

    def start(self, host: Handle) -> None:
        """Start a server."""
        assert isinstance(host, Server)
        for pid in host.start():
            self._workspace.own(pid)
        self._hampered.go_on(host)

    def kill(self, host: Handle, family: Family) -> None:
        """Kill a server."""
        assert isinstance(host, Server)
        self._hampered.suspend(host)
        host.kill()

    def pause(self, host: Handle) -> None:
        """Stop a server."""
        assert isinstance(host, Server)
        self._hampered.suspend(host)
        host.pause()

    def resume(self, host: Handle) -> None:
        """Let a server go on."""
        assert isinstance(host, Server)
        host.resume()
        self._hampered.go_on(host)

    def drift(self, host: Handle, gain: int) -> None:
        """Have a server's clocks run faster, by parts per billion."""
        assert isinstance(host, Server)
        if host.clock is not None:
            host.clock.drift(gain)

    def jump(self, host: Handle, step: int) -> None:
        """Have a server's clock step."""
        assert isinstance(host, Server)
        if host.clock is not None:
            host.clock.jump(step)

    def hamper(self, host: Handle, fault: Fault, effect: Effect) -> None:
        """Make a server slow, let it open no further files, or let its files fail."""
        assert isinstance(host, Server)
        if host.disk is not None and fault.family in DISKS:
            self._failing[host.name, fault.unit] = effect, host.disk.count
            if fault.family == "files.errors":
                host.disk.set(syncs="fail", rate=fault.rate)
            else:
                host.disk.set(writes="full", rate=fault.rate)
        else:
            self._hampered.begin(host, fault, effect)

    def relieve(self, host: Handle, unit: int) -> None:
        """Hamper a server no more."""
        assert isinstance(host, Server)
        if host.disk is not None and (host.name, unit) in self._failing:
            effect, before = self._failing.pop((host.name, unit))
            effect.count += host.disk.count - before
            host.disk.set()
        else:
            self._hampered.end(host, unit)

    def close(self) -> None:
        """Hamper nobody any more."""
        self._hampered.close()

    def forward(self, link: Wire, unit: int, parcels: Sequence[Any]) -> None:
        """Nothing was kept back."""

    def take_counts(self) -> None:
        """Count what faults did between the nodes."""
        for unit, number in self._network.take_counts().items():
            self.effects[unit].count += number
