"""The hosts of a remote world, as the machines that its servers run on (bench/worlds/local/machines.py)."""

import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ....errors import UsageError
from ....systems.system import System
from ...hosts import Host, Remote, parse_host
from ..local.channel import End, LostError
from ..local.machines import PROGRAM, log_name
from ..local.network import Network
from .agent_line import RemoteAgent
from .firewalls import Between, Firewalls
from .upload import archive


class Hosts:
    """Servers on hosts, one after the other and again from the first, reached over one connection to each.

    Raises UsageError, in one line, for the first host that cannot be used.
    """

    def __init__(self, remote: Remote, tested: System, servers: Sequence[str], network: str, logs: Path | None) -> None:
        hosts = [parse_host(text) for text in dict.fromkeys(remote.hosts)][: len(servers)]
        if not hosts:
            raise UsageError("--world remote needs hosts: give --host user@host:port, or --hosts FILE")
        code = archive(tested)
        self.agents: list[RemoteAgent] = []
        self._temporary = None if logs is not None else Path(tempfile.mkdtemp(prefix="splitbrain-logs-"))
        self._logs = logs or self._temporary or Path()
        with ThreadPoolExecutor(len(hosts)) as pool:
            started = [pool.submit(RemoteAgent, host, remote, code) for host in hosts]
        try:
            errors = [error for each in started if (error := each.exception()) is not None]
            self.agents = [each.result() for each in started if each.exception() is None]
            if errors:
                raise errors[0]
            self._of = {server: self.agents[number % len(hosts)] for number, server in enumerate(servers)}
            self._numbers = {server: number for number, server in enumerate(servers)}
            self._lives = dict.fromkeys(servers, 0)
            self.network: Network = Between(self._of, self._own_address())
            if network == "nftables":
                self.network = Firewalls(self._of, self._own_address())
        except BaseException:
            self.close()
            raise

    def spawn(self, server: str) -> "RemoteProcess":
        self._lives[server] += 1
        return RemoteProcess(self._of[server], f"{server}/{self._lives[server]}", log_name(server))

    def parent(self, server: str) -> int:
        return self._of[server].pid

    def listens(self, server: str) -> str:
        return self._of[server].listens

    def disk(self, server: str) -> str:
        return f"{self._of[server].directory}/{self._numbers[server]}.disk"

    def log(self, server: str) -> Path:
        return self._logs / log_name(server)

    def origin(self, server: str, origin: int) -> int:
        return origin + self._of[server].offset

    def close(self) -> None:
        with ThreadPoolExecutor(max(1, len(self.agents))) as pool:
            for agent in self.agents:
                pool.submit(self._end, agent)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _end(self, agent: RemoteAgent) -> None:
        servers = [server for server, other in getattr(self, "_of", {}).items() if other is agent]
        with suppress(LostError):
            agent.fetch({log_name(server): self.log(server) for server in servers})
        agent.close()

    def _own_address(self) -> str:
        """The address of this machine that all hosts can be given."""
        seen: dict[str, Host] = {agent.seen_from: agent.host for agent in self.agents}
        if len(seen) > 1:
            (one, first), (other, second), *_ = seen.items()
            raise UsageError(f"{first} is reached from {one}, {second} from {other}: give hosts in one network")
        (address,) = seen
        if ":" in address:
            raise UsageError(f"{seen[address]}: is reached by IPv6, which nodes do not speak: give its IPv4 address")
        return address


class RemoteProcess:
    """A server's process on a host, under a name that no other had."""

    pid: int | None = None

    def __init__(self, agent: RemoteAgent, name: str, log: str) -> None:
        self._agent = agent
        self._name = name
        self.line: End = agent.line(name)
        agent.tell("spawn", id=name, module=PROGRAM, log=log)
        if agent.lost:
            raise LostError(agent.lost)

    @property
    def lost(self) -> str:
        return self._agent.lost

    def wait(self) -> int | None:
        return self._agent.code(self._name)

    def kill(self) -> None:
        with suppress(LostError):
            self._agent.ask("kill", id=self._name)

    def pause(self) -> None:
        self._agent.ask("pause", id=self._name)

    def resume(self) -> None:
        self._agent.ask("resume", id=self._name)
