"""What clients and servers say to each other, in all of these systems."""

from ..node import Message
from ..replicated import Data, Scalar


class Stamp(Message):
    """When a value was written: a count that is greater than all that its writer knew, then the writer's name."""

    count: int
    node: str


NEVER = Stamp(0, "")


class Seen(Message):
    """A key, and the stamp of the newest value of it that somebody knows."""

    key: Scalar
    stamp: Stamp


class Ask(Message):
    """Do `f`. `number` grows with every operation of a client. `context` is what the client depends on."""

    number: int
    f: str
    key: Scalar
    value: Data
    context: tuple[Seen, ...] = ()


class Answer(Message):
    """It is done, and gave `output`. `seen` is what the client has seen by it."""

    number: int
    output: Data
    seen: tuple[Seen, ...] = ()


class Commit(Message):
    """Write all of this, or none of it."""

    number: int
    writes: tuple[tuple[Scalar, Data], ...]


class Entry(Message):
    """A value of a key, with what it depends on. None: the key was deleted."""

    key: Scalar
    value: Data
    stamp: Stamp
    depends: tuple[Seen, ...] = ()


class Replicate(Message):
    """This was written."""

    entry: Entry


class Replicated(Message):
    """I have it."""

    key: Scalar
    stamp: Stamp


class Digest(Message):
    """What I know; send me what is newer (anti-entropy)."""

    seen: tuple[Seen, ...]


class Newer(Message):
    """You do not know these."""

    entries: tuple[Entry, ...]
