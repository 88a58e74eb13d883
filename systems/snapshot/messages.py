"""What is said between clients and nodes."""

from ..node import Message


class Tokens(Message):
    """These are yours now."""

    amount: int


class Snapshot(Message):
    """The name of a snapshot: whose it is, and the number of the client's request."""

    client: str
    number: int


class Marker(Message):
    """All that I sent before this was before the snapshot. Its parts go to `collector`."""

    snapshot: Snapshot
    collector: str


class Begin(Message):
    """Take a snapshot. `number` grows with every operation of a client."""

    number: int


class Part(Message):
    """What one node has to say: its tokens, how many messages it had sent and received on each of its channels, and
    the tokens that were on their way to it."""

    snapshot: Snapshot
    node: str
    tokens: int
    sent: tuple[tuple[str, int], ...]
    received: tuple[tuple[str, int], ...]
    channels: tuple[tuple[str, tuple[int, ...]], ...]


class Picture(Message):
    """The snapshot is complete."""

    number: int
    parts: tuple[Part, ...]
