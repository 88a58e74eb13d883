"""What is between the hosts of a remote world: a network that is not ours, or one that their firewalls can cut."""

import socket
from collections.abc import Mapping, Sequence

from ....errors import ContractError, UsageError
from ....nemesis.fault import Family, Fault
from ..local.channel import LostError
from ..local.wires import Place, new_socket
from .agent_line import RemoteAgent


class Between:
    """The network that the hosts are in, as it is. Faults between nodes act in the nodes, on messages."""

    wire: frozenset[Family] = frozenset()

    def __init__(self, agents: Mapping[str, RemoteAgent], own: str) -> None:
        self._agents = agents
        self._own = own

    def prefix(self, node: str) -> Sequence[str]:
        return ()

    def address(self, node: str) -> str:
        return self._agents[node].address if node in self._agents else self._own

    def new_socket(self, node: str) -> socket.socket:
        return new_socket()

    def carries(self, src: str, dst: str) -> bool:
        return False

    def cut(self, src: str, dst: str, unit: int) -> None:
        raise NotImplementedError("the network of hosts is not ours to cut")

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        raise NotImplementedError("packets between hosts are not ours to disturb")

    def route(self, src: str, dst: str, place: Place) -> Place:
        return place

    def mend(self, src: str, dst: str, unit: int) -> None:
        pass

    def take_counts(self) -> Mapping[int, int]:
        return {}

    def close(self) -> None:
        pass


class Firewalls(Between):
    """The same, where partitions between servers are made by rules of nftables on the hosts that are not to hear.

    Raises UsageError if a host cannot do that, or is not a server's alone.
    """

    wire: frozenset[Family] = frozenset({"partition"})

    def __init__(self, agents: Mapping[str, RemoteAgent], own: str) -> None:
        super().__init__(agents, own)
        self._cuts: dict[str, list[tuple[int, str]]] = {server: [] for server in agents}
        self._counted: dict[tuple[str, str], int] = {}
        self._used: set[str] = set()
        places = [agent.address for agent in agents.values()]
        for server, agent in agents.items():
            if agent.address == own or places.count(agent.address) > 1:
                why = "the bench is there too" if agent.address == own else "it has several servers"
                raise UsageError(f"{agent.host}: cannot be cut off by nftables: {why}: leave out --network nftables")
            if error := (agent.ask("firewall") or {}).get("error"):
                raise UsageError(f"{agent.host}: has no nftables for {server}: {error}: leave out --network nftables")

    def carries(self, src: str, dst: str) -> bool:
        return src in self._agents and dst in self._agents

    def cut(self, src: str, dst: str, unit: int) -> None:
        self._cuts[dst].append((unit, src))
        self._used.add(dst)
        self._tell(dst)

    def mend(self, src: str, dst: str, unit: int) -> None:
        if (unit, src) in self._cuts.get(dst, ()):
            self._cuts[dst].remove((unit, src))
            self._tell(dst)

    def take_counts(self) -> Mapping[int, int]:
        counts: dict[int, int] = {}
        for server in sorted(self._used):
            for unit, packets in self._ask(server, "counts").items():
                new = packets - self._counted.get((server, unit), 0)
                self._counted[server, unit] = packets
                if new:
                    counts[int(unit)] = counts.get(int(unit), 0) + new
            if not self._cuts[server]:
                self._used.discard(server)
        return counts

    def _tell(self, server: str) -> None:
        rules = [[str(unit), self._agents[src].address] for unit, src in self._cuts[server]]
        self._ask(server, "cut", cuts=rules)

    def _ask(self, server: str, verb: str, **more: object) -> Mapping[str, int]:
        """What the agent answers. A host that is lost drops everything anyway, and counts nothing."""
        agent = self._agents[server]
        try:
            value: Mapping[str, object] = agent.ask(verb, **more) or {}
        except LostError:
            return {}
        if "error" in value:
            raise ContractError(f"{agent.host}: {value['error']}")
        return value  # type: ignore[return-value]
