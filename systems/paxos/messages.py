"""What replicas say to each other, and the intervals. Every message of a leader carries its ballot."""

from ..node import Message
from ..replicated import Data
from .synod import Ballot, Vote

MILLISECOND = 1_000_000

HEARTBEAT = 50 * MILLISECOND
"""How often a leader tells the others that it leads, and sends again what they have not confirmed (nanoseconds)."""

ELECTION = (150 * MILLISECOND, 300 * MILLISECOND)
"""A replica that hears nothing of a leader for a time drawn from here tries to lead (nanoseconds)."""

BATCH = 16
"""A replica that has fallen behind by more slots than this is sent the state instead of the commands."""

NOOP = None
"""The command that does nothing: it fills the holes that an earlier leader left."""


class Numbered(Message):
    """A vote in a slot of the log."""

    slot: int
    vote: Vote


# Phase 1, for all slots at once


class Prepare(Message):
    """Promise this ballot, and tell me your votes above slot `executed`: all others are settled for me."""

    ballot: Ballot
    executed: int


class Promise(Message):
    """No older ballot any more. `votes` are mine above the slot asked for; up to `forgotten`, any may be missing."""

    ballot: Ballot
    forgotten: int
    votes: tuple[Numbered, ...]


# Phase 2, slot by slot


class Accept(Message):
    """Vote for the command in this ballot. All slots up to `chosen` are chosen."""

    ballot: Ballot
    slot: int
    command: Data
    chosen: int


class Accepted(Message):
    """I have voted in this ballot."""

    ballot: Ballot
    slot: int


class Reject(Message):
    """I have promised this ballot, which is above yours."""

    promised: Ballot


# The stable leader


class Heartbeat(Message):
    """I lead. All slots up to `chosen` are chosen, and those up to `cleared` nobody will ever ask for again."""

    ballot: Ballot
    chosen: int
    cleared: int


class Saved(Message):
    """I hear you. What the slots up to this one have brought about is on my disk."""

    ballot: Ballot
    slot: int


# Catching up, and coming back without a disk


class Hello(Message):
    """I have lost my disk: are you there?"""


class Here(Message):
    """I am, and I have mine."""


class Fetch(Message):
    """Send me what was chosen from this slot on."""

    slot: int


class Chosen(Message):
    """These commands were chosen, from this slot on."""

    slot: int
    commands: tuple[Data, ...]


class Snapshot(Message):
    """The state of the machine after this slot; kept on disk, and sent when the slots asked for are many, or gone."""

    slot: int
    state: Data
