"""A server as a process: one node, which the bench that started it commands over a channel.

    python -m splitbrain.bench.worlds.local.host FILE_DESCRIPTOR

The first frame is a `Boot`; the process answers with its port, and starts the node when it is told where the others
are. It stands still between `freeze` and `thaw`, and while the bench deals with a moment. It dies with the bench.
"""

import asyncio
import os
import pickle
import socket
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import NoReturn

from ....errors import ContractError, SplitbrainError
from ....nemesis.fault import Fault, Moment
from ...registry import system as system_called
from ..disks import after_kill
from ..simulated.host import Host
from ..simulated.network import chance
from .boot import Boot, codec_of
from .channel import Channel, ClosedError, Frame
from .disk import FileDisk, read, save
from .node import Clock, LocalNode
from .owned import die_with
from .wires import new_socket


class LoggingHost(Host):
    """A node whose log goes to the standard output of its process."""

    def write(self, text: str) -> None:
        sys.stdout.write(f"{self._world.now / 1e9:.6f} {text}\n".encode(errors="backslashreplace").decode())
        sys.stdout.flush()


class Server:
    """The node, and the channel to the bench."""

    def __init__(self, channel: Channel, boot: Boot, loop: asyncio.AbstractEventLoop) -> None:
        self._channel = channel
        self._loop = loop
        self._frozen = 0
        deployment = system_called(boot.system).deploy(boot.servers, boot.bug)
        clock = self._clock = Clock(0)
        host = LoggingHost(boot.name, deployment.servers[boot.name], boot.seed, clock, is_client=False)
        host.epoch = boot.epoch - 1
        if boot.died is not None:
            draw = partial(chance, zlib.crc32(boot.name.encode()), boot.epoch - 1, boot.links.root)
            save(Path(boot.disk), after_kill(read(Path(boot.disk)), boot.died, draw))
        host.disk = FileDisk(Path(boot.disk))
        self._node = LocalNode(
            host, codec_of(deployment), boot.links, clock, loop, moment=self._moment, failed=self._failed
        )
        channel.send("port", loop.run_until_complete(self._node.listen(boot.address, new_socket)))

    def commands(self) -> None:
        """Carry out what the bench has sent."""
        try:
            self._obey()
        except ClosedError:
            os._exit(0)

    def _obey(self) -> None:
        """Carry out what has arrived, all of it, since the loop does not see what the channel has read already."""
        while self._frozen > 0 or self._channel.waits():
            self._carry_out(self._channel.receive())

    def _carry_out(self, frame: Frame) -> None:
        node = self._node
        match frame:
            case ("meet", places):
                node.meet(places)
            case ("start", origin):
                self._clock.origin = origin
                node.start()
            case ("cut", src, dst, unit):
                node.cut(src, dst, unit)
            case ("disturb", src, dst, Fault() as fault):
                node.disturb(src, dst, fault)
            case ("mend", src, dst, unit):
                node.mend(src, dst, unit)
            case ("watch", watched):
                node.watch(watched)
            case ("drift", gain):
                node.drift(gain)
            case ("jump", step):
                node.jump(step)
            case ("freeze", whole):
                self._frozen += 1
                self._tell_state(whole)
            case ("thaw",):
                self._frozen -= 1

    def _tell_state(self, whole: bool) -> None:
        """Say what faults must know: the role, the counts and, if it is asked for, the memory."""
        host = self._node.host
        try:
            role, memory = host.believes() if host.up else "", pickle.dumps(host.node) if whole and host.up else None
        except ContractError as error:
            self._failed(error)
        except Exception as error:
            self._failed(ContractError(f"{host.name}: its state cannot be pickled: {type(error).__name__}: {error}"))
        else:
            self._channel.send("state", role, self._node.take_counts(), memory)

    def _moment(self, moment: Moment, type_: str) -> None:
        try:
            self._channel.send("moment", moment, type_, self._node.host.believes() if self._node.host.up else "")
            self._frozen += 1
            self._obey()
        except ClosedError:
            os._exit(0)

    def _failed(self, error: ContractError) -> NoReturn:
        self._channel.send("failed", str(error))
        sys.stdout.flush()
        os._exit(1)


def main() -> None:
    """Run the server whose channel is the file descriptor given as the argument."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    loop = asyncio.new_event_loop()
    try:
        boot: Boot = channel.receive()[1]
        die_with(boot.parent)
        server = Server(channel, boot, loop)
    except ClosedError:
        return
    except SplitbrainError as error:
        channel.send("failed", str(error))
        return
    loop.add_reader(channel.fileno(), server.commands)
    loop.run_forever()


if __name__ == "__main__":
    main()
