"""What runs on a host: starts, stops and ends servers' processes, and passes on what they say.

    python agent.py

It lives in the directory that it was uploaded to, and is commanded by JSON Lines on its standard input; it answers on
its standard output. It ends with the connection, and then all servers have ended and the directory is gone. This file
is all that it consists of, and its syntax is that of any Python 3, so that a host that lacks something can say so.
"""

import base64
import contextlib
import fcntl
import glob
import importlib.util
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile

OLDEST = (3, 11)
NEEDED = ("msgspec",)
SILENCE = 30.0
"""Seconds without a word from the bench, which asks every other second, after which it is taken for gone."""
FORGOTTEN = 600.0
"""Seconds after which a directory whose agent does not live is removed."""
AT_ONCE = 1 << 16
CODE, ARCHIVE, LOCK = "code", "code.zip", "lock"
TABLE = "splitbrain"


class Child:
    """A server's process, and its end of the line."""

    def __init__(self, process, line):
        self.process = process
        self.line = line
        self.unsent = bytearray()


class Agent:
    """The agent whose directory is the current one."""

    def __init__(self):
        self.children = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(0, selectors.EVENT_READ, None)
        self.arrived = bytearray()
        self.firewall = None
        self.spoken = time.monotonic()

    def run(self):
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

    def close(self):
        """End all that was started."""
        for child in self.children.values():
            end(child.process)
        if self.firewall is not None:
            self.firewall.close()

    def obey(self, data):
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

    def serve(self, name, events):
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

    def flush(self, name, child):
        try:
            sent = child.line.send(child.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(child.unsent)
        del child.unsent[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if child.unsent else 0)
        self.selector.modify(child.line, wanted, name)

    def ended(self, name):
        """A server's line has ended, so it has, or must."""
        child = self.children.pop(name, None)
        if child is not None:
            self.selector.unregister(child.line)
            child.line.close()
            say({"id": name, "code": end(child.process)})

    # Commands

    def do_clock(self):
        return time.monotonic_ns()

    def do_spawn(self, id, module, log):
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

    def do_data(self, id, data):
        child = self.children.get(id)
        if child is not None:
            child.unsent += base64.b64decode(data)
            self.flush(id, child)

    def do_kill(self, id):
        self.ended(id)

    def do_pause(self, id):
        child = self.children.get(id)
        if child is not None:
            child.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, child.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def do_resume(self, id):
        child = self.children.get(id)
        if child is not None:
            child.process.send_signal(signal.SIGCONT)


def end(process):
    """Kill a process with all that it started, and wait for it; returns its code."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def say(message):
    """Send a line to the bench."""
    data = memoryview(json.dumps(message).encode() + b"\n")
    while data:
        data = data[os.write(1, data) :]


def lacks():
    """What this host lacks, and what to do; "" if nothing."""
    if sys.version_info < OLDEST:
        version, oldest = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST))
        return f"{sys.executable} is Python {version}: give one that is at least {oldest} by --remote-python"
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        names = " ".join(absent)
        return f"{sys.executable} has no {names}: run there: {sys.executable} -m pip install {names}"
    return ""


def forget(mine):
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


def stop(number, frame):
    raise SystemExit


def main():
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
