"""What is said between clients, servers and the view service."""

from typing import TypeAlias

from ..node import Message

VIEW_SERVICE = "vs"
"""The name of the one node that runs the view service."""

PING_INTERVAL = 25_000_000
"""How often a server pings the view service, and looks for what it has to send again (nanoseconds)."""

RETRY_INTERVAL = 100_000_000
"""How long a client waits for an answer before it asks again (nanoseconds)."""

Scalar: TypeAlias = bool | int | float | str | None


class Incarnation(Message):
    """One life of a server. A restarted server has lost its memory: it is somebody else."""

    node: str
    epoch: int


class View(Message):
    """Who is primary and who is backup. The view service numbers its views from 1; number 0 is "none yet"."""

    number: int
    primary: Incarnation | None
    backup: Incarnation | None


NO_VIEW = View(0, None, None)


# Servers, clients and the view service


class Ping(Message):
    """A server reports: it goes by view `view`, and `synced` says whether it holds the state of its primary.

    `heard` is the latest time that it has read on an answer of the view service. It proves that the server was alive
    at that time, however long the ping was on its way.
    """

    server: Incarnation
    view: int
    synced: bool
    heard: int


class GetView(Message):
    """A client asks for the view."""


class ViewReply(Message):
    """The current view, and the time on the clock of the view service (nanoseconds)."""

    view: View
    time: int


# Clients and the primary


class Request(Message):
    """Do `f` on `key`, at most once. `operation` grows with every operation of a client."""

    operation: int
    f: str
    key: Scalar
    value: Scalar = None
    expected: Scalar = None


class Reply(Message):
    """The request was carried out, and gave `output`."""

    operation: int
    output: Scalar


class NotPrimary(Message):
    """The request came to a server that is not the primary, and was not looked at."""

    operation: int


# The primary and its backup. All of them carry the number of the view in which they were sent.


class Transfer(Message):
    """Everything that the primary holds, for a new backup."""

    view: View
    data: tuple[tuple[Scalar, Scalar], ...]
    replies: tuple[tuple[str, Reply], ...]


class Transferred(Message):
    """The backup holds the state."""

    view: int


class Forward(Message):
    """The primary has carried out the `sequence`-th request of this view (counted from 1); the backup is to follow."""

    view: int
    sequence: int
    client: str
    request: Request


class Accept(Message):
    """The backup has carried out the requests of this view up to `sequence`."""

    view: int
    sequence: int


class Refuse(Message):
    """The sender of an older view's message is told the view that has replaced it."""

    view: View
