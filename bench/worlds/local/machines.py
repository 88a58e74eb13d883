"""Where servers' processes run: on this machine, or on others (bench/worlds/remote)."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from ...test import Test
from .channel import End
from .network import Network, network_of
from .owned import Workspace, clean
from .search import search_path

PROGRAM: Final = f"{__package__}.host"
"""The module that a server's process runs."""


class Process(Protocol):
    """A server's process, and the end of the line to it. `lost` says why nothing is known of it; "" mostly."""

    pid: int | None
    line: End

    @property
    def lost(self) -> str: ...

    def wait(self) -> int | None:
        """Wait until it has ended; returns its code, None if that is not known."""
        ...

    def kill(self) -> None:
        """End it at once, whatever it does (SIGKILL), and wait until it is gone. No error if it has ended."""
        ...

    def pause(self) -> None:
        """Stop it (SIGSTOP), and wait until it has stopped."""
        ...

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        ...


class Machines(Protocol):
    """Where the servers of a world are. The methods take a server's name; `spawn` and what it gives may raise
    LostError if the server's machine cannot be reached any more."""

    @property
    def network(self) -> Network: ...

    def spawn(self, server: str) -> Process:
        """Start a process for a server."""
        ...

    def parent(self, server: str) -> int:
        """The process that its process is a child of."""
        ...

    def listens(self, server: str) -> str:
        """The address that it accepts connections at."""
        ...

    def disk(self, server: str) -> str:
        """The file that is its disk."""
        ...

    def log(self, server: str) -> Path:
        """The file of this machine in which its log is, in the end."""
        ...

    def origin(self, server: str, origin: int) -> int:
        """What a moment of this machine's monotonic clock is on the server's (nanoseconds)."""
        ...

    def close(self) -> None:
        """Remove all that was needed for it. The processes have ended."""
        ...


class ThisMachine:
    """Servers on this machine, in the network of a test, whose packets are written to `capture`.

    What is not kept in `logs` is removed with the rest.

    What benches that were killed have left behind is removed first.
    """

    def __init__(self, nodes: Sequence[str], test: Test, logs: Path | None, capture: Path | None) -> None:
        clean()
        self._workspace = Workspace()
        self._logs = logs or self._workspace.path
        self._numbers = {name: number for number, name in enumerate(nodes)}
        try:
            self.network = network_of(test.network, nodes, self._workspace.own, test.seed, capture)
        except BaseException:
            self._workspace.close()
            raise

    def spawn(self, server: str) -> "Child":
        mine, its = socket.socketpair()
        with its, self.log(server).open("ab") as log:
            process = subprocess.Popen(
                [*self.network.prefix(server), sys.executable, "-m", PROGRAM, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[its.fileno()],
                process_group=0,
                env={**os.environ, "PYTHONPATH": search_path()},
            )
        self._workspace.own(process.pid)
        return Child(process, mine)

    def parent(self, server: str) -> int:
        return os.getpid()

    def listens(self, server: str) -> str:
        return self.network.address(server)

    def disk(self, server: str) -> str:
        return str(self._workspace.path / f"{self._numbers[server]}.disk")

    def log(self, server: str) -> Path:
        return self._logs / log_name(server)

    def origin(self, server: str, origin: int) -> int:
        return origin

    def close(self) -> None:
        self.network.close()
        self._workspace.close()


class Child:
    """A process of this machine."""

    lost = ""

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self.pid: int | None = process.pid
        self.line: End = line
        self._process = process

    def wait(self) -> int | None:
        return self._process.wait()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)


def log_name(server: str) -> str:
    """The name of a server's log; a node may be called dc1/s1."""
    return f"{quote(server, safe='')}.log"
