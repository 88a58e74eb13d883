"""A server as the bench sees it: a process of its own, and what is known of the node in it."""

import pickle
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....errors import ContractError
from ....nemesis.fault import Family
from ....systems.node import Node
from ..faults import Wire
from ..processes import tree
from .boot import Boot
from .channel import Channel, ClosedError, Frame, LostError
from .machines import Process
from .owned import Process as Known
from .search import PATIENCE


class Server:
    """One server. It is `up` between the moment at which its node is started and the one at which it is killed.

    `blocked` while it is paused, `role` and `node` as they were when they were last asked for, `lost` if its machine
    was lost, and it with that. `died` is the family of faults that killed it last.
    """

    is_client = False
    open: int | None = None

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.epoch = -1
        self.up = False
        self.blocked = False
        self.lost = False
        self.died: Family | None = None
        self.stopped_by: int | None = None
        self.role = ""
        self.links: Mapping[str, Wire] = {}
        self.address = ""
        self.port = 0
        self._log = log
        self._memory: Node | None = None
        self._process: Process | None = None
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
    def running(self) -> bool:
        """Whether it has a process."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The number of its process, None if there is none, or it is not known."""
        process = self._process
        return None if process is None else process.pid

    def processes(self) -> list[Known]:
        """Its process and what that has started, if it is there."""
        pid = self.pid
        return [] if pid is None else tree(pid)

    def believes(self) -> str:
        """The role that it was last seen in."""
        return self.role

    def run(self, process: Process, boot: Boot) -> None:
        """Live in this process, which has just been started. It will send its port."""
        self._process = process
        self._channel = Channel(process.line)
        self.tell("boot", boot)

    def tell(self, *frame: Any) -> None:
        """Send a command. If the process has ended, that shows elsewhere."""
        if self._channel is not None:
            with suppress(ClosedError):
                self._channel.send(*frame)

    def hear(self) -> Frame:
        """The next thing that it says.

        Raises ContractError if that is that it failed, if it ended, or if it hangs, and LostError if it was lost.
        """
        if not self.channel.waits(PATIENCE):
            raise ContractError(f"{self.name} has not answered for {PATIENCE:g} s: see {self._log}")
        try:
            frame = self.channel.receive()
        except ClosedError:
            assert self._process is not None
            code = self._process.wait()
            if self._process.lost:
                raise LostError(self._process.lost) from None
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
            self.channel.close()
        self._process = self._channel = None
        self.up = self.blocked = False
        self.role = ""

    def pause(self) -> None:
        """Stop the process (SIGSTOP), and wait until it has stopped. LostError if its machine was lost."""
        assert self._process is not None
        self._process.pause()
        self.blocked = True

    def resume(self) -> None:
        """Let the process go on (SIGCONT). LostError if its machine was lost."""
        assert self._process is not None
        self._process.resume()
        self.blocked = False
