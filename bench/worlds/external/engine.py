"""What the bench does to the servers of a database, and hears from them and from its clients."""

import heapq
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from queue import Empty, Queue
from typing import Any

from ....histories.event import Invocation
from ....nemesis.fault import Effect, Family, Fault
from ...actions import Completed, Report
from ..faults import Administered, Armed, Fire, Wire
from ..local.network import Network
from ..local.node import BILLION, Clock
from ..local.owned import Workspace
from .client import Client
from .server import Server


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
        """Messages of programs that are not ours cannot be told from each other."""
        raise NotImplementedError(fault.family)

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
        # not a SimpleQueue: its `get` with a timeout may wait for ever, if the time is up just when something was taken
        self._inbox: Queue[Completed | Server | BaseException] = Queue()
        self._timers: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = count()
        self._open: dict[int, tuple[Client, str]] = {}
        self._lock = threading.Lock()
        names = [*servers, *clients]
        for name, node in (*servers.items(), *clients.items()):
            node.links = {other: Direction(name, other, network) for other in names if other != name}

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

    def invoke(self, host: Client, op: Invocation) -> None:
        """Hand an operation to a client."""
        self._open[op.operation] = host, op.f
        host.invoke(op)
        self._fire("invoke", op.f, host)

    def discard(self, host: Client) -> None:
        """Throw a client away, and start a fresh one."""
        host.discard()

    def call(self, delay: int, function: Callable[..., None], *arguments: object) -> None:
        """Call the function that much later."""
        heapq.heappush(self._timers, (self.now + delay, next(self._order), function, arguments))

    def start(self, host: Server) -> None:
        """Start a server."""
        for pid in host.start():
            self._workspace.own(pid)

    def kill(self, host: Server, family: Family) -> None:
        """Kill a server."""
        host.kill()

    def pause(self, host: Server) -> None:
        """Stop a server."""
        host.pause()

    def resume(self, host: Server) -> None:
        """Let a server go on."""
        host.resume()

    def drift(self, host: Server, gain: int) -> None:
        """Clocks of programs that are not ours are not ours to set."""
        raise NotImplementedError("clock.drift")

    def jump(self, host: Server, step: int) -> None:
        """Clocks of programs that are not ours are not ours to set."""
        raise NotImplementedError("clock.jump")

    def forward(self, link: Wire, unit: int, parcels: Sequence[Any]) -> None:
        """Nothing was kept back."""

    def take_counts(self) -> None:
        """Count what faults did between the nodes."""
        for unit, number in self._network.take_counts().items():
            self.effects[unit].count += number
