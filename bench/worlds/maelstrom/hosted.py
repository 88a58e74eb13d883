"""A bundled system as a node of Maelstrom: each process has one server, and clients that carry out requests.

The nodes' own messages travel as bodies, so that whoever runs the processes sees and disturbs them like all others.
"""

import asyncio
import base64
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from ....errors import ContractError
from ....histories.event import Invocation
from ....histories.operation import Outcome, Value
from ....systems.node import Node
from ....systems.system import System
from ..local.boot import codec_of
from ..local.disk import FileDisk
from ..local.node import Clock, Links, LocalNode
from ..local.wires import Place
from ..simulated.host import Host
from .operations import Asked, failure, operations_of, reply_of
from .requests import Body
from .services import error

CLIENTS: Final = 50
"""How many requests a process works on at once."""
CARRIED: Final = "splitbrain"
"""The type of bodies that carry messages of the bundled systems."""
LARGEST: Final = 1 << 16
"""Bytes that are read at once, at most."""


def serve(system: System, bug: str | None, directory: Path | None) -> None:
    """Serve on standard input and output until the end of the input. Ends the process with code 1 after an error.

    What the server stores is kept in `directory`, in files that bear the node's name; without it, in memory only.
    """
    loop = asyncio.new_event_loop()
    hosted = _Hosted(system, bug, directory, loop)
    loop.add_reader(sys.stdin.fileno(), hosted.hear)
    loop.run_forever()


class _LoggingHost(Host):
    """A node whose log goes to standard error."""

    def write(self, text: str) -> None:
        sys.stderr.write(f"{self._world.now / 1e9:.6f} {self.name} {text}\n")


class _Way:
    """The way to another node: inside of this process, or as the body of a message to another one."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def goes_to(self, place: Place) -> None:
        """It is found by its name."""

    def close(self) -> None:
        """Nothing is open."""


class _Request:
    """A request that is being worked on: what it consists of, and what came of that so far."""

    def __init__(self, src: str, body: Body, asked: list[Asked]) -> None:
        self.src = src
        self.body = body
        self.asked = asked
        self.outputs: list[Value] = []


class _Hosted:
    """The process, from `init` on."""

    def __init__(
        self, system: System, bug: str | None, directory: Path | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._system = system
        self._bug = bug
        self._directory = directory
        self._loop = loop
        self._unread = bytearray()
        self._id = ""
        self._ids: list[str] = []
        self._nodes: dict[str, LocalNode] = {}
        self._free: list[str] = []
        self._busy: dict[str, _Request] = {}
        self._count = 0

    def hear(self) -> None:
        """Take in what has been written for this node."""
        data = os.read(sys.stdin.fileno(), LARGEST)
        if not data:
            os._exit(0)
        self._unread += data
        *lines, rest = self._unread.split(b"\n")
        self._unread = bytearray(rest)
        for line in lines:
            if line.strip():
                message = msgspec.json.decode(line)
                self._take(message["src"], message["body"])

    def _take(self, src: str, body: Body) -> None:
        if body["type"] == CARRIED:
            node = self._nodes.get(body["to"])
            if node is not None:
                node.deliver(body["from"], base64.b64decode(body["data"]))
        elif body["type"] == "init":
            self._begin(body["node_id"], body["node_ids"])
            self._reply(src, body, {"type": "init_ok"})
        elif body["type"] == "topology":
            self._reply(src, body, {"type": "topology_ok"})
        else:
            self._begin_request(src, body)

    # Requests

    def _begin_request(self, src: str, body: Body) -> None:
        try:
            asked = operations_of(body)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            self._reply(src, body, error(12, f"{body['type']} cannot be read: {problem}"))
            return
        if asked is None:
            self._reply(src, body, error(10, f"{self._system.name} does not know {body['type']}"))
        elif not self._free:
            self._reply(src, body, error(11, f"{CLIENTS} requests are open already"))
        else:
            client = self._free.pop()
            self._busy[client] = _Request(src, body, list(asked))
            self._go_on(client)

    def _go_on(self, client: str) -> None:
        """Have the client carry out the next operation of its request, or answer that."""
        request = self._busy[client]
        done = len(request.outputs)
        if done < len(request.asked):
            f, key, value = request.asked[done]
            node = self._nodes[client]
            self._count += 1
            number = (node.host.epoch << 32) + self._count
            now = self._clock.now
            node.invoke(Invocation(operation=number, process=0, f=f, key=key, input=value, time=now, node=client))
        else:
            self._end(client, reply_of(request.body, request.asked, request.outputs))

    def _answered(self, client: str, op: Invocation, outcome: Outcome, output: Value, words: str | None) -> None:
        if outcome != "ok":
            self._end(client, failure(outcome, words))
            return
        self._busy[client].outputs.append(output)
        self._loop.call_soon(self._go_on, client)

    def _end(self, client: str, reply: Body) -> None:
        request = self._busy.pop(client)
        self._free.append(client)
        self._reply(request.src, request.body, reply)

    # Nodes

    def _begin(self, node_id: str, ids: list[str]) -> None:
        self._id, self._ids = node_id, ids
        deployment = self._system.deploy(len(ids), self._bug)
        self._clock = Clock(0)
        self._codec = codec_of(deployment)
        model = self._system.fault_model
        self._links = Links(root=0, fifo=model.fifo, reliable=model.reliable)
        place, epoch = (
            ids.index(node_id),
            0 if self._directory is None else _epoch(self._directory / f"{node_id}.epoch"),
        )
        servers = dict(zip(deployment.servers, ids, strict=True))
        clients = {f"c{number}": ids[number % len(ids)] for number in range(CLIENTS * len(ids))}
        server = self._node(list(servers)[place], deployment.servers, epoch, {**servers, **clients})
        if self._directory is not None:
            server.host.disk = FileDisk(self._directory / f"{node_id}.disk")
        mine = [name for name, id_ in clients.items() if id_ == node_id]
        for name in reversed(mine):
            self._node(name, dict.fromkeys(mine, deployment.client), epoch, servers)
            self._free.append(name)
        for node in self._nodes.values():
            node.start()

    def _node(
        self, name: str, makers: Mapping[str, Callable[[], Node]], epoch: int, others: Mapping[str, str]
    ) -> LocalNode:
        """One of the nodes of this process, which reaches the others, each in its process."""
        host = _LoggingHost(name, makers[name], epoch, self._clock, is_client=len(self._nodes) > 0)
        host.epoch = epoch - 1
        node = self._nodes[name] = LocalNode(
            host,
            self._codec,
            self._links,
            self._clock,
            self._loop,
            moment=lambda moment, type_: None,
            failed=_failed,
            answered=partial(self._answered, name),
        )
        for other, id_ in others.items():
            node.join(other, _Way(partial(self._send, name, other, id_)))
        return node

    # Messages

    def _send(self, src: str, dst: str, id_: str, data: bytes) -> None:
        if dst in self._nodes:
            self._loop.call_soon(self._nodes[dst].deliver, src, data)
        else:
            carried = base64.b64encode(data).decode()
            self._write(id_, {"type": CARRIED, "from": src, "to": dst, "data": carried})

    def _reply(self, dst: str, request: Body, reply: Body) -> None:
        self._write(dst, {**reply, "in_reply_to": request.get("msg_id")})

    def _write(self, dst: str, body: dict[str, Any]) -> None:
        sys.stdout.buffer.write(msgspec.json.encode({"src": self._id, "dest": dst, "body": body}) + b"\n")
        sys.stdout.buffer.flush()


def _epoch(kept: Path) -> int:
    """How often the node was started before, which the file says; this time is counted."""
    epoch = int(kept.read_text()) if kept.exists() else 0
    new = kept.with_suffix(".new")
    new.write_text(str(epoch + 1))
    new.replace(kept)
    return epoch


def _failed(problem: ContractError) -> NoReturn:
    sys.stderr.write(f"{problem}\n")
    sys.stderr.flush()
    os._exit(1)
