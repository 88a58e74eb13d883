"""What the bench does to nodes, and the network between them, in real time."""

import heapq
import select
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import msgspec

from ....errors import ContractError
from ....histories.event import Invocation
from ....nemesis.fault import Effect, Family, Fault
from ...actions import Report
from ..external.world import tail_of
from ..faults import Administered, Armed, Fire
from ..hampered import Hampered
from ..local.node import BILLION, Clock
from ..local.owned import Workspace
from ..simulated.network import Link, log_uniform, pick
from .node import Client, Message, Node, parsed
from .requests import Body, completed, request
from .services import Service

LONGEST: Final = 60.0
"""Seconds that are waited at once, at most."""


class ClientLink(Link):
    """A link from or to a client. Nothing is doubled there: a request has no mark by which its double is known."""

    __slots__ = ()

    def disturb(self, fault: Fault, effect: Effect) -> None:
        """Lose, delay or keep back messages from now on."""
        if fault.family != "messages.duplicate":
            super().disturb(fault, effect)


class Engine:
    """Starts and stops nodes, and carries their messages. `reports` is what the runner must know.

    `setup` are the bodies of the messages that a node gets when it starts, from `starter`, each after the reply to the
    one before. `slowest` is how long a message takes at most without a fault (nanoseconds), a tenth of it at least.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        clients: Mapping[str, Client],
        services: Mapping[str, Service],
        *,
        workload: str,
        setup: Callable[[str], Sequence[Body]],
        starter: str,
        slowest: int,
        root: int,
        clock: Clock,
        workspace: Workspace,
        trace: bool,
    ) -> None:
        self.reports: list[Report] = []
        self.crashes: list[tuple[str, str]] = []
        self._hampered = Hampered()
        self.sent = 0
        self.between = 0
        self.invoked = 0
        self.trace: list[dict[str, Any]] | None = [] if trace else None
        self._nodes = nodes
        self._clients = clients
        self._services = services
        self._workload = workload
        self._setup = setup
        self._starter = starter
        self._delays = log_uniform(max(1, slowest // 10), slowest) if slowest else ()
        self._root = root
        self._clock = clock
        self._workspace = workspace
        self._timers: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = count()
        self._numbers = count(1)
        self._keys: dict[tuple[str, str, str], list[int]] = {}
        self._unset: dict[str, list[Body]] = {}
        self._links: dict[tuple[str, str], Link] = {}
        names = [*nodes, *clients]
        ends: list[Node | Client] = [*nodes.values(), *clients.values()]
        for end in ends:
            name = end.name
            end.links = {
                other: ClientLink(name, other) if {name, other} & clients.keys() else Link(name, other)
                for other in names
                if other != name
            }
            self._links |= {(name, other): link for other, link in end.links.items()}
            if name in nodes:
                self._links[name, name] = Link(name, name)
                for service in services:
                    self._links[name, service] = Link(name, service)
                    self._links[service, name] = Link(service, name)

    @property
    def now(self) -> int:
        return self._clock.now

    def attach(self, armed: Sequence[Armed], fire: Fire, administered: Administered) -> None:
        """Learn what triggers wait for."""
        self._armed, self._fire = armed, fire

    @contextmanager
    def standstill(self) -> Iterator[None]:
        """Messages stand still while a fault begins: nobody else carries them."""
        yield

    # Time

    def wait(self, until: int | None) -> None:
        """Carry messages, up to that time, or until there is something to be reported."""
        while not self.reports:
            self.step(until)
            if until is not None and self.now >= until:
                return

    def step(self, until: int | None) -> None:
        """Do what is due and take in what was written, once; at most up to that time."""
        while self._timers and self._timers[0][0] <= self.now:
            _, _, function, arguments = heapq.heappop(self._timers)
            function(*arguments)
            if self.reports:
                return
        due = [time for time in (until, self._timers[0][0] if self._timers else None) if time is not None]
        left = (min(due) - self.now) / BILLION if due else LONGEST
        up = [node for node in self._nodes.values() if node.up]
        writing = [node.writes for node in up if node.unwritten]
        reads, writes, _ = select.select([node.reads for node in up], writing, [], min(max(left, 0), LONGEST))
        for node in up:
            if node.up and node.writes in writes:
                node.flush()
            if node.up and node.reads in reads:
                self._hear(node)

    def call(self, delay: int, function: Callable[..., None], *arguments: object) -> None:
        """Call the function that much later."""
        heapq.heappush(self._timers, (self.now + delay, next(self._order), function, arguments))

    # Messages

    def _hear(self, node: Node) -> None:
        """Take in what a node has written."""
        lines = node.read()
        if lines is None:
            self._crashed(node)
            return
        for line in lines:
            message = parsed(line, node.name)
            if message.dest == self._starter:
                self._go_on(node, message.body)
            elif (node.name, message.dest) not in self._links:
                raise ContractError(f"{node.name} sent a message to {message.dest!r}, which is nobody's name")
            else:
                self.send(node.name, message.dest, message.body)

    def send(self, src: str, dst: str, body: Body) -> None:
        """Send a message on its way, whatever becomes of it."""
        type_, end = body["type"], self._nodes.get(src)
        if self._armed and end is not None:
            self._fire("before_send", type_, end)
        self.sent += 1
        self.between += src not in self._clients and dst not in self._clients
        link, key = self._links[src, dst], self._keys.get((src, dst, type_))
        if key is None:
            key = self._keys[src, dst, type_] = [zlib.crc32(f"{src} {dst} {type_}".encode()), 0]
        identity, number = key
        key[1] = number + 1
        parcel = (next(self._order), body, "", self.now)
        delays = link.copies(parcel, type_, identity, number, self._root) if link.faulty else [0]
        if isinstance(delays, str):
            self._note(delays, link, body, self.now)
            return
        latency = pick(self._delays, identity, number, self._root) if self._delays else 0
        for extra in (0, *delays[1:]):
            self.call(latency + delays[0] + extra, self._deliver, link, parcel)
        if self._armed and end is not None:
            self._fire("after_send", type_, end)

    def _deliver(self, link: Link, parcel: tuple[int, Body, str, int]) -> None:
        body, dst = parcel[1], link.dst
        if link.cuts:
            self._note(link.drop(parcel), link, body, parcel[3])
        elif dst in self._services:
            self._note("deliver", link, body, parcel[3])
            reply = self._services[dst].answer(link.src, body)
            self.send(dst, link.src, {**reply, "in_reply_to": body.get("msg_id"), "msg_id": next(self._numbers)})
        elif dst in self._clients:
            self._note("deliver", link, body, parcel[3])
            self._answered(self._clients[dst], body)
        else:
            node = self._nodes[dst]
            if self._armed and node.up and not node.blocked:
                self._fire("deliver", body["type"], node)
            self._note("deliver" if node.up else "drop", link, body, parcel[3])
            if node.up:
                self._write(node, link.src, body)

    def _write(self, node: Node, src: str, body: Body) -> None:
        node.write(msgspec.json.encode(Message(src, node.name, body)) + b"\n")

    def forward(self, link: Link, unit: int, parcels: Sequence[Any]) -> None:
        """Send what the unit kept back on its way."""
        for parcel in parcels:
            self.call(0, self._deliver, link, parcel)

    def _note(self, kind: str, link: Link, body: Body, sent: int) -> None:
        if self.trace is not None:
            self.trace.append(
                {"time": self.now, "kind": kind, "src": link.src, "dst": link.dst, "sent": sent, "type": body["type"]}
                | {"fields": {name: value for name, value in body.items() if name != "type"}}
            )

    # Clients

    def invoke(self, host: Client, op: Invocation) -> None:
        """Hand an operation to a client."""
        number = next(self._numbers)
        host.asked = number, op
        self.invoked += 1
        self._fire("invoke", op.f, host)
        server = str(op.input) if isinstance(op.input, str) and op.input in self._nodes else host.server
        self.send(host.name, server, {**request(self._workload, op), "msg_id": number})

    def _answered(self, client: Client, body: Body) -> None:
        if client.asked is None or body.get("in_reply_to") != client.asked[0]:
            return
        op = client.asked[1]
        client.asked = None
        self.reports.append(completed(self._workload, op, body))
        self._fire("complete", op.f, client)

    def discard(self, host: Client) -> None:
        """Give up what a client waits for."""
        host.asked = None

    # Nodes

    def start(self, host: Node) -> None:
        """Start a node, and begin to set it up."""
        self._workspace.own(host.start())
        self._hampered.go_on(host)
        self._unset[host.name] = list(self._setup(host.name))
        self._set_up(host)

    def _set_up(self, node: Node) -> None:
        if self._unset[node.name]:
            self._write(node, self._starter, {**self._unset[node.name][0], "msg_id": next(self._numbers)})
        else:
            node.ready = True

    def _go_on(self, node: Node, body: Body) -> None:
        """A node has answered what set it up: go on with the next."""
        waiting = self._unset[node.name]
        if body["type"] == "error":
            raise ContractError(f"{node.name} answered {waiting[0]['type'] if waiting else ''} with an error: {body}")
        if waiting and body["type"] == f"{waiting[0]['type']}_ok":
            del waiting[0]
            self._set_up(node)

    def missing(self, node: Node) -> str:
        """What a node that is not ready has not answered yet."""
        return str(self._unset[node.name][0]["type"]) if self._unset[node.name] else "init"

    def _crashed(self, node: Node) -> None:
        """A node has ended by itself. It is started again when everything is healed."""
        served = node.ready
        node.kill()
        said = tail_of(node.log)
        if served:
            self.crashes.append((node.name, f"{node.name} ended by itself at {self.now / BILLION:.3f} s: {said}"))
            return
        raise ContractError(f"{node.name} ended by itself before it had answered {self.missing(node)}: {said}")

    def kill(self, host: Node, family: Family) -> None:
        """Kill a node."""
        self._hampered.suspend(host)
        host.kill()

    def pause(self, host: Node) -> None:
        """Stop a node."""
        self._hampered.suspend(host)
        host.pause()

    def resume(self, host: Node) -> None:
        """Let a node go on."""
        host.resume()
        self._hampered.go_on(host)

    def hamper(self, host: Node, fault: Fault, effect: Effect) -> None:
        """Make a node slow, or let it open no further files."""
        self._hampered.begin(host, fault, effect)

    def relieve(self, host: Node, unit: int) -> None:
        """Hamper a node no more."""
        self._hampered.end(host, unit)

    def close(self) -> None:
        """Hamper nobody any more."""
        self._hampered.close()

    def drift(self, host: Node, gain: int) -> None:
        """Clocks of programs that are not ours are not ours to set."""
        raise NotImplementedError("clock.drift")

    def jump(self, host: Node, step: int) -> None:
        """Clocks of programs that are not ours are not ours to set."""
        raise NotImplementedError("clock.jump")
