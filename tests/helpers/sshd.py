"""Hosts to be reached over SSH: Debian's sshd, in network namespaces of this machine, each with a clock of its own."""

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from splitbrain.bench.hosts import Remote

SSHD = "/usr/sbin/sshd"
PORT = 22
PATIENCE = 30.0
UNSHARE = ["unshare", "--net", "--time", "--fork", "--kill-child", "--monotonic"]
AHEAD = 1000
"""Seconds that each host's monotonic clock is ahead of that of the host before."""


def missing() -> str:
    """What this machine lacks for hosts; "" if nothing."""
    if os.geteuid() != 0:
        return "only root can make network namespaces and start sshd"
    tools = [tool for tool in (SSHD, "ip", "nft", "unshare", "ssh-keygen") if shutil.which(tool) is None]
    if tools:
        return f"there is no {', '.join(tools)} (Debian: openssh-server, iproute2, nftables)"
    probe = ["unshare", "--net", "--time", "--monotonic", "1", "--fork", "ip", "link", "add", "probe", "type", "bridge"]
    done = subprocess.run(probe, capture_output=True, text=True)
    return "" if done.returncode == 0 else f"namespaces cannot be made: {done.stderr.strip()}"


_networks = itertools.count()


@dataclass
class Sshd:
    """One host: its sshd, and what it takes to reach it as root."""

    address: str
    port: str
    process: subprocess.Popen[bytes]
    sessions: Path

    @property
    def host(self) -> str:
        return f"root@{self.address}"

    def processes(self) -> list[int]:
        """The processes that live on the host, sshd itself left out."""
        space = os.readlink(f"/proc/{self.process.pid}/ns/net")
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "ns" / "net") == space and b"sshd" not in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return found

    def rules(self) -> str:
        """The rules of nftables that are in force there."""
        inside = ["nsenter", "--net", f"--target={self.process.pid}", "nft", "list", "ruleset"]
        return subprocess.run(inside, capture_output=True, text=True, check=True).stdout

    def unplug(self) -> None:
        """Lose the network without a word to anybody."""
        _ip(f"link set {self.port} down")

    def die(self) -> None:
        """Lose all processes and the connections at once, as when the power fails."""
        if self.process.poll() is not None:
            return
        space = os.readlink(f"/proc/{self.process.pid}/ns/net")
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "ns" / "net") == space:
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                continue
        self.process.wait()


@dataclass
class Hosts:
    """Hosts in one network, with the files that a client needs."""

    hosts: list[Sshd]
    identity: Path
    known_hosts: Path


def reached(made: Hosts, count: int | None = None, **changes: object) -> Remote:
    """The hosts, or the first so many, as a test names them."""
    given = {
        "hosts": tuple(host.host for host in made.hosts[:count]),
        "known_hosts": str(made.known_hosts),
        "identity": str(made.identity),
        "python": sys.executable,
        **changes,
    }
    return Remote(**given)  # type: ignore[arg-type]


@contextmanager
def hosts(place: Path, count: int) -> Iterator[Hosts]:
    """So many hosts, reachable from here; their keys, configuration and files are in `place`."""
    number = next(_networks)
    network = f"10.{212 + number}.{os.getpid() % 256}"
    bridge = f"sb{os.getpid()}n{number}"
    _forget()
    _key(place / "id")
    (place / "authorized_keys").write_text((place / "id.pub").read_text())
    Path("/run/sshd").mkdir(exist_ok=True)
    made = Hosts([], place / "id", place / "known_hosts")
    _ip(f"link add {bridge} type bridge forward_delay 0", f"addr add {network}.254/24 dev {bridge}")
    _ip(f"link set {bridge} up")
    try:
        for number in range(1, count + 1):
            made.hosts.append(_start(place, f"{network}.{number}", bridge, f"{bridge}p{number}", number))
        for each in made.hosts:
            _wait(each)
        keys = [f"{each.address} {(place / f'{each.address}.pub').read_text()}" for each in made.hosts]
        made.known_hosts.write_text("".join(keys))
        yield made
    finally:
        for each in made.hosts:
            each.die()
            # What is still to be sent keeps a namespace alive for a while, and the link into it.
            subprocess.run(["ip", "link", "del", each.port], capture_output=True)
        _ip(f"link del {bridge}")


def _start(place: Path, address: str, bridge: str, port: str, number: int) -> Sshd:
    _key(place / address)
    configuration = place / f"{address}.conf"
    # With SHLVL bash takes itself for one in another, and leaves out the user's start-up files, slow as they may be.
    configuration.write_text(
        f"""HostKey {place / address}
AuthorizedKeysFile {place / "authorized_keys"}
PidFile none
UsePAM no
StrictModes no
UseDNS no
MaxStartups 100
PermitRootLogin yes
PermitUserRC no
SetEnv SHLVL=1
Subsystem sftp internal-sftp
"""
    )
    command = f"{SSHD} -D -e -f {configuration}"
    sessions = place / f"{address}.log"
    with sessions.open("ab") as log:
        process = subprocess.Popen(
            [*UNSHARE, str(number * AHEAD), "sh", "-c", f"read go && ip link set lo up && exec {command}"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    assert process.stdin is not None
    own = os.readlink("/proc/self/ns/net")
    limit = time.monotonic() + PATIENCE
    while os.readlink(f"/proc/{process.pid}/ns/net") == own:
        assert time.monotonic() < limit, "no namespace was made"
        os.sched_yield()
    _ip(f"link add {port} type veth peer name eth0 netns {process.pid}", f"link set {port} master {bridge} up")
    inside = ["nsenter", "--net", f"--target={process.pid}", "ip", "-batch", "-"]
    commands = f"addr add {address}/24 dev eth0\nlink set eth0 up\n"
    subprocess.run(inside, input=commands, text=True, check=True)
    process.stdin.write(b"go\n")
    process.stdin.close()
    return Sshd(address, port, process, sessions)


def _wait(host: Sshd) -> None:
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host.address, PORT), 1).close()
            return
        except OSError as error:
            assert host.process.poll() is None, host.sessions.read_text()
            if time.monotonic() > limit:
                raise AssertionError(f"{host.address} does not answer: {error}") from None


def _forget() -> None:
    """Remove the bridges of processes that were killed."""
    for _, name in socket.if_nameindex():
        owner = re.fullmatch(r"sb(\d+)n\d+", name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            _ip(f"link del {name}")


def _key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def _ip(*commands: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)
