"""The server: carries out requests at most once, and remembers on disk what it has done.

At-most-once remote procedure calls (Birrell & Nelson, "Implementing remote procedure calls", ACM TOCS 1984): a client
numbers its requests, and repeats one until it is answered; the server keeps its reply to the newest request of each
client, and answers repetitions with it. A client that sends its next request has had the answer to the one before, so
the older reply can go: the table holds one reply for each client, however long it runs.
"""

from typing import Final, TypeAlias, cast

from ..key_value import Command, Request, Snapshot, Store, command_of
from ..node import Context, Node

COMPACTION: Final = 64
"""After how many logged commands their outcome replaces them on disk."""

Checkpoint: TypeAlias = tuple[int, Snapshot]
"""How many commands it stands for, and what they led to."""


class Server(Node):
    """One server with a log. A command is logged as a whole before it is answered, so a kill leaves no half of it."""

    def __init__(self) -> None:
        self.store = Store()
        self.logged = 0
        """How many commands were ever logged."""

    def start(self, ctx: Context) -> None:
        """Recover: the last checkpoint, and the commands that were logged after it."""
        checkpoint = cast("Checkpoint | None", ctx.storage.get("checkpoint"))
        if checkpoint is not None:
            self.logged, snapshot = checkpoint
            self.store.restore(snapshot)
        while (command := cast("Command | None", ctx.storage.get(log_key(self.logged)))) is not None:
            self.store.apply(command)
            self.logged += 1

    def role(self) -> str:
        return "server"

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        newest = self.newest(src)
        if msg.number > newest:
            self.execute(ctx, command_of(src, msg))
        elif msg.number < newest:
            return  # Its client has had the answer, and has gone on.
        ctx.send(src, self.store.replies[src])

    def newest(self, client: str) -> int:
        """The number of the client's newest request that was carried out."""
        return self.store.newest(client)

    def execute(self, ctx: Context, command: Command) -> None:
        """Carry out the command and have it logged before anything is sent."""
        self.store.apply(command)
        ctx.storage.put(log_key(self.logged), command)
        self.logged += 1
        if self.logged % COMPACTION == 0:
            self.compact(ctx)
        self.secure(ctx)

    def secure(self, ctx: Context) -> None:
        """What this handler sends is to wait until the log is on disk."""
        ctx.storage.sync()

    def compact(self, ctx: Context) -> None:
        """Replace the log by the state. A kill may keep any first part of these writes: a state to start from."""
        ctx.storage.put("checkpoint", (self.logged, self.store.snapshot()))
        for key in ctx.storage.keys("log/"):
            ctx.storage.delete(key)


def log_key(number: int) -> str:
    """Where the command of that number is logged."""
    return f"log/{number:012}"
