"""A network of namespaces joined by a bridge of the kernel, with rules of nftables for faults.

unshare --net python -m splitbrain.bench.worlds.local.bridge FILE_DESCRIPTOR
"""

import socket
from collections.abc import Sequence

from ....nemesis.fault import Fault
from .middle import obey, opened
from .nft import Rules, counters, table
from .spaces import Spaces, ip

_FRAME = 1514
"""Bytes of the longest frame."""
_PARTS = 10_000
"""Of how many parts a rate is so many."""


class Bridge:
    """The namespaces of these nodes, the bridge between them, and a table of rules for each unit in force.

    The kernel draws what is lost, not `seed`. Raises OSError if the network cannot be made.
    """

    def __init__(self, names: Sequence[str], seed: int, capture: str | None) -> None:
        self._spaces = Spaces(names)
        self._rules = Rules()
        self._links: dict[int, set[tuple[str, str]]] = {}
        self._seen: dict[int, int] = {}
        self._gone: dict[int, int] = {}
        ip(
            "link add bridge0 type bridge mcast_snooping 0",
            *(f"link set {interface} master bridge0" for interface in self._spaces.interfaces.values()),
            "link set bridge0 up",
        )

    def places(self) -> dict[str, tuple[str, str]]:
        """For each node its address, and the file that is its namespace."""
        return self._spaces.places()

    def new_socket(self, name: str) -> socket.socket:
        """A TCP socket in a node's namespace."""
        return self._spaces.new_socket(name)

    def cut(self, src: str, dst: str, unit: int) -> None:
        """Drop every packet from one node to the other from now on."""
        self._add(src, dst, unit, "")

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        """Do to every packet from one node to the other what the fault says, from now on."""
        self._add(src, dst, fault.unit, dropped(fault))

    def mend(self, src: str, dst: str, unit: int) -> None:
        """End what a unit does to the link."""
        links = self._links.get(unit, set())
        links.discard((src, dst))
        if links:
            self._rules.run(f"delete element bridge u{unit} links {{ {self._element(src, dst)} }}")
        elif unit in self._links:
            self._gone = self.take_counts()
            self._rules.run(f"delete table bridge u{unit}")
            del self._links[unit], self._seen[unit]

    def take_counts(self) -> dict[int, int]:
        """How many packets each unit has dropped since this was last asked."""
        counts, self._gone = self._gone, {}
        for unit, packets in counters(self._rules.run("list counters")).items():
            counts[unit] = counts.get(unit, 0) + packets - self._seen[unit]
            self._seen[unit] = packets
        return {unit: count for unit, count in counts.items() if count}

    def _add(self, src: str, dst: str, unit: int, chosen: str) -> None:
        if unit not in self._links:
            self._rules.run(table(unit, chosen))
            self._links[unit], self._seen[unit] = set(), 0
        self._links[unit].add((src, dst))
        self._rules.run(f"add element bridge u{unit} links {{ {self._element(src, dst)} }}")

    def _element(self, src: str, dst: str) -> str:
        return f"{self._spaces.addresses[src]} . {self._spaces.addresses[dst]}"


def dropped(fault: Fault) -> str:
    """Which packets of a link the fault drops, in the words of nft(8)."""
    if fault.family == "packets.bandwidth":
        # The kernel lets a second's worth pass at once, and `burst` comes on top of it.
        limit = f"limit rate over {fault.bandwidth} bytes/second burst {_FRAME} bytes"
        return f"update @meters {{ ip saddr . ip daddr {limit} }}"
    return f"numgen random mod {_PARTS} < {max(1, round(fault.rate * _PARTS))}"


def main() -> None:
    """Make the network that the bench asks for, and change its rules until the bench has ended."""
    made = opened(Bridge)
    while made and obey(*made):
        pass


if __name__ == "__main__":
    main()
