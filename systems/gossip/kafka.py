"""A log like Kafka's: `send` appends to the log of a key and answers the offset, `poll` reads from an offset on,
`commit` stores how far somebody got, `committed` answers that.

Each key has one server that numbers its messages; the others ask it. It is the log of the Gossip Glomers, part 5, with
the keys divided among the servers in place of a linearizable store.
"""

from typing import cast
from zlib import crc32

from ..node import Context, Message, Node
from ..own_server import Answer, Ask
from ..replicated import Data


class Forward(Message):
    """A request of a client, for the server that has the key."""

    client: str
    ask: Ask


class Log(Node):
    """Has the logs of some keys, and knows who has the others. What is answered is on disk."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.logs: dict[Data, list[Data]] = {}
        self.commits: dict[Data, int] = {}
        self.sent: dict[str, tuple[int, int]] = {}
        """The newest send of each client and the offset that it got, against repetitions."""

    def start(self, ctx: Context) -> None:
        for place in ctx.storage.keys("log/"):
            key, value, client, number = cast("tuple[Data, Data, str, int]", ctx.storage.get(place))
            log = self.logs.setdefault(key, [])
            log.append(value)
            if client not in self.sent or self.sent[client][0] < number:
                self.sent[client] = number, len(log) - 1
        for place in ctx.storage.keys("commit/"):
            key, offset = cast("tuple[Data, int]", ctx.storage.get(place))
            self.commits[key] = offset

    def role(self) -> str:
        return "server"

    def owner(self, key: Data) -> str:
        """The server that has the log of the key."""
        return self.servers[crc32(repr(key).encode()) % len(self.servers)]

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        owner = self.owner(msg.key)
        if owner == ctx.id:
            self.answer(ctx, src, msg)
        else:
            ctx.send(owner, Forward(src, msg))

    def on_Forward(self, ctx: Context, src: str, msg: Forward) -> None:
        self.answer(ctx, msg.client, msg.ask)

    def answer(self, ctx: Context, client: str, ask: Ask) -> None:
        """Do what the client asks for, and answer it."""
        match ask.f:
            case "send":
                output: Data = self.send(ctx, client, ask)
            case "poll":
                assert isinstance(ask.value, int)
                log = self.logs.get(ask.key, [])
                output = cast("Data", tuple((offset, log[offset]) for offset in range(ask.value, len(log))))
            case "commit":
                assert isinstance(ask.value, int)
                self.commit(ctx, ask.key, ask.value)
                output = None
            case _:
                output = self.commits.get(ask.key, 0)
        ctx.send(client, Answer(ask.number, output))

    def send(self, ctx: Context, client: str, ask: Ask) -> int:
        """Append the message, unless it was before; its offset."""
        number, offset = self.sent.get(client, (-1, -1))
        if ask.number <= number:
            return offset
        log = self.logs.setdefault(ask.key, [])
        log.append(ask.value)
        self.sent[client] = ask.number, len(log) - 1
        written = sum(map(len, self.logs.values()))
        ctx.storage.put(f"log/{written:08}", (ask.key, ask.value, client, ask.number))
        ctx.storage.sync()
        return len(log) - 1

    def commit(self, ctx: Context, key: Data, offset: int) -> None:
        """Store the offset, if it is further than what is stored."""
        if offset > self.commits.get(key, 0):
            self.commits[key] = offset
            ctx.storage.put(f"commit/{key}", (key, offset))
            ctx.storage.sync()
