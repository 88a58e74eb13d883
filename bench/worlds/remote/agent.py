"""What runs on a host: starts, stops and ends servers' processes, and passes on what they say.

    python agent.py

It lives in the directory that it was uploaded to, and is commanded by JSON Lines on its standard input; it answers on
its standard output. It ends with the connection, and then all servers have ended and the directory is gone. This file
is all that it consists of, and its syntax is that of Python 3.7, so that a host that lacks something can say so.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import glob
import importlib.util
import json
import os
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from types import FrameType
from typing import Any

OLDEST = (3, 11)
NEEDED = ("msgspec",)
SILENCE = 30.0
"""Seconds without a word from the bench, which asks every other second, after which it is taken for gone."""
FORGOTTEN = 600.0
"""Seconds after which a directory whose agent does not live is removed."""
AT_ONCE = 1 << 16
CODE, ARCHIVE, LOCK = "code", "code.zip", "lock"
PATIENCE = 10.0
"""Seconds that nft may take to answer. It takes milliseconds."""


class Child:
    """A server's process, and its end of the line."""

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self.process = process
        self.line = line
        self.unsent = bytearray()


class Agent:
    """The agent whose directory is the current one."""

    def __init__(self) -> None:
        self.children: dict[str, Child] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(0, selectors.EVENT_READ, None)
        self.arrived = bytearray()
        self.firewall: Firewall | None = None
        self.spoken = time.monotonic()

    def run(self) -> None:
        """Obey until the bench is gone."""
        while time.monotonic() - self.spoken < SILENCE:
            for key, events in self.selector.select(1.0):
                if key.data is None:
                    data = os.read(0, AT_ONCE)
                    if not data:
                        return
                    self.obey(data)
                elif key.data in self.children:
                    self.serve(key.data, events)

    def close(self) -> None:
        """End all that was started."""
        for child in self.children.values():
            end(child.process)
        if self.firewall is not None:
            self.firewall.close()

    def obey(self, data: bytes) -> None:
        self.spoken = time.monotonic()
        self.arrived += data
        *lines, rest = self.arrived.split(b"\n")
        self.arrived = bytearray(rest)
        for line in lines:
            command = json.loads(line.decode())
            verb, number = command.pop("do"), command.pop("n", None)
            try:
                value = getattr(self, "do_" + verb)(**command)
            except OSError as error:
                value = {"error": str(error)}
            if number is not None:
                say({"n": number, "value": value})

    def serve(self, name: str, events: int) -> None:
        """Pass on what a server says, and what it has yet to be told."""
        child = self.children[name]
        if events & selectors.EVENT_WRITE:
            self.flush(name, child)
        if events & selectors.EVENT_READ:
            try:
                data = child.line.recv(AT_ONCE)
            except OSError:
                data = b""
            if data:
                say({"id": name, "data": base64.b64encode(data).decode()})
            else:
                self.ended(name)

    def flush(self, name: str, child: Child) -> None:
        try:
            sent = child.line.send(child.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(child.unsent)
        del child.unsent[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if child.unsent else 0)
        self.selector.modify(child.line, wanted, name)

    def ended(self, name: str) -> None:
        """A server's line has ended, so it has, or must."""
        child = self.children.pop(name, None)
        if child is not None:
            self.selector.unregister(child.line)
            child.line.close()
            say({"id": name, "code": end(child.process)})

    # Commands

    def do_clock(self) -> int:
        return time.monotonic_ns()

    def do_spawn(self, id: str, module: str, log: str) -> None:
        mine, its = socket.socketpair()
        os.makedirs("logs", exist_ok=True)
        environment = dict(os.environ, PYTHONPATH=os.path.abspath(CODE))
        with its, open(os.path.join("logs", log), "ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[its.fileno()],
                start_new_session=True,
                env=environment,
            )
        mine.setblocking(False)
        self.children[id] = Child(process, mine)
        self.selector.register(mine, selectors.EVENT_READ, id)

    def do_data(self, id: str, data: str) -> None:
        child = self.children.get(id)
        if child is not None:
            child.unsent += base64.b64decode(data)
            self.flush(id, child)

    def do_kill(self, id: str) -> None:
        self.ended(id)

    def do_pause(self, id: str) -> None:
        child = self.children.get(id)
        if child is not None:
            child.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, child.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def do_resume(self, id: str) -> None:
        child = self.children.get(id)
        if child is not None:
            child.process.send_signal(signal.SIGCONT)

    def do_firewall(self) -> None:
        self.firewall = Firewall(os.environ["SSH_CONNECTION"].split()[3])

    def do_cut(self, cuts: list[list[str]]) -> None:
        assert self.firewall is not None
        self.firewall.cut(cuts)

    def do_counts(self) -> dict[str, int]:
        assert self.firewall is not None
        return self.firewall.counts()


class Firewall:
    """Rules of nftables that drop what comes from other hosts, but for SSH.

    They live in a table that nft owns: when it ends, however that happens, the kernel removes them.
    """

    def __init__(self, ssh: str) -> None:
        self.ssh = ssh
        self.table = f"inet splitbrain{os.getpid()}"
        self.arrived = bytearray()
        self.nft = subprocess.Popen(
            ["nft", "-j", "-i"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.say(f"add table {self.table} {{ flags owner; }}")
        self.say(f"add chain {self.table} cuts {{ type filter hook input priority -10; policy accept; }}")
        self.counts()

    def cut(self, cuts: list[list[str]]) -> None:
        """Drop what these units drop, each from an address, and nothing else."""
        commands = [f"add counter {self.table} u{unit}" for unit, _ in cuts] + [f"flush chain {self.table} cuts"]
        for unit, address in cuts:
            match = f"ip saddr {address} tcp dport != {self.ssh} tcp sport != {self.ssh}"
            commands.append(f"add rule {self.table} cuts {match} counter name u{unit} drop")
        self.say("; ".join(commands))
        self.counts()

    def counts(self) -> dict[str, int]:
        """How many packets each unit has dropped. Raises OSError if nft does not do what it is told."""
        self.say(f"list counters table {self.table}")
        assert self.nft.stdout is not None
        errors: list[str] = []
        while True:
            while b"\n" not in self.arrived:
                if not select.select([self.nft.stdout], [], [], PATIENCE)[0]:
                    raise OSError("nft does not answer")
                data = os.read(self.nft.stdout.fileno(), AT_ONCE)
                if not data:
                    raise OSError(f"nft has ended: {' '.join(errors)}")
                self.arrived += data
            line, _, self.arrived = self.arrived.partition(b"\n")
            if line.startswith(b"{"):
                break
            errors.append(line.decode(errors="replace").strip())
        if errors:
            raise OSError(f"nft: {errors[0]}")
        found = [each["counter"] for each in json.loads(line.decode())["nftables"] if "counter" in each]
        return {each["name"][1:]: each["packets"] for each in found}

    def say(self, command: str) -> None:
        assert self.nft.stdin is not None
        self.nft.stdin.write(command.encode() + b"\n")
        self.nft.stdin.flush()

    def close(self) -> None:
        """Remove the rules."""
        self.nft.kill()
        self.nft.wait()


def end(process: subprocess.Popen[bytes]) -> int:
    """Kill a process with all that it started, and wait for it; returns its code."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def say(message: dict[str, Any]) -> None:
    """Send a line to the bench."""
    data = memoryview(json.dumps(message).encode() + b"\n")
    while data:
        data = data[os.write(1, data) :]


def lacks() -> str:
    """What this host lacks, and what to do; "" if nothing."""
    if sys.version_info < OLDEST:
        version, oldest = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST))
        return f"{sys.executable} is Python {version}: give one that is at least {oldest} by --remote-python"
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        names = " ".join(absent)
        return f"{sys.executable} has no {names}: run there: {sys.executable} -m pip install {names}"
    return ""


def forget(mine: str) -> None:
    """Remove what agents that were killed have left behind."""
    for other in glob.glob(os.path.join(os.path.dirname(mine), "splitbrain-agent-*")):
        try:
            status = os.lstat(other)
            if other == mine or status.st_uid != os.getuid() or time.time() - status.st_mtime < FORGOTTEN:
                continue
            with open(os.path.join(other, LOCK), "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(other, ignore_errors=True)
        except OSError:
            continue  # it lives, or is somebody else's


def stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit


def main() -> None:
    """Be the agent of the directory that this file is in."""
    mine = os.path.dirname(os.path.abspath(__file__))
    os.chdir(mine)
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    agent = Agent()
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        reason = lacks()
        if reason:
            say({"lacks": reason})
            return
        fcntl.flock(lock, fcntl.LOCK_EX)
        forget(mine)
        with zipfile.ZipFile(ARCHIVE) as archive:
            archive.extractall(CODE)
        os.unlink(ARCHIVE)
        address = os.environ.get("SSH_CONNECTION", "").split()
        say({"pid": os.getpid(), "address": address[2] if len(address) == 4 else ""})
        agent.run()
    except BrokenPipeError:
        pass  # the bench is gone
    finally:
        agent.close()
        shutil.rmtree(mine, ignore_errors=True)


if __name__ == "__main__":
    main()
