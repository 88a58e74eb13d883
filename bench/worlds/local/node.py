"""A node on an event loop: the handlers, timers, storage and links of the node contract in real time.

Servers run in processes of their own (host.py), clients in the bench's. A trigger that waits for a moment at the node
is told to whoever made it by `moment`, which returns when the node may go on.
"""

import asyncio
import os
import socket
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from ....errors import ContractError
from ....histories.event import Invocation
from ....histories.operation import Outcome, Value
from ....nemesis.cluster import PRIMARY_ROLES
from ....nemesis.fault import Effect, Fault, Moment
from ....systems.codec import Codec
from ....systems.node import ClientNode, Message
from ....systems.storage import Disk
from ..simulated.context import SEND, SET
from ..simulated.host import Handler, Host, Outputs
from ..simulated.network import Link, Parcel
from .disk import FileDisk
from .wires import Incoming, Outgoing, Place, new_socket

BILLION: Final = 1_000_000_000


class Clock:
    """The machine's monotonic clock, which all processes share, from the start of the run (nanoseconds)."""

    def __init__(self, origin: int) -> None:
        self.origin = origin

    @property
    def now(self) -> int:
        return time.monotonic_ns() - self.origin


class Watched(NamedTuple):
    """A moment that a trigger waits for; see nemesis/fault.py: Trigger. `nodes` is "" or `primaries` or names."""

    moment: Moment
    type: str
    after: int
    nodes: str


@dataclass(slots=True)
class Held:
    """Outputs that wait for those before them and, if `mark` is not None, for the sync up to it."""

    mark: int | None
    outputs: Outputs
    event: object


class Way(Protocol):
    """The way from one node to another, over which bytes go."""

    def goes_to(self, place: Place) -> None: ...
    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Links:
    """Of which kind the links of a deployment are (systems/system.py: FaultModel), and the root of their draws."""

    root: int
    fifo: bool
    reliable: bool


class LocalNode:
    """One node. `answered` is told what a client answers, `failed` which error ended a handler."""

    def __init__(
        self,
        host: Host,
        codec: Codec,
        links: Links,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        *,
        moment: Callable[[Moment, str], None],
        failed: Callable[[ContractError], None],
        answered: Callable[[Invocation, Outcome, Value, str | None], None] | None = None,
    ) -> None:
        self.host = host
        self.watched: tuple[Watched, ...] = ()
        self._codec = codec
        self._kind = links
        self._clock = clock
        self._loop = loop
        self._moment = moment
        self._failed = failed
        self._answered = answered
        self._incoming: dict[str, Link] = {}
        self._outgoing: dict[str, Way] = {}
        self._connections: set[Incoming] = set()
        self._server: asyncio.Server | None = None
        self._new_socket = new_socket
        self._timers: dict[int, tuple[asyncio.TimerHandle, str, int]] = {}
        self._held: deque[Held] = deque()
        self._syncing = False
        self._sequence = 0
        self._effects: dict[int, Effect] = {}

    async def listen(self, address: str, new_socket: Callable[[], socket.socket]) -> int:
        """Accept connections on a free port of that address; returns the port. `new_socket` makes TCP sockets."""
        name, connections = self.host.name, self._connections
        self._new_socket = new_socket
        listening = new_socket()
        listening.bind((address, 0))
        self._server = await self._loop.create_server(lambda: Incoming(name, self.deliver, connections), sock=listening)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def meet(self, places: Mapping[str, Place]) -> None:
        """These nodes are to be found there now."""
        for name, place in places.items():
            if name not in self._outgoing:
                self.join(name, Outgoing(self._loop, self.host.name, name, self._new_socket))
            self._outgoing[name].goes_to(place)

    def join(self, name: str, way: Way) -> None:
        """Another node is reached in that way."""
        self._outgoing[name] = way
        ordered, reliable = self._kind.fifo, self._kind.reliable
        self.host.links[name] = Link(self.host.name, name, ordered=ordered, reliable=reliable)
        self._incoming[name] = Link(name, self.host.name)

    def start(self) -> None:
        """Boot the node: its next epoch, with fresh memory. What it answers to an older operation is dropped."""
        host = self.host
        host.stop()
        host.open = None
        self._held.clear()
        self._syncing = False
        parts = host.boot()
        for part in parts:
            self._handle(type(part.instance).start, part.instance, part.context)
        self._settle("start")

    def restart_empty(self) -> None:
        """Boot a client, without what the one before it stored."""
        self.host.disk = Disk()
        self.start()

    def invoke(self, op: Invocation) -> None:
        """Have a client carry out an operation."""
        host = self.host
        host.open = op.operation
        node = host.node
        assert isinstance(node, ClientNode)
        if op.operation >= 0:
            self._fire("invoke", op.f)
        self._handle(type(node).on_invoke, node, host.parts[""].context, op)
        self._settle(op)

    def close(self) -> None:
        """Stop, and close all connections."""
        self.host.stop()
        if self._server is not None:
            self._server.close()
        for outgoing in self._outgoing.values():
            outgoing.close()
        for incoming in tuple(self._connections):
            incoming.close()
        for handle, _, _ in self._timers.values():
            handle.cancel()

    # Faults

    def cut(self, src: str, dst: str, unit: int) -> None:
        """Drop what goes over a link of this node, one that leaves it or one that comes in."""
        effect = self._effects.setdefault(unit, Effect(unit=unit, family="partition"))
        if src == self.host.name:
            self.host.links[dst].cut(effect)
        elif not self._kind.reliable:
            self._incoming[src].cut(effect)

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        """Lose, duplicate, delay or keep back messages on a link that leaves this node."""
        if src == self.host.name:
            effect = self._effects.setdefault(fault.unit, Effect(unit=fault.unit, family=fault.family))
            self.host.links[dst].disturb(fault, effect)

    def mend(self, src: str, dst: str, unit: int) -> None:
        """End what a unit does to a link of this node, and send what it kept back."""
        if src != self.host.name:
            self._incoming[src].mend(unit)
            return
        link = self.host.links[dst]
        for parcel in link.mend(unit):
            if link.cuts and link.reliable:
                link.drop(parcel)
            else:
                self._transmit(link, self._codec.encode(parcel[1], parcel[2]), 0)

    def take_counts(self) -> dict[int, int]:
        """How often each unit had an effect here since this was last asked."""
        counts = {unit: effect.count for unit, effect in self._effects.items() if effect.count}
        for unit in counts:
            self._effects[unit].count = 0
        return counts

    def watch(self, watched: Sequence[Watched]) -> None:
        """These moments are waited for from now on, and no others."""
        if any(one.moment == "role" for one in watched) and not any(one.moment == "role" for one in self.watched):
            self.host.role = self.host.believes() if self.host.up else ""
        self.watched = tuple(watched)

    def drift(self, gain: int) -> None:
        """Have the node's clock, and its timers, run faster by parts per billion from now on."""
        host = self.host
        clock = host.go_wrong()
        now = self._clock.now
        left = {ticket: clock.passes(due - now) for ticket, (_, _, due) in self._timers.items()}
        clock.run(gain)
        for ticket, time_left in left.items():
            handle, name, _ = self._timers[ticket]
            handle.cancel()
            self._set(name, ticket, clock.takes(time_left))

    def jump(self, step: int) -> None:
        """Have the node's clock step."""
        self.host.go_wrong().step += step

    # Events

    def deliver(self, src: str, data: bytes) -> None:
        """Hand the node a message that has arrived."""
        host = self.host
        if not host.parts:
            return
        try:
            path, message = self._codec.decode(data)
            link = self._incoming[src]
            if link.cuts:
                link.drop((0, message, path, 0))
                return
            if self.watched:
                self._fire("deliver", type(message).__name__)
            part = host.parts[path]
            handler = part.handlers[type(message)]
        except ContractError as error:
            self._failed(error)
        except KeyError:
            name = f"{src} sent {host.name} something"
            self._failed(ContractError(f"{name} for the nested node {path!r} that it does not handle"))
        else:
            self._handle(handler, part.instance, part.context, src, message)
            self._settle(message)

    def _expire(self, ticket: int) -> None:
        _, name, _ = self._timers.pop(ticket)
        timer = self.host.timers.get(name)
        if timer is None or timer[0] != ticket:
            return
        del self.host.timers[name]
        _, part, function, arguments = timer
        self._handle(function, part.instance, part.context, *arguments)
        self._settle(name)

    def _handle(self, function: Handler, *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:
            for line in "".join(traceback.format_exception(error)).splitlines():
                self.host.write(line)
            reason = str(error) if isinstance(error, ContractError) else f"{type(error).__name__}: {error}"
            name = getattr(function, "__qualname__", str(function))
            self._failed(ContractError(f"{self.host.name}: {name} at {self._clock.now} ns: {reason}"))

    def _settle(self, event: object) -> None:
        """After a handler: let its outputs go, or hold them."""
        host = self.host
        if isinstance(host.disk, FileDisk):
            host.disk.write()
        if self.watched and host.up:
            role = host.believes()
            if role != host.role:
                host.role = role
                self._fire("role", role)
        if host.mark is None and not self._held:
            outputs, host.outputs = host.outputs, []
            self._release(outputs)
            return
        mark, outputs = host.mark, host.outputs
        host.mark, host.outputs = None, []
        if mark is not None or outputs:
            self._held.append(Held(mark, outputs, event))
        if mark is not None:
            self._fire("sync_start", type_of(event))
            if not self._syncing:
                self._sync()

    def _sync(self) -> None:
        """Begin a sync of all that was written; one at a time, each for all handlers that asked since the last."""
        self._syncing = True
        disk, epoch = self.host.disk, self.host.epoch
        mark = disk.mark()
        if isinstance(disk, FileDisk):
            future = self._loop.run_in_executor(None, os.fdatasync, disk.file)
            future.add_done_callback(lambda _: self._synced(epoch, mark))
        else:
            self._loop.call_soon(self._synced, epoch, mark)

    def _synced(self, epoch: int, mark: int) -> None:
        if epoch != self.host.epoch or not self.host.up:
            return
        self.host.disk.finish(mark)
        for held in tuple(self._held):
            if held.mark is not None and held.mark <= mark:
                held.mark = None
                self._fire("sync_done", type_of(held.event))
        while self._held and self._held[0].mark is None:
            self._release(self._held.popleft().outputs)
        if any(held.mark is not None for held in self._held):
            self._sync()
        else:
            self._syncing = False

    def _release(self, outputs: Outputs) -> None:
        for output in outputs:
            kind = output[0]
            if kind == SEND:
                _, link, message, path, key = output
                if self.watched:
                    self._fire("before_send", type(message).__name__)
                self._send(link, message, path, key)
                if self.watched:
                    self._fire("after_send", type(message).__name__)
            elif kind == SET:
                _, name, ticket, delay = output
                self._set(name, ticket, delay if self.host.wrong is None else self.host.wrong.takes(delay))
            else:
                self._answer(*output[1:])

    def _send(self, link: Link, message: Message, path: str, key: list[int]) -> None:
        identity, n = key
        key[1] = n + 1
        try:
            data = self._codec.encode(message, path)
        except ContractError as error:
            self._failed(ContractError(f"{self.host.name}: {error}"))
            return
        if not link.faulty:
            self._transmit(link, data, 0)
            return
        self._sequence += 1
        parcel: Parcel = (self._sequence, message, path, self._clock.now)
        delays = link.copies(parcel, type_of(message), identity, n, self._kind.root)
        if not isinstance(delays, str):
            for delay in (delays[0], *(delays[0] + extra for extra in delays[1:])):
                self._transmit(link, data, delay)

    def _transmit(self, link: Link, data: bytes, delay: int) -> None:
        send = self._outgoing[link.dst].send
        if link.ordered:
            now = self._clock.now
            delay = link.in_order(now + delay) - now
        if delay > 1:
            self._loop.call_later(delay / BILLION, send, data)
        else:
            send(data)

    def _set(self, name: str, ticket: int, delay: int) -> None:
        handle = self._loop.call_later(delay / BILLION, self._expire, ticket)
        self._timers[ticket] = (handle, name, self._clock.now + delay)

    def _answer(self, op: Invocation, outcome: Outcome, output: Value, error: str | None) -> None:
        if op.operation != self.host.open or self._answered is None:
            return
        self.host.open = None
        self._answered(op, outcome, output, error)
        if op.operation >= 0:
            self._fire("complete", op.f)

    def _fire(self, moment: Moment, type_: str) -> None:
        """Tell of a moment that a trigger waits for, and go on when that has been dealt with."""
        for one in self.watched:
            if one.moment == moment and one.type in ("", type_) and self._is_at(one):
                self._moment(moment, type_)
                return

    def _is_at(self, one: Watched) -> bool:
        host = self.host
        if self._clock.now < one.after:
            return False
        if one.nodes == "primaries":
            return not host.is_client and host.up and host.believes() in PRIMARY_ROLES
        return not one.nodes or host.name in [name.strip() for name in one.nodes.split(",")]


def type_of(event: object) -> str:
    """What a trigger calls the event: a message's class, an operation's f, a timer's name, or "start"."""
    if isinstance(event, Invocation):
        return event.f
    return type(event).__name__ if isinstance(event, Message) else str(event)
