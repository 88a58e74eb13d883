"""What is said between clients and the server."""

from ..node import Message
from ..replicated import Data, Scalar


class Writer(Message):
    """Which put wrote a version: the client, and the number of its request."""

    client: str
    number: int


class Get(Message):
    """What is the value of `key`?"""

    number: int
    key: Scalar


class Got(Message):
    """The value, and how many puts there were before: its version. Nothing has version 0."""

    number: int
    value: Data
    version: int


class Put(Message):
    """Replace version `version` of `key`; nothing happens if that is not the current one."""

    number: int
    key: Scalar
    value: Data
    version: int


class Done(Message):
    """The put took effect."""

    number: int


class Mismatch(Message):
    """The put did not take effect just now: the current version is `version`, and `writer` has written it.

    Whether an earlier copy of the same put took effect is for the client to work out.
    """

    number: int
    version: int
    writer: Writer | None
