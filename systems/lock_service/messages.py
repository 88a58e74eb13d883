"""What is said between clients and the guarded resource. Locks are taken and given back by puts (systems/versioned)."""

from ..node import Message


class Read(Message):
    """What is the count? From now on nobody with an older token is listened to."""

    number: int
    token: int


class Count(Message):
    """The count that was found."""

    number: int
    count: int


class Write(Message):
    """The count is to be `count`."""

    number: int
    token: int
    count: int


class Written(Message):
    """It is."""

    number: int


class Stale(Message):
    """The token is older than another one that was seen: the lock has gone to somebody else."""

    number: int
