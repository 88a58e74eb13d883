"""A server as the bench sees it: a process of its own, and what is known of the node in it."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ....errors import ContractError
from ....systems.node import Node
from ..faults import Wire
from ..processes import tree
from .boot import Boot
from .channel import Channel, ClosedError, Frame
from .owned import Process

PROGRAM: Final = f"{__package__}.host"
"""The module that a server's process runs."""
PATIENCE: Final = 30.0
"""Seconds that a server has to answer the bench. It takes a millisecond, or more where the machine is busy."""


class Server:
    """One server. It is `up` between the moment at which its node is started and the one at which it is killed.

    `blocked` while it is paused, `role` and `node` as they were when they were last asked for.
    """

    is_client = False
    open: int | None = None

    def __init__(self, name: str, disk: Path, log: Path) -> None:
        self.name = name
        self.disk = disk
        self.epoch = -1
        self.up = False
        self.blocked = False
        self.stopped_by: int | None = None
        self.role = ""
        self.links: Mapping[str, Wire] = {}
        self.address = ""
        self.port = 0
        self._log = log
        self._memory: Node | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None

    @property
    def node(self) -> Node:
        """The node's memory, as it was when all of it was last asked for."""
        assert self._memory is not None
        return self._memory

    @property
    def channel(self) -> Channel:
        """The line to its process, while there is one."""
        assert self._channel is not None
        return self._channel

    @property
    def pid(self) -> int | None:
        """The number of its process, None if there is none."""
        process = self._process
        return None if process is None else process.pid

    def processes(self) -> list[Process]:
        """Its process and what that has started, if it is there."""
        pid = self.pid
        return [] if pid is None else tree(pid)

    def believes(self) -> str:
        """The role that it was last seen in."""
        return self.role

    def spawn(self, boot: Boot, prefix: Sequence[str]) -> None:
        """Start the process, by a command that begins in this way. It will send its port."""
        mine, its = socket.socketpair()
        with its, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*prefix, sys.executable, "-m", PROGRAM, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[its.fileno()],
                process_group=0,
                env={**os.environ, "PYTHONPATH": search_path()},
            )
        self._channel = Channel(mine)
        self.tell("boot", boot)

    def tell(self, *frame: Any) -> None:
        """Send a command. If the process has ended, that shows elsewhere."""
        if self._channel is not None:
            with suppress(ClosedError):
                self._channel.send(*frame)

    def hear(self) -> Frame:
        """The next thing that it says. Raises ContractError if that is that it failed, if it ended, or if it hangs."""
        if not self.channel.waits(PATIENCE):
            raise ContractError(f"{self.name} has not answered for {PATIENCE:g} s: see {self._log}")
        try:
            frame = self.channel.receive()
        except ClosedError:
            code = None if self._process is None else self._process.wait()
            raise ContractError(f"{self.name} ended by itself, with code {code}: see {self._log}") from None
        if frame[0] == "failed":
            raise ContractError(frame[1])
        return frame

    def remember(self, role: str, memory: bytes | None) -> None:
        """Take in what it said of itself."""
        self.role = role
        if memory is not None:
            self._memory = pickle.loads(memory)

    def kill(self) -> None:
        """End the process at once, whatever it does (SIGKILL), and wait until it is gone. No error if there is none."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.channel.close()
        self._process = self._channel = None
        self.up = self.blocked = False
        self.role = ""

    def pause(self) -> None:
        """Stop the process (SIGSTOP), and wait until it has stopped."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self.blocked = True

    def resume(self) -> None:
        """Let the process go on (SIGCONT)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self.blocked = False


def search_path() -> str:
    """Where this process looks for modules, for one that it starts."""
    return os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
