"""Servers that answer what they were told to, whatever they are asked."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from splitbrain.systems.database import Site


class Canned:
    """What each connection to a port answers, in turn. `dialled` is where, in turn."""

    def __init__(self, **answers: Iterator[bytes]) -> None:
        self._answers = {int(port.removeprefix("port")): answer for port, answer in answers.items()}
        self._peers: list[socket.socket] = []
        self.dialled: list[tuple[str, int]] = []

    def __enter__(self) -> "Canned":
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self._peers:
            peer.close()

    def dial(self, address: str, port: int, timeout: float) -> socket.socket:
        """A connection whose answers are there already, and which then is closed by the server."""
        self.dialled.append((address, port))
        answer = next(self._answers[port], None)
        if answer is None:
            raise ConnectionRefusedError(f"nobody at {address}:{port}")
        end, peer = socket.socketpair()
        peer.sendall(answer)
        peer.shutdown(socket.SHUT_WR)
        self._peers.append(peer)
        return end

    def asked(self, connection: int) -> bytes:
        """What was sent on a connection so far."""
        self._peers[connection].setblocking(False)
        return self._peers[connection].recv(1 << 16)

    def site(self, options: Mapping[str, str], directory: Path = Path()) -> Site:
        """The first of three servers, asked by somebody else."""
        addresses = {"n1": "127.0.0.1", "n2": "127.0.0.2", "n3": "127.0.0.3"}
        return Site("n1", addresses, directory, options, {}, self.dial, 1.0)
