"""Planted bugs: mistakes that are made in this lab, each one small change to the correct nodes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from ...histories.event import Invocation
from ..key_value import Command, Reply, Request
from ..node import Context
from ..replicated import Scalar
from ..system import Bug
from .client import Client
from .server import Server

FLUSH: Final = 20_000_000
"""How long AnswersUnlogged leaves its log in memory (nanoseconds)."""


@dataclass(frozen=True)
class Nodes:
    """The classes that make up a deployment."""

    server: Callable[[], Server] = Server
    client: Callable[[], Client] = Client


class NoTable(Server):
    """Carries out every request that arrives."""

    def newest(self, client: str) -> int:
        return -1

    def execute(self, ctx: Context, command: Command) -> None:
        self.store.replies.pop(command[0], None)
        super().execute(ctx, command)


class RepeatsOnly(Server):
    """Takes only the newest request for a repetition: an older one that was overtaken is carried out again."""

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if msg.number < self.newest(src):
            self.store.replies.pop(src)
        super().on_Request(ctx, src, msg)


class SmallTable(Server):
    """Keeps the replies to the two clients that asked last, and forgets the others."""

    def execute(self, ctx: Context, command: Command) -> None:
        super().execute(ctx, command)
        replies = self.store.replies
        replies[command[0]] = replies.pop(command[0])
        while len(replies) > 2:
            del replies[next(iter(replies))]


class VolatileTable(Server):
    """Keeps the table in memory only: after a restart repetitions are new to it."""

    def start(self, ctx: Context) -> None:
        super().start(ctx)
        self.store.replies.clear()


class AnswersUnlogged(Server):
    """Answers at once, and has the log on disk a little later."""

    def secure(self, ctx: Context) -> None:
        ctx.set_timer("flush", FLUSH)

    def on_timer_flush(self, ctx: Context) -> None:
        ctx.storage.sync()


class TwoWrites(Server):
    """Stores the new value and the reply one after the other: a kill may keep the first without the second."""

    def start(self, ctx: Context) -> None:
        for key in ctx.storage.keys("value/"):
            name, value = cast("tuple[Scalar, Scalar]", ctx.storage.get(key))
            self.store.data[name] = value
        for key in ctx.storage.keys("reply/"):
            self.store.replies[key.removeprefix("reply/")] = cast("Reply", ctx.storage.get(key))

    def execute(self, ctx: Context, command: Command) -> None:
        client, _number, _f, key, _value, _expected = command
        self.store.apply(command)
        if key in self.store.data:
            ctx.storage.put(f"value/{key}", (key, self.store.data[key]))
        ctx.storage.put(f"reply/{client}", self.store.replies[client])
        ctx.storage.sync()


class AnyReply(Client):
    """Takes any reply for the answer to the present request."""

    def answers(self, reply: Reply, op: Invocation) -> bool:
        return True


PLANTED: dict[str, tuple[Nodes, Bug]] = {
    bug.name: (nodes, bug)
    for nodes, bug in (
        (
            Nodes(server=NoTable),
            Bug(
                "no-table",
                "Every request that arrives is carried out, so repetitions take effect again (UW dslabs lab 1, "
                "at-least-once in place of exactly-once).",
            ),
        ),
        (
            Nodes(server=RepeatsOnly),
            Bug(
                "only-the-newest",
                "A request is compared with the newest one for equality, not order: a copy that arrives after its "
                "successor takes effect again (UW dslabs lab 1, reordered duplicates).",
            ),
        ),
        (
            Nodes(server=SmallTable),
            Bug(
                "small-table",
                "The table holds the two clients that asked last: the reply of a third is forgotten too early, and its "
                "repetition takes effect again (RIFL, SOSP 2015, section 4.3: when may a completion record go?).",
            ),
        ),
        (
            Nodes(server=VolatileTable),
            Bug(
                "volatile-table",
                "The data are on disk, the table is not: what was done before a restart is done again after it (RIFL, "
                "SOSP 2015, section 3: the record must be as durable as the effect).",
            ),
        ),
        (
            Nodes(server=AnswersUnlogged),
            Bug(
                "answers-unlogged",
                "Answers do not wait for the disk: what was acknowledged is lost when the server is killed (Redis with "
                "appendfsync everysec).",
            ),
        ),
        (
            Nodes(server=TwoWrites),
            Bug(
                "two-writes",
                "Value and reply are stored one after the other: killed in between, the server keeps the effect and "
                "forgets that it had it (the classic mistake that write-ahead logs are for).",
            ),
        ),
        (
            Nodes(client=AnyReply),
            Bug(
                "any-reply",
                "The client takes any reply for the answer to its present request: a late or doubled one answers the "
                "next (UW dslabs lab 1, unmatched sequence numbers).",
            ),
        ),
    )
}
