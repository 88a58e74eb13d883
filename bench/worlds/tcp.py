"""The same nodes as real processes: a node on asyncio, messages as msgpack frames over TCP, the machine's clock.

A frame is a length of four bytes, big-endian, and that many bytes. The first frame of a connection is the sender's
name, every other one is a message. A message to a node that cannot be reached is dropped. Storage is kept in memory,
where a sync is done at once; it ends with the process.

As a program it runs one server: it prints its port, reads the ports of all nodes as one line of JSON, such as
`{"s1": 40001, "c0": 40002}`, and runs until its standard input is closed.

    python -m splitbrain.bench.worlds.tcp SYSTEM NODE
"""

import asyncio
import secrets
import struct
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import click
import msgspec

from ...errors import ContractError, SplitbrainError
from ...histories.event import Invocation
from ...systems.codec import Codec
from ...systems.node import ClientNode, Node
from ...systems.system import Deployment
from ..actions import Completed
from ..registry import system as system_called
from .simulated.context import SEND, SET
from .simulated.host import Handler, Host, nested
from .simulated.network import Link

LOOPBACK: Final = "127.0.0.1"
_LENGTH: Final = struct.Struct(">I")


class TcpNode:
    """One node, run by the present event loop.

    `name` is what the others call it, `make` gives it, and `epoch` says how many times it was started before.
    `failed` is a future that raises ContractError once a handler has raised or broken the contract.
    """

    def __init__(self, name: str, make: Callable[[], Node], codec: Codec, *, epoch: int = 0) -> None:
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._host = Host(name, make, secrets.randbits(64), self, is_client=isinstance(make(), ClientNode))
        self._host.epoch = epoch - 1
        self._codec = codec
        self._outgoing: dict[str, asyncio.Queue[bytes]] = {}
        self._answers: asyncio.Queue[Completed] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def now(self) -> int:
        """The machine's monotonic clock, nanoseconds."""
        return time.monotonic_ns()

    async def listen(self) -> int:
        """Accept connections on a free port of the loopback interface; returns the port."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def start(self, ports: Mapping[str, int]) -> None:
        """Boot the node. It may send to the nodes at these ports."""
        self._host.links = {name: Link(self._host.name, name) for name in ports}
        for name, port in ports.items():
            self._outgoing[name] = asyncio.Queue()
            self._spawn(self._deliver_to(port, self._outgoing[name]))
        for part in self._host.boot():
            self._handle(type(part.instance).start, part.instance, part.context)

    async def invoke(self, op: Invocation) -> Completed:
        """Have a client node carry out an operation; returns its answer."""
        node = self._host.node
        assert isinstance(node, ClientNode)
        self._host.open = op.operation
        self._handle(type(node).on_invoke, node, self._host.parts[""].context, op)
        return await self._answers.get()

    async def close(self) -> None:
        """Stop, and close all connections."""
        self._host.stop()
        self.failed.cancel()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._spawn(self._receive(reader, writer))

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            src = (await _read(reader)).decode()
            while True:
                self._deliver(src, await _read(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the sender has gone; it connects again when it is back
        finally:
            writer.close()

    def _deliver(self, src: str, data: bytes) -> None:
        try:
            path, message = self._codec.decode(data)
            part = self._host.parts[path]
            handler = part.handlers[type(message)]
        except ContractError as error:
            self._fail(error)
        except KeyError:
            self._fail(ContractError(f"{src} sent {self._host.name} a message for {path!r} that it does not handle"))
        else:
            self._handle(handler, part.instance, part.context, src, message)

    def _expire(self, name: str, ticket: int) -> None:
        timer = self._host.timers.get(name)
        if timer is not None and timer[0] == ticket:
            del self._host.timers[name]
            part, function, arguments = timer[1:]
            self._handle(function, part.instance, part.context, *arguments)

    def _handle(self, function: Handler, *arguments: Any) -> None:
        host = self._host
        try:
            function(*arguments)
        except Exception as error:
            name = getattr(function, "__qualname__", str(function))
            self._fail(ContractError(f"{host.name}: {name}: {type(error).__name__}: {error}"))
            return
        if host.mark is not None:
            host.disk.finish(host.mark)
            host.mark = None
        outputs, host.outputs = host.outputs, []
        for kind, *output in outputs:
            if kind == SEND:
                link, message, path, _ = output
                self._outgoing[link.dst].put_nowait(self._codec.encode(message, path))
            elif kind == SET:
                name, ticket, delay = output
                asyncio.get_running_loop().call_later(delay / 1e9, self._expire, name, ticket)
            elif output[0].operation == host.open:
                op, outcome, value, error_text = output
                host.open = None
                self._answers.put_nowait(Completed(op.operation, outcome, value, error_text))

    async def _deliver_to(self, port: int, frames: "asyncio.Queue[bytes]") -> None:
        writer = None
        try:
            while True:
                frame = await frames.get()
                try:
                    if writer is None or writer.is_closing():
                        _, writer = await asyncio.open_connection(LOOPBACK, port)
                        _write(writer, self._host.name.encode())
                    _write(writer, frame)
                    await writer.drain()
                except OSError:
                    writer = None  # the message is lost, as messages are
        finally:
            if writer is not None:
                writer.close()

    def _fail(self, error: ContractError) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)


def codec_of(deployment: Deployment) -> Codec:
    """The codec for all messages of a deployment."""
    makers = (*deployment.servers.values(), deployment.client)
    return Codec({type(node) for make in makers for _, node in nested("", make())})


async def serve(deployment: Deployment, name: str) -> None:
    """Run one server of the deployment as this process; see the module's text."""
    node = TcpNode(name, deployment.servers[name], codec_of(deployment))
    print(await node.listen(), flush=True)  # noqa: T201
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    node.start(msgspec.json.decode(await orders.readline(), type=dict[str, int]))
    closed = loop.create_task(orders.read())
    await asyncio.wait((closed, node.failed), return_when=asyncio.FIRST_COMPLETED)
    error = node.failed.exception() if node.failed.done() else None
    closed.cancel()
    transport.close()
    await node.close()
    if error is not None:
        raise error


@click.command()
@click.argument("system")
@click.argument("node")
@click.option("--servers", default=3, show_default=True, help="How many servers the deployment has.")
def main(system: str, node: str, servers: int) -> None:
    """Run one server of SYSTEM as this process."""
    try:
        asyncio.run(serve(system_called(system).deploy(servers, None), node))
    except SplitbrainError as error:
        raise click.ClickException(str(error)) from None


async def _read(reader: asyncio.StreamReader) -> bytes:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    return await reader.readexactly(length)


def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(_LENGTH.pack(len(frame)) + frame)


if __name__ == "__main__":
    main()
