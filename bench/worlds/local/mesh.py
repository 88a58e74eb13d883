"""A TCP proxy for each direction between two nodes, on the loopback interface.

    python -m splitbrain.bench.worlds.local.mesh FILE_DESCRIPTOR

Each direction has a port of its own, at which the other node is found. Faults act on what is read at once, here called
a packet. Nothing in the middle of a connection is ever missing: what would be lost on a wire comes later, as TCP would
send it again.
"""

import asyncio
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from ....nemesis.fault import Fault
from ....systems.streams import stream
from .middle import obey, opened
from .packets import BILLION, Rule
from .wires import LOOPBACK, Place, new_socket

CHUNK: Final = 1 << 16
DEPTH: Final = 64
"""How many packets may be under way on a connection, before the sender has to wait."""
AGAIN: Final = BILLION // 5
"""After how long TCP sends again what was lost (nanoseconds); twice as long each further time."""
_RESET: Final = struct.pack("ii", 1, 0)

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Link:
    """One direction between two nodes."""

    def __init__(self) -> None:
        self.target: Place | None = None
        self.cuts: dict[int, int] = {}
        self._rules: dict[int, Rule] = {}
        self._gone: Counter[int] = Counter()
        self._open = asyncio.Event()
        self._open.set()

    def cut(self, unit: int) -> None:
        """Nothing passes from now on; it waits."""
        self.cuts[unit] = 0
        self._open.clear()

    def disturb(self, fault: Fault, rule: Rule) -> None:
        """Have what passes be late, as the fault says."""
        self._rules[fault.unit] = rule

    def mend(self, unit: int) -> None:
        """End what a unit does."""
        rule = self._rules.pop(unit, None)
        self._gone[unit] += self.cuts.pop(unit, 0) + (rule.count if rule else 0)
        if not self.cuts:
            self._open.set()

    def take_counts(self) -> Counter[int]:
        """How many packets each unit has affected since this was last asked."""
        counts, self._gone = self._gone, Counter()
        for unit, rule in self._rules.items():
            counts[unit] += rule.count
            rule.count = 0
        counts.update(self.cuts)
        self.cuts = dict.fromkeys(self.cuts, 0)
        return counts

    def due(self, size: int, now: int) -> int | None:
        """When a packet that comes now may pass; None if it resets its connection."""
        due = now
        for rule in self._rules.values():
            fault, random = rule.fault, rule.random
            if fault.family == "packets.bandwidth":
                due = rule.free = max(rule.free, due) + size * BILLION // fault.bandwidth
            elif fault.family == "packets.delay":
                due += fault.delay + int(random.uniform(-1, 1) * fault.jitter)
            elif random.random() >= fault.rate:
                continue
            elif fault.family == "packets.reset":
                rule.count += 1
                return None
            else:
                due += AGAIN
                wait = AGAIN
                while wait < BILLION and random.random() < fault.rate:
                    wait *= 2
                    due += wait
            rule.count += 1
        return due

    async def opened(self) -> None:
        """Wait until nothing cuts it."""
        for unit in self.cuts:
            self.cuts[unit] += 1
            break
        await self._open.wait()


class Mesh:
    """Proxies between these nodes. Faults draw from `seed`. Raises OSError if there are no ports for them."""

    def __init__(self, names: Sequence[str], seed: int) -> None:
        self._seed = seed
        self._links = {(src, dst): Link() for src in names for dst in names if src != dst}
        self._sockets = {ends: listening() for ends in self._links}

    def places(self) -> dict[tuple[str, str], int]:
        """The port of each direction."""
        return {ends: end.getsockname()[1] for ends, end in self._sockets.items()}

    def new_socket(self, name: str) -> socket.socket:
        """A TCP socket; all nodes are in the same place."""
        return new_socket()

    def target(self, dst: str, place: Place) -> None:
        """The node is to be found there from now on."""
        for ends, link in self._links.items():
            if ends[1] == dst:
                link.target = place

    def cut(self, src: str, dst: str, unit: int) -> None:
        """Let nothing pass from one node to the other from now on."""
        self._links[src, dst].cut(unit)

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        """Do to what one node sends to the other what the fault says, from now on."""
        draws = stream(self._seed, "packets", str(fault.unit), src, dst)
        self._links[src, dst].disturb(fault, Rule(fault, draws))

    def mend(self, src: str, dst: str, unit: int) -> None:
        """End what a unit does to the link."""
        self._links[src, dst].mend(unit)

    def take_counts(self) -> dict[int, int]:
        """How many packets each unit has affected since this was last asked."""
        counts: Counter[int] = Counter()
        for link in self._links.values():
            counts.update(link.take_counts())
        return {unit: count for unit, count in counts.items() if count}

    async def serve(self) -> None:
        """Take connections from now on."""
        for (src, dst), end in self._sockets.items():
            there, back = self._links[src, dst], self._links[dst, src]

            async def accept(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, there: Link = there, back: Link = back
            ) -> None:
                await connect((reader, writer), there, back)

            await asyncio.start_server(accept, sock=end)


def listening() -> socket.socket:
    """A socket at a free port."""
    end = new_socket()
    end.bind((LOOPBACK, 0))
    return end


async def connect(near: Ends, there: Link, back: Link) -> None:
    """Connect somebody with the node at the end of a link, and carry what both say until one of them ends it."""
    await there.opened()
    try:
        if there.target is None:
            raise ConnectionRefusedError
        far = await asyncio.open_connection(*there.target)
    except OSError:
        near[1].close()
        return
    for _, writer in (near, far):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.gather(carry(near, far, there), carry(far, near, back))


async def carry(source: Ends, sink: Ends, link: Link) -> None:
    """Take what one end says to the other end, when it is due."""
    queue: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(DEPTH)
    delivery = asyncio.create_task(deliver(queue, sink[1], link))
    with suppress(OSError):
        while chunk := await source[0].read(CHUNK):
            due = link.due(len(chunk), time.monotonic_ns())
            if due is None:
                for _, writer in (source, sink):
                    reset(writer)
                break
            await queue.put((due, chunk))
    await queue.put((0, b""))
    await delivery


async def deliver(queue: asyncio.Queue[tuple[int, bytes]], writer: asyncio.StreamWriter, link: Link) -> None:
    """Pass on packets in their order, until an empty one ends the connection."""
    while True:
        due, chunk = await queue.get()
        if not chunk:
            writer.close()
            return
        wait = due - time.monotonic_ns()
        if wait > 0:
            await asyncio.sleep(wait / BILLION)
        await link.opened()
        with suppress(OSError):
            if not writer.is_closing():
                writer.write(chunk)
                await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection at once, and have the other end told (RST)."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def run() -> None:
    """Make the proxies that the bench asks for, and obey it until it has ended."""
    made = opened(Mesh)
    if made is None:
        return
    control, mesh = made
    assert isinstance(mesh, Mesh)
    await mesh.serve()
    ended = asyncio.Event()

    def command() -> None:
        if not obey(control, mesh):
            ended.set()

    asyncio.get_running_loop().add_reader(control.fileno(), command)
    await ended.wait()
    sys.exit()


if __name__ == "__main__":
    asyncio.run(run())
