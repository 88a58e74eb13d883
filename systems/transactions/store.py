"""The state machine of a group: its shards, its locks, what it has promised and what it has decided.

Two-phase commit in which every party is a replica group (UW dslabs, lab 4, part 3; Corbett et al., "Spanner", OSDI
2012, section 4.2.1). What two-phase commit has on disk is in the group's log here, so that there is no recovery but
that of the log: who leads next goes on. Abort is presumed: of transactions that do not commit nothing is kept.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from ..key_value import Command as Request
from ..key_value import Reply
from ..replicated import Data, Scalar
from ..sharded.configuration import Configuration, shard_of
from ..sharded.store import ShardStore
from .messages import Name
from .operations import MISSING, Argument, Pairs, effect, home_of, keys_of

BEGIN, DECIDE, PREPARE, END, FINISH = "begin", "decide", "prepare", "end", "finish"


class Part(NamedTuple):
    """A participant: a group, its servers, and which keys it has."""

    group: str
    servers: tuple[str, ...]
    keys: tuple[str, ...]


class Voting(NamedTuple):
    """A transaction that this group coordinates and has not decided: who asked for what, its own keys, and the rest."""

    client: str
    number: int
    f: str
    argument: Argument
    keys: tuple[str, ...]
    parts: tuple[Part, ...]


class Due(NamedTuple):
    """What a participant has to write, since it was decided to commit, until it is known to have done so."""

    group: str
    servers: tuple[str, ...]
    writes: Pairs


class Promise(NamedTuple):
    """What this group is prepared for: the servers of the coordinator, and the keys."""

    coordinator: tuple[str, ...]
    keys: tuple[str, ...]


class TransactionStore(ShardStore):
    """The shards of a group, and the transactions on them. Nobody waits for a lock: who does not get it is refused."""

    def __init__(self, group: str) -> None:
        super().__init__(group)
        self.locks: dict[str, Name] = {}
        """Who holds the lock of a key, for reading or writing."""
        self.begun = 0
        """How many transactions among several groups it has begun to coordinate."""
        self.voting: dict[Name, Voting] = {}
        self.decided: dict[Name, tuple[Due, ...]] = {}
        """What it has decided to commit, with the participants that are not known to have done so."""
        self.prepared: dict[Name, Promise] = {}
        self.newest: dict[str, int] = {}
        """By coordinator, the newest transaction that it was ever prepared for. Older ones come too late."""
        self.draining: frozenset[int] = frozenset()
        """Shards that are to move as soon as the last of their locks is released."""

    def apply(self, command: tuple[str, Any]) -> bool:
        """Carry out the command; whether it was possible. A transaction: whether it is done or under way."""
        what, argument = command
        match what, argument:
            case "begin", (str(client), int(number), str(f), tuple(given)):
                return self.begin(client, number, f, given)
            case "decide", ((str(group), int(number)), values):
                return self.decide((group, number), values)
            case "prepare", ((str(group), int(number)), tuple(coordinator), tuple(keys)):
                return self.prepare((group, number), coordinator, keys)
            case "end", ((str(group), int(number)), _, writes):
                return self.end((group, number), writes)
            case "finish", ((str(group), int(number)), str(participant)):
                return self.finish((group, number), participant)
        return super().apply(command)

    # The coordinator

    def begin(self, client: str, number: int, f: str, argument: Argument) -> bool:
        """Execute a transaction at once if all its keys are here; else lock those that are, and have it voted on."""
        home = self.shards.get(home_of(argument))
        if home is None:
            return False
        if home.newest(client) >= number or self.is_voting(client, number):
            return True
        keys = keys_of(argument)
        parts = self.others(keys)
        if not parts:
            if not self.free(keys):
                return False
            self.execute(client, number, f, argument, self.values(keys))
            return True
        mine = tuple(key for key in keys if all(key not in part.keys for part in parts))
        if not self.lockable(mine):
            return False
        self.begun += 1
        name = (self.group, self.begun)
        self.voting[name] = Voting(client, number, f, argument, mine, parts)
        self.lock(name, mine)
        return True

    def is_voting(self, client: str, number: int) -> bool:
        """Whether this request of the client, or a newer one, is being voted on."""
        return any(each.client == client and each.number >= number for each in self.voting.values())

    def others(self, keys: Iterable[str]) -> tuple[Part, ...]:
        """The other groups that own some of the keys."""
        by_group: dict[str, list[str]] = {}
        for key in keys:
            by_group.setdefault(self.configuration.owners[shard_of(key)], []).append(key)
        by_group.pop(self.group, None)
        return tuple(
            Part(group, self.configuration.servers(group), tuple(its)) for group, its in sorted(by_group.items())
        )

    def decide(self, name: Name, values: Pairs | None) -> bool:
        """Commit, given what all participants have found, or abort. The first decision in the log is the decision."""
        voting = self.voting.pop(name, None)
        if voting is None:
            return False
        if values is not None:
            found = {**self.values(voting.keys), **dict(values)}
            writes = self.execute(voting.client, voting.number, voting.f, voting.argument, found)
            self.decided[name] = tuple(
                Due(part.group, part.servers, tuple((key, writes[key]) for key in part.keys if key in writes))
                for part in voting.parts
            )
        self.release(name)
        return True

    def execute(
        self, client: str, number: int, f: str, argument: Argument, values: Mapping[str, Scalar]
    ) -> dict[str, Scalar]:
        """Answer the client, and write what is to be written here; all that is to be written."""
        output, writes = effect(f, argument, values)
        home = self.shards[home_of(argument)]
        if home.newest(client) < number:
            home.replies[client] = Reply(number, output)
        self.write((key, value) for key, value in writes.items() if shard_of(key) in self.shards)
        return writes

    def finish(self, name: Name, participant: str) -> bool:
        """A participant has done what was decided; once all have, the decision is forgotten."""
        if name not in self.decided:
            return False
        left = tuple(due for due in self.decided[name] if due.group != participant)
        if left:
            self.decided[name] = left
        else:
            del self.decided[name]
        return True

    # The participants

    def prepare(self, name: Name, coordinator: tuple[str, ...], keys: tuple[str, ...]) -> bool:
        """Lock the keys and promise to do what is decided, unless it is too late or they are not to be had."""
        if name in self.prepared:
            return True
        if self.is_late(name) or not self.lockable(keys):
            return False
        self.newest[name[0]] = name[1]
        self.prepared[name] = Promise(coordinator, keys)
        self.lock(name, keys)
        return True

    def is_late(self, name: Name) -> bool:
        """Whether it may be a copy of what was over long ago. If it is not, its coordinator begins anew."""
        group, number = name
        return number <= self.newest.get(group, 0)

    def end(self, name: Name, writes: Pairs | None) -> bool:
        """Do what was decided, once."""
        if self.prepared.pop(name, None) is None:
            return False
        self.write(writes or ())
        self.release(name)
        return True

    # Keys and locks

    def values(self, keys: Iterable[str]) -> dict[str, Scalar]:
        """What the keys hold, all of which are here."""
        return {key: self.shards[shard_of(key)].data.get(key, MISSING) for key in keys}

    def write(self, pairs: Iterable[tuple[str, Scalar]]) -> None:
        """Give keys new values."""
        for key, value in pairs:
            self.shards[shard_of(key)].data[key] = value

    def free(self, keys: Iterable[str]) -> bool:
        """Whether all the keys are served here, and none is locked."""
        return all(shard_of(key) in self.shards and key not in self.locks for key in keys)

    def lockable(self, keys: Iterable[str]) -> bool:
        """Whether all the keys are free, and none is in a shard that is about to move."""
        return self.free(keys) and self.draining.isdisjoint(map(shard_of, keys))

    def lock(self, name: Name, keys: Iterable[str]) -> None:
        """Give the locks of the keys to a transaction."""
        self.locks.update(dict.fromkeys(keys, name))

    def release(self, name: Name) -> None:
        """Release all locks of a transaction."""
        self.locks = {key: holder for key, holder in self.locks.items() if holder != name}

    def holders(self) -> list[tuple[Name, tuple[str, ...]]]:
        """The transactions that are not over, with the keys whose locks they have."""
        coordinated = [(name, voting.keys) for name, voting in self.voting.items()]
        return coordinated + [(name, promise.keys) for name, promise in self.prepared.items()]

    def do(self, request: Request) -> bool:
        """Carry out a request on one key, if it is served at this point of the log and not locked."""
        return str(request[3]) not in self.locks and super().do(request)

    # Movement

    def may_change_to(self, new: Configuration) -> bool:
        """Whether it is the next configuration, the present one is complete, and nothing that leaves is locked."""
        return super().may_change_to(new) and self.leavers(new).isdisjoint(map(shard_of, self.locks))

    def leavers(self, new: Configuration) -> frozenset[int]:
        """The shards that a configuration takes away."""
        return self.configuration.shards(self.group) - new.shards(self.group)

    def configure(self, new: Configuration) -> bool:
        """Change to the next configuration, or see to it that nothing more is locked in the shards that leave."""
        if super().may_change_to(new):
            self.draining = self.leavers(new)
        if not super().configure(new):
            return False
        self.draining = frozenset()
        return True

    # Snapshots

    def snapshot(self) -> Data:
        """The whole state. Locks are what is voted on and prepared."""
        shards = super().snapshot()
        assert isinstance(shards, tuple)
        voting = tuple((*name, *each[:-1], tuple(map(tuple, each.parts))) for name, each in sorted(self.voting.items()))
        decided = tuple((*name, tuple(map(tuple, dues))) for name, dues in sorted(self.decided.items()))
        prepared = tuple((*name, *each) for name, each in sorted(self.prepared.items()))
        rest: Any = (
            self.begun,
            voting,
            decided,
            prepared,
            tuple(sorted(self.newest.items())),
            tuple(sorted(self.draining)),
        )
        return cast("Data", (*shards, *rest))

    def restore(self, snapshot: Any) -> None:
        """Take over a snapshot, and forget the rest."""
        *shards, self.begun, voting, decided, prepared, newest, draining = snapshot
        super().restore(tuple(shards))
        self.newest, self.draining = dict(newest), frozenset(draining)
        self.voting = {
            (group, number): Voting(client, request, f, argument, keys, tuple(Part(*part) for part in parts))
            for group, number, client, request, f, argument, keys, parts in voting
        }
        self.decided = {(group, number): tuple(Due(*due) for due in dues) for group, number, dues in decided}
        self.prepared = {(group, number): Promise(*each) for group, number, *each in prepared}
        self.locks = {key: name for name, keys in self.holders() for key in keys}
