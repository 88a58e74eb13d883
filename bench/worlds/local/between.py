"""The process between the nodes (middle.py), as the bench sees it."""

import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ....errors import ContractError, UsageError
from .channel import LARGEST
from .search import PATIENCE, search_path


class Between:
    """The process of a network called `name`. `ready` is what it said when it was.

    `way` is the beginning of its command, `module` what it runs, `own` is told its number. Raises UsageError if it
    cannot make the network, and ContractError if it ends.
    """

    def __init__(
        self, name: str, way: Sequence[str], module: str, own: Callable[[int], None], *arguments: object
    ) -> None:
        self._name = name
        self._lock = threading.Lock()  # clients of databases are threads, and each needs sockets
        self._control, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(PATIENCE)
        with its:
            self.process = subprocess.Popen(
                [*way, sys.executable, "-m", module, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                process_group=0,
                env={**os.environ, "PYTHONPATH": search_path()},
            )
        own(self.process.pid)
        try:
            verdict, self.ready = self.ask(os.getpid(), *arguments)
            if verdict != "ready":
                raise UsageError(f"no network of {name}: {self.ready}: use --network loopback")
        except BaseException:
            self.close()
            raise

    def ask(self, *command: Any) -> Any:
        """Have it carry out a command, and wait for the answer."""
        try:
            with self._lock:
                self._control.send(pickle.dumps(command))
                data = self._control.recv(LARGEST)
        except OSError:
            data = b""
        if not data:
            raise self._ended()
        return pickle.loads(data)

    def new_socket(self, node: str) -> socket.socket:
        """A TCP socket where a node is."""
        try:
            with self._lock:
                self._control.send(pickle.dumps(("new_socket", node)))
                _, numbers, _, _ = socket.recv_fds(self._control, LARGEST, 1)
        except OSError:
            numbers = []
        if not numbers:
            raise self._ended()
        os.set_inheritable(numbers[0], False)
        return socket.socket(fileno=numbers[0])

    def close(self) -> None:
        """End it, and wait until it has."""
        self.process.kill()
        self.process.wait()
        self._control.close()

    def _ended(self) -> ContractError:
        return ContractError(f"the process between the nodes (--network {self._name}) has ended, or hangs")
