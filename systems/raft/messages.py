"""What replicas say to each other, what they keep, and the intervals. Every message carries its sender's term."""

from ..node import Message
from ..replicated import Data

MILLISECOND = 1_000_000

HEARTBEAT = 50 * MILLISECOND
"""How often a leader says that it leads (nanoseconds)."""

ELECTION = (150 * MILLISECOND, 300 * MILLISECOND)
"""A replica that hears nothing of a leader for a time drawn from here stands for election (nanoseconds)."""

BATCH = 16
"""How many entries a message carries at most."""

COMPACT = 6
"""A snapshot is taken when so many entries were applied since the last one: few, so that short runs see many."""

NOOP = None
"""The command that does nothing: a leader begins its term with it (section 8)."""


class Entry(Message):
    """An entry of the log. With `members`, it is also the group's configuration from here on."""

    term: int
    command: Data
    members: tuple[str, ...] | None = None


class Snapshot(Message):
    """The state of the machine, and the group's members, after the entry at `index` (section 7)."""

    index: int
    term: int
    members: tuple[str, ...]
    state: Data


class Outdated(Message):
    """The answer to whoever asks in an earlier term than mine, which is this."""

    term: int


# Leader election (section 5.2)


class RequestVote(Message):
    """Vote for me in this term; `last_index` and `last_term` are those of my last entry.

    With `pre` it is only a question: would you? (thesis, section 9.6)
    """

    term: int
    last_index: int
    last_term: int
    pre: bool


class Vote(Message):
    """You have my vote in this term; with `pre`, you would have it."""

    term: int
    pre: bool


class TimeoutNow(Message):
    """You are the leader that I want after me: stand for election at once (thesis, section 3.10)."""

    term: int


# Log replication (section 5.3)


class AppendEntries(Message):
    """Append these entries after the one at `prev_index`. Those up to `commit` are committed.

    `number` counts the messages of this leader to its followers; answers repeat it.
    """

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    number: int


class InstallSnapshot(Message):
    """Your next entry is one that I have no more: take this state instead (section 7)."""

    term: int
    snapshot: Snapshot
    number: int


class Appended(Message):
    """My log agrees with yours up to `match`."""

    term: int
    match: int
    number: int


class Conflict(Message):
    """My log differs from yours at `prev_index`: try again after the entries before `index`."""

    term: int
    prev_index: int
    index: int
    number: int
