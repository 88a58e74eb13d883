"""A node: a process of the program, which reads messages as lines and writes them as lines."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ....errors import ContractError
from ....histories.event import Invocation
from ....systems.node import Node as Contract
from ..external.processes import Processes
from ..local.owned import Process
from ..simulated.network import Link
from .requests import Body

LARGEST: Final = 1 << 16
"""Bytes that are read at once, at most."""
SHOWN: Final = 100
"""How much of a line an error shows, in characters."""


class Message(msgspec.Struct, frozen=True):
    """What goes from one node to another. Further fields are dropped, as Maelstrom drops them."""

    src: str
    dest: str
    body: Body


class Node:
    """One node. `up` while its process runs, `blocked` while that is paused, `ready` once it has answered `init`.

    `command` is run in `directory`, with the mark in its environment, and its standard error goes to `log`.
    """

    is_client = False
    open: int | None = None
    node = Contract()
    role = ""

    def __init__(self, name: str, command: Sequence[str], directory: Path, mark: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.up = False
        self.blocked = False
        self.ready = False
        self.stopped_by: int | None = None
        self.links: Mapping[str, Link] = {}
        self.reads: int = -1
        """The file descriptor from which its messages are read."""
        self.writes: int = -1
        """The file descriptor to which messages for it are written."""
        self.unwritten = bytearray()
        self._unread = bytearray()
        self._command = command
        self._directory = directory
        self._processes = Processes(mark, log)

    def processes(self) -> Sequence[Process]:
        """What it consists of at present."""
        return self._processes.all()

    def believes(self) -> str:
        """It does not say."""
        return ""

    def start(self) -> int:
        """Start its process, and give its number. Raises ContractError if there is none to be started."""
        self.unwritten.clear()
        self._unread.clear()
        try:
            process = self._processes.talk(self._command, self._directory)
        except OSError as error:
            raise ContractError(f"{self.name} cannot be started: {error.strerror}") from None
        assert process.stdin is not None
        assert process.stdout is not None
        self._pipes = process.stdin, process.stdout
        self.writes, self.reads = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self.writes, False)
        os.set_blocking(self.reads, False)
        self.up = True
        self.ready = False
        return process.pid

    def kill(self) -> None:
        """End its process, whatever it does."""
        self._processes.kill()
        if self.up:
            for pipe in self._pipes:
                pipe.close()
        self.up = self.blocked = self.ready = False

    def pause(self) -> None:
        """Stop its process."""
        self.blocked = True
        self._processes.pause()

    def resume(self) -> None:
        """Let its process go on."""
        self._processes.resume()
        self.blocked = False

    @property
    def code(self) -> int | None:
        """The exit code of its process, None while that runs."""
        return self._processes.ended

    def write(self, line: bytes) -> None:
        """Have it read a line, when it comes to that."""
        self.unwritten += line
        self.flush()

    def flush(self) -> None:
        """Write as much as fits into the pipe. What goes to a process that has ended is lost."""
        try:
            while self.unwritten:
                del self.unwritten[: os.write(self.writes, self.unwritten)]
        except BlockingIOError:
            pass
        except OSError:
            self.unwritten.clear()

    def read(self) -> list[bytes] | None:
        """The lines that it has written; None at the end of its output."""
        try:
            data = os.read(self.reads, LARGEST)
        except BlockingIOError:
            return []
        if not data:
            return None
        self._unread += data
        *lines, rest = self._unread.split(b"\n")
        self._unread = bytearray(rest)
        return [bytes(line) for line in lines if line.strip()]


class Client:
    """A client, which asks the node `server` and waits for the reply to its last request."""

    is_client = True
    up = True
    blocked = False
    role = ""
    node = Contract()

    def __init__(self, name: str, server: str) -> None:
        self.name = name
        self.server = server
        self.stopped_by: int | None = None
        self.links: Mapping[str, Link] = {}
        self.asked: tuple[int, Invocation] | None = None
        """The number of its request, and the operation that it stands for."""

    @property
    def open(self) -> int | None:
        return None if self.asked is None else self.asked[1].operation

    def believes(self) -> str:
        """Clients have no roles."""
        return ""


def parsed(line: bytes, node: str) -> Message:
    """The message in a line that the node has written. Raises ContractError if there is none."""
    try:
        message = msgspec.json.decode(line, type=Message)
    except msgspec.DecodeError as error:
        shown = line.decode(errors="backslashreplace")
        shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + "…"
        raise ContractError(
            f"{node} wrote to standard output what is no message: {shown} ({error}); what is for people goes to "
            "standard error"
        ) from None
    if not isinstance(message.body.get("type"), str):
        raise ContractError(f"{node} sent {message.dest} a body without a type: {message.body}")
    if message.src != node:
        raise ContractError(f"{node} sent {message.dest} a message whose src is {message.src!r}: it must be {node!r}")
    return message
