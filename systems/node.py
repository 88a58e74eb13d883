"""The node contract: what a system under test is written against, in every world.

A node is a single-threaded state machine. The world calls `start` at every boot, `on_<Message>` for each message,
`on_timer_<name>` for each due timer and, on client nodes, `on_invoke` for each operation. A handler runs to its end
before the next one begins, and the only way out of it is its `ctx`: no threads, sockets, wall clock or randomness of
its own. State is plain picklable attributes; `ctx` is never kept in them.

    class Ping(Message):
        n: int

    class Server(Node):
        def on_Ping(self, ctx: Context, src: str, msg: Ping) -> None:
            ctx.send(src, Pong(n=msg.n))
"""

import random
from collections.abc import Mapping
from typing import Protocol, dataclass_transform

import msgspec

from ..histories.event import Invocation
from ..histories.operation import Outcome, Value


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Base of everything that is sent or stored.

    Fields are int (64-bit), float, bool, None, str, bytes, tuples of such, or further messages. Anything mutable is
    refused when the world starts, since two nodes would share it.
    """


class Storage(Protocol):
    """A node's durable store: string keys, values as in a message field.

    Writes are visible to the node at once, and survive a kill once a later `sync` has finished.
    """

    def get(self, key: str, default: object = None) -> object: ...
    def put(self, key: str, value: object) -> None: ...
    def delete(self, key: str) -> None: ...
    def keys(self, prefix: str = "") -> list[str]: ...
    def sync(self) -> None: ...


class Context(Protocol):
    """What a handler may do. Valid only during the handler it was passed to."""

    @property
    def id(self) -> str:
        """The node's name."""
        ...

    @property
    def epoch(self) -> int:
        """How many times the node was started before. A name built of id, epoch and a counter is never used twice."""
        ...

    @property
    def now(self) -> int:
        """Monotonic clock of the node, nanoseconds. It may drift, it never steps."""
        ...

    @property
    def random(self) -> random.Random:
        """The node's own seeded source of randomness."""
        ...

    @property
    def storage(self) -> Storage:
        """What survives a kill."""
        ...

    def send(self, dst: str, msg: Message) -> None:
        """Send to a node by name; it may be lost, delayed, duplicated or overtaken."""
        ...

    def set_timer(self, name: str, delay: int, *args: Value) -> None:
        """Call `on_timer_<name>(ctx, *args)` once, after `delay` nanoseconds; replaces a timer of the same name."""
        ...

    def cancel_timer(self, name: str) -> None:
        """Forget a timer; no error if there is none."""
        ...

    def complete(self, op: Invocation, outcome: Outcome, output: Value = None, error: str | None = None) -> None:
        """Client nodes: answer the operation. Only the first answer counts, and none after the operation's deadline."""
        ...

    def log(self, text: str) -> None:
        """Write one line to the node's log."""
        ...

    def sub(self, name: str) -> "Context":
        """The context of the nested node `self.subnodes[name]`: own storage prefix, timers and message namespace."""
        ...

    @property
    def outer(self) -> "Context":
        """The context of the node around this nested one, for calling one of its methods."""
        ...


class Node:
    """Base of all nodes. Subclasses add handlers; see the module's text."""

    subnodes: Mapping[str, "Node"] = {}
    """Nested nodes by name, set per instance, in its constructor, by a node that has some. Their messages reach the
    node of the same nested name at the destination; they are started, and killed, with the node around them."""

    def start(self, ctx: Context) -> None:
        """Called at first boot and after every restart, with memory fresh and storage as it survived.

        Nested nodes are started before the node that holds them.
        """

    def role(self) -> str:
        """What the node believes itself to be at this moment ("primary", "leader"), for selectors and reports."""
        return ""


class ClientNode(Node):
    """A node that carries out operations for the bench, one at a time."""

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        """Begin the operation; call `ctx.complete(op, …)` from this or a later handler."""
        raise NotImplementedError
