"""A replicated state machine in three parts, whatever protocol keeps the replicas in step.

A *state machine* carries out commands. A *replica* is a nested node that agrees with its peers on one order of commands
and applies them to its copy of the machine. A *service* is the node around both, the one that clients talk to: it
proposes commands, and is told by its replica when they have been applied.

    class Server(Node):
        def __init__(self) -> None:
            self.store = Store()
            self.replica = Replica(("s1", "s2", "s3"), self.store, self)
            self.subnodes = {"log": self.replica}

        def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
            if not self.replica.propose(ctx.sub("log"), msg.command):
                ctx.send(src, NotLeader(self.replica.leader))

        def applied(self, ctx: Context, command: Command, output: Data) -> None:
            ...
"""

from typing import Any, Protocol, TypeAlias

from .node import Context

Scalar: TypeAlias = bool | int | float | str | None

_One: TypeAlias = Scalar | tuple[Scalar, ...]
_Two: TypeAlias = Scalar | tuple[_One, ...]
_Three: TypeAlias = Scalar | tuple[_Two, ...]
_Four: TypeAlias = Scalar | tuple[_Three, ...]
_Five: TypeAlias = Scalar | tuple[_Four, ...]
_Six: TypeAlias = Scalar | tuple[_Five, ...]

Data: TypeAlias = Scalar | tuple[_Six, ...]
"""What commands, outputs and snapshots are made of: scalars, and tuples of tuples of them, up to seven deep.

Protocols carry it without looking inside. It is spelled out because messages cannot be of a recursive type.
"""


class StateMachine(Protocol):
    """What is replicated. The same commands in the same order give the same outputs and the same state everywhere.

    Commands and snapshots are `Data`; a machine says in its annotations of what form its own are.
    """

    def apply(self, command: Any) -> Data:
        """Carry out the command and return its output."""
        ...

    def snapshot(self) -> Data:
        """The whole state, what is remembered against duplicates included."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Replace the state by that of a snapshot."""
        ...


class Service(Protocol):
    """The node around a replica."""

    def applied(self, ctx: Context, command: Any, output: Any) -> None:
        """The replica has applied a command, which is thereby final; called at every replica, in the agreed order.

        `ctx` is the service's own context. Commands that a replica takes over in a snapshot are not reported.
        """
        ...


class Replica(Protocol):
    """What a service may ask of its replica. `ctx` is always the context of the nested node, `ctx.sub(name)`."""

    def propose(self, ctx: Context, command: Data) -> bool:
        """Have the command agreed on. False if this replica does not lead: nothing was done.

        True promises nothing: the command may be lost with the leader, and must then be proposed again, so that
        commands carry what tells duplicates apart. One that is being agreed on already is not proposed twice.
        """
        ...

    @property
    def leader(self) -> str | None:
        """Who leads, as far as this replica knows."""
        ...
