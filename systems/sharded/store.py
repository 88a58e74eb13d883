"""The state machine of a group: the shards that it serves, awaits, and has yet to hand over (lab 4, part 2).

Configurations are part of the log like requests: all servers of a group change from one to the next between the same
two requests. That is what makes it certain which requests a shard has seen when it leaves.
"""

from typing import Any, TypeAlias

from ..key_value import Command as Request
from ..key_value import Snapshot, Store
from ..replicated import Data
from .configuration import FIRST, NOBODY, Configuration, as_data, shard_of

DO, CONFIGURE, RECEIVE, FORGET = "do", "configure", "receive", "forget"

Command: TypeAlias = tuple[str, Any]
"""What to do, and with what: a request, a configuration, (number, shard, contents) or (number, shard)."""

Move: TypeAlias = tuple[int, int]
"""The number of the configuration with which a shard moves, and the shard."""


class ShardStore:
    """The shards of one group. Each has values and a duplicate table of its own, which move with it."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.configuration = FIRST
        self.shards: dict[int, Store] = {}
        """What is served."""
        self.awaited: set[int] = set()
        """What the group owns in its configuration, but has not received yet."""
        self.leaving: dict[Move, Snapshot] = {}
        """What others own since some configuration, until they are known to have received it."""
        self.bound: dict[Move, tuple[str, ...]] = {}
        """The servers that are to receive it."""

    def apply(self, command: Command) -> bool:
        """Carry out the command; whether it was possible. A request: whether it was carried out, now or before."""
        what, argument = command
        match what, argument:
            case "do", tuple(request):
                return self.do(request)
            case "configure", tuple(data):
                return self.configure(Configuration(*data))
            case "receive", (int(number), int(shard), tuple(contents)):
                return self.receive(number, shard, contents)
            case "forget", (int(number), int(shard)):
                return self.forget(number, shard)
        raise ValueError(f"a group cannot {what}")

    def do(self, request: Request) -> bool:
        """Carry out a client's request, if its shard is served at this point of the log."""
        shard = self.shards.get(shard_of(request[3]))
        if shard is None:
            return False
        shard.apply(request)
        return True

    def configure(self, new: Configuration) -> bool:
        """Change to the next configuration, if it is the next and everything that belongs to the present one is here.

        Shards without an owner so far are empty. What is given away waits, out of service, until it is received.
        """
        old = self.configuration
        if not self.may_change_to(new):
            return False
        mine, others = new.shards(self.group), sorted(old.shards(self.group) - new.shards(self.group))
        for shard in others:
            self.give_away(new, shard)
        for shard in sorted(mine - old.shards(self.group)):
            if old.owners[shard] == NOBODY:
                self.shards[shard] = Store()
            else:
                self.await_(shard)
        self.configuration = new
        return True

    def may_change_to(self, new: Configuration) -> bool:
        """Whether it is the next configuration, and the present one is complete."""
        return new.number == self.configuration.number + 1 and not self.awaited

    def give_away(self, new: Configuration, shard: int) -> None:
        """Serve the shard no more, and keep what it holds for its new owner."""
        move = (new.number, shard)
        self.leaving[move] = self.shards.pop(shard).snapshot()
        self.bound[move] = new.servers(new.owners[shard])

    def await_(self, shard: int) -> None:
        """Own the shard, but do not serve it yet."""
        self.awaited.add(shard)

    def receive(self, number: int, shard: int, contents: Snapshot) -> bool:
        """Serve a shard that is awaited, from now on, whatever else is still awaited."""
        if number != self.configuration.number or shard not in self.awaited:
            return False
        self.awaited.remove(shard)
        self.shards[shard] = Store()
        self.shards[shard].restore(contents)
        return True

    def forget(self, number: int, shard: int) -> bool:
        """Delete what another group has received."""
        self.bound.pop((number, shard), None)
        return self.leaving.pop((number, shard), None) is not None

    def has_received(self, number: int, shard: int) -> bool:
        """Whether the shard that was to move here with this configuration has arrived, at any time."""
        newer = self.configuration.number > number
        return newer or (self.configuration.number == number and shard not in self.awaited)

    def snapshot(self) -> Data:
        """The whole state, duplicate tables and unfinished moves included."""
        shards = tuple((number, *shard.snapshot()) for number, shard in sorted(self.shards.items()))
        leaving = tuple((*move, self.bound[move], *contents) for move, contents in sorted(self.leaving.items()))
        return as_data(self.configuration), shards, tuple(sorted(self.awaited)), leaving

    def restore(self, snapshot: Any) -> None:
        """Take over a snapshot, and forget the rest."""
        configuration, shards, awaited, leaving = snapshot
        self.configuration = Configuration(*configuration)
        self.awaited = set(awaited)
        self.shards, self.leaving, self.bound = {}, {}, {}
        for number, *contents in shards:
            self.shards[number] = Store()
            self.shards[number].restore(tuple(contents))
        for number, shard, servers, *contents in leaving:
            self.leaving[number, shard] = tuple(contents)
            self.bound[number, shard] = servers
