"""The log of one replica, in memory and on its disk (sections 5.3 and 7)."""

from collections.abc import Sequence

from ..node import Storage
from .messages import Entry, Snapshot


class Log:
    """Entries from `base + 1` on; those before are committed, and forgotten because a snapshot has their effect.

    A kill may keep any first part of what is written here, and whatever it keeps must be a log that the replica might
    have had. Entries are therefore written from the first to the last, and those that conflict with a leader's are
    deleted from the last to the first, before others are written in their place.
    """

    def __init__(self, members: Sequence[str]) -> None:
        self.base = 0
        self.base_term = 0
        self.entries: list[Entry] = []
        self.configurations = [(0, tuple(members))]
        """The members of the group and the entries that made them so, the present ones last."""

    @property
    def last(self) -> int:
        """The index of the last entry."""
        return self.base + len(self.entries)

    @property
    def last_term(self) -> int:
        """The term of the last entry."""
        return self.entries[-1].term if self.entries else self.base_term

    @property
    def members(self) -> tuple[str, ...]:
        """The present members of the group: a configuration counts as soon as it is in the log, committed or not."""
        return self.configurations[-1][1]

    @property
    def changed(self) -> int:
        """The index of the entry with the present configuration."""
        return self.configurations[-1][0]

    def entry(self, index: int) -> Entry:
        """The entry at an index after `base`."""
        return self.entries[index - self.base - 1]

    def term(self, index: int) -> int:
        """The term of the entry at an index from `base` on."""
        return self.base_term if index == self.base else self.entry(index).term

    def since(self, index: int, limit: int) -> tuple[Entry, ...]:
        """The entries from the index on, so many at most."""
        start = index - self.base - 1
        return tuple(self.entries[start : start + limit])

    def holds(self, index: int, term: int) -> bool:
        """Whether the entry of that term is here at that index. What is committed is the same everywhere."""
        return index <= self.base or (index <= self.last and self.term(index) == term)

    def conflict(self, index: int) -> int:
        """Where a leader should try next whose entry at the index is not here: the first entry of the term that is
        here instead, since the leader may well lack all of them; or the end of the log (section 5.3)."""
        if index > self.last:
            return self.last + 1
        first = index
        while first - 1 > self.base and self.term(first - 1) == self.term(index):
            first -= 1
        return first

    def members_at(self, index: int) -> tuple[str, ...]:
        """Who the members were after the entry at this index."""
        return next(members for changed, members in reversed(self.configurations) if changed <= index)

    def append(self, storage: Storage, entry: Entry) -> None:
        """Add an entry at the end."""
        self.entries.append(entry)
        if entry.members is not None:
            self.configurations.append((self.last, entry.members))
        storage.put(f"entry/{self.last}", entry)

    def cut(self, storage: Storage, index: int) -> None:
        """Remove the entries from this index on."""
        while self.last >= index:
            storage.delete(f"entry/{self.last}")
            self.entries.pop()
        while self.configurations[-1][0] >= index:
            self.configurations.pop()

    def forget(self, storage: Storage, upto: int) -> None:
        """Remove the entries up to this index, all of which a snapshot stands for."""
        if upto <= self.base:
            return
        self.configurations = [
            (upto, self.members_at(upto)),
            *(changed for changed in self.configurations if changed[0] > upto),
        ]
        self.base_term = self.term(upto)
        for index in range(self.base + 1, upto + 1):
            storage.delete(f"entry/{index}")
        del self.entries[: upto - self.base]
        self.base = upto

    def install(self, storage: Storage, snapshot: Snapshot) -> None:
        """Begin with the snapshot, which is on the disk; entries after it are kept if they follow on it (section 7)."""
        if self.holds(snapshot.index, snapshot.term):
            self.forget(storage, snapshot.index)
            return
        self.cut(storage, self.base + 1)
        self.base, self.base_term = snapshot.index, snapshot.term
        self.configurations = [(snapshot.index, snapshot.members)]

    def load(self, storage: Storage, snapshot: Snapshot) -> None:
        """Read what is on the disk: what a snapshot left over, too, if its replica was killed while it took it."""
        stored = sorted(int(key.removeprefix("entry/")) for key in storage.keys("entry/"))
        self.base, self.base_term = (stored[0] - 1 if stored else snapshot.index), snapshot.term
        self.configurations = [(self.base, snapshot.members)]
        for index in stored:
            entry = storage.get(f"entry/{index}")
            assert isinstance(entry, Entry)
            self.entries.append(entry)
            if entry.members is not None:
                self.configurations.append((index, entry.members))
        self.install(storage, snapshot)
