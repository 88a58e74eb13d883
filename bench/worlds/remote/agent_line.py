"""The bench's side of an agent (agent.py): one host, one connection, JSON Lines."""

import base64
import json
import queue
import secrets
import shlex
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import paramiko

from ....errors import UsageError
from ...hosts import Host, Remote
from ..local.channel import LostError
from . import agent
from .line import Line
from .ssh import CONNECT, connect

ANSWER: Final = 30.0
"""Seconds that an agent may take to start, or to answer."""
SILENCE: Final = 10.0
"""Seconds without a word from an agent after which its host is taken for lost."""
BEAT: Final = 2.0
"""Seconds between two questions that an agent is asked only to hear of it."""
UNASKED: Final = -1
"""The number of questions whose answers nobody waits for."""
AT_ONCE: Final = 1 << 16
PLACE: Final = "/tmp/splitbrain-agent-"


class RemoteAgent:
    """The agent of a host, which it is uploaded to and started on, with the archive of all code that it needs.

    `lost` says why nothing is heard of it, "" while it is there; after so many seconds of `silence` it is taken for
    lost. Raises UsageError if it cannot be started.
    """

    def __init__(self, host: Host, remote: Remote, archive: bytes) -> None:
        self.host = host
        self.lost = ""
        self.silence = SILENCE
        self._lines: dict[str, Line] = {}
        self._codes: dict[str, int] = {}
        self._answers: dict[int, queue.Queue[Any]] = {}
        self._numbers = count()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._client = connect(host, remote)
        try:
            transport = self._transport = self._client.get_transport()
            assert transport is not None
            assert isinstance(transport.sock, socket.socket)
            self.address, self.seen_from = transport.sock.getpeername()[0], transport.sock.getsockname()[0]
            self.directory = PLACE + secrets.token_hex(8)
            self._upload(archive)
            self._channel = transport.open_session(timeout=CONNECT)
            self._channel.settimeout(ANSWER)
            self._channel.exec_command(f"exec {shlex.quote(remote.python)} {self.directory}/agent.py")
            self._arrived = bytearray()
            self.told = self._greeting(remote)
        except (OSError, EOFError, paramiko.SSHException) as error:
            self._client.close()
            raise UsageError(f"{host}: the agent cannot be started: {str(error) or type(error).__name__}") from None
        except BaseException:
            self._client.close()
            raise
        self._heard = time.monotonic()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._read, self._watch)]
        for thread in self._threads:
            thread.start()
        try:
            self.offset = self._measure()
        except LostError as error:
            self.close()
            raise UsageError(str(error)) from None

    @property
    def listens(self) -> str:
        """The address by which the host itself knows where it was reached."""
        return str(self.told["address"] or self.address)

    @property
    def pid(self) -> int:
        """The number of the agent's process on its host."""
        return int(self.told["pid"])

    def ask(self, verb: str, **more: object) -> Any:
        """Have the agent do something, and wait until it has. Raises LostError if the host is lost."""
        number = next(self._numbers)
        answer = self._answers[number] = queue.Queue()
        try:
            self.tell(verb, n=number, **more)
            if self.lost:
                raise LostError(self.lost)
            value = answer.get(timeout=ANSWER)
        except queue.Empty:
            self._lose(f"it has not answered for {ANSWER:g} s")
            raise LostError(self.lost) from None
        finally:
            del self._answers[number]
        if value is self:
            raise LostError(self.lost)
        return value

    def tell(self, verb: str, **more: object) -> None:
        """Have the agent do something, if it is there."""
        if not self.lost:
            data = json.dumps({"do": verb, **more}).encode() + b"\n"
            try:
                with self._lock:
                    self._channel.sendall(data)
            except (OSError, EOFError, paramiko.SSHException) as error:
                self._lose(str(error) or "the connection has ended")

    def line(self, name: str) -> Line:
        """The line to a process that is about to be started under this name."""
        line = self._lines[name] = Line(lambda data: self.tell("data", id=name, data=base64.b64encode(data).decode()))
        return line

    def code(self, name: str) -> int | None:
        """The code that a process has ended with."""
        return self._codes.get(name)

    def fetch(self, logs: Mapping[str, Path]) -> None:
        """Copy logs from the host. Raises LostError if it is lost; a log that there is not is left out."""
        try:
            with self._files() as files:
                for name, path in logs.items():
                    with suppress(FileNotFoundError):
                        files.get(f"{self.directory}/logs/{name}", str(path))
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise LostError(self.lost or f"its logs cannot be copied: {error}") from None

    def close(self) -> None:
        """End the agent, and with it all that it has started, and wait until it has removed its directory."""
        if not self.lost:
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.shutdown_write()
                self._threads[0].join(ANSWER)
        self._closing.set()
        self._client.close()
        for thread in (*self._threads, self._transport):
            if thread is not None:
                thread.join(ANSWER)

    def _files(self) -> paramiko.SFTPClient:
        files = self._client.open_sftp()
        channel = files.get_channel()
        assert channel is not None
        channel.settimeout(ANSWER)
        return files

    def _upload(self, archive: bytes) -> None:
        with self._files() as files:
            files.mkdir(self.directory, 0o700)
            for name, data in (("agent.py", Path(agent.__file__).read_bytes()), (agent.ARCHIVE, archive)):
                with files.open(f"{self.directory}/{name}", "wb") as file:
                    file.set_pipelined(True)
                    file.write(data)

    def _greeting(self, remote: Remote) -> dict[str, Any]:
        """What the agent says first."""
        lines: list[dict[str, Any]] | None = []
        while lines is not None and not lines:
            lines = self._more_lines()
        if lines is None:
            said = self._channel.recv_stderr(AT_ONCE).decode(errors="replace").strip().splitlines()
            self._remove()
            reason = said[-1] if said else f"it ended with code {self._channel.recv_exit_status()}"
            raise UsageError(f"{self.host}: {remote.python} does not run: {reason}: see --remote-python")
        if lack := lines[0].get("lacks"):
            raise UsageError(f"{self.host}: {lack}")
        return lines[0]

    def _remove(self) -> None:
        """Remove what was uploaded for an agent that does not run."""
        with self._files() as files:
            for name in ("agent.py", agent.ARCHIVE):
                files.remove(f"{self.directory}/{name}")
            files.rmdir(self.directory)

    def _measure(self) -> int:
        """How far the host's monotonic clock is ahead of this one's (nanoseconds), by the quickest of some answers."""
        best = (1 << 62, 0)
        for _ in range(10):
            before = time.monotonic_ns()
            theirs = self.ask("clock")
            after = time.monotonic_ns()
            best = min(best, (after - before, theirs - (before + after) // 2))
        return best[1]

    # Threads

    def _read(self) -> None:
        """Take in what the agent says, until it has ended."""
        reason = "the connection has ended"
        while not self.lost:
            try:
                lines = self._more_lines()
            except (OSError, EOFError) as error:
                reason = str(error) or reason
                break
            if lines is None:
                break
            self._heard = time.monotonic()
            for said in lines:
                self._take_in(said)
        self._lose(reason)

    def _more_lines(self) -> list[dict[str, Any]] | None:
        """What has arrived, waited for; None at the end."""
        data = self._channel.recv(AT_ONCE)
        if not data:
            return None
        self._arrived += data
        *lines, rest = self._arrived.split(b"\n")
        self._arrived = bytearray(rest)
        return [json.loads(line) for line in lines]

    def _take_in(self, said: dict[str, Any]) -> None:
        match said:
            case {"id": name, "data": data}:
                if name in self._lines:
                    self._lines[name].put(base64.b64decode(data))
            case {"id": name, "code": code}:
                self._codes[name] = code
                if name in self._lines:
                    self._lines.pop(name).put(b"")
            case {"n": number, "value": value}:
                if number in self._answers:
                    self._answers[number].put(value)

    def _watch(self) -> None:
        """Ask the agent now and then, so that both sides know when the other is gone."""
        while not self._closing.wait(BEAT) and not self.lost:
            self.tell("clock", n=UNASKED)
            if time.monotonic() - self._heard > self.silence:
                self._lose(f"nothing was heard of it for {self.silence:g} s")

    def _lose(self, reason: str) -> None:
        self.lost = self.lost or f"{self.host}: {reason}"
        self._closing.set()
        for name in list(self._lines):
            if (line := self._lines.pop(name, None)) is not None:
                line.put(b"")
        for answer in list(self._answers.values()):
            answer.put(self)
        self._client.close()
