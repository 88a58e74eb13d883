"""Causal broadcast by vector clocks (Birman, Schiper, Stephenson, "Lightweight causal and atomic group multicast", ACM
TOCS 1991, section 5.1), with Lamport's clock beside them.

A post is stamped with Lamport's clock (Lamport, "Time, clocks, and the ordering of events in a distributed system",
CACM 1978) and with a vector clock (Fidge 1988; Mattern 1989) that counts, for each process, its posts that came before.
A process delivers a post when it has delivered everything that came before it.
"""

from collections.abc import Sequence
from typing import Final, cast

from ..node import Context, Message, Node
from ..own_server import Answer, Ask
from ..replicated import Data

EXCHANGE: Final = 200_000_000
"""How often a process says what it has, so that it is told what it lacks (nanoseconds)."""

BATCH: Final = 20
"""How many posts it is told of at once."""

Vector = tuple[int, ...]
"""How many posts of each process, in the order of the processes."""


class Post(Message):
    """What was broadcast: the posts of `origin` are numbered from 1. `lamport` and `vector` are its stamps."""

    origin: int
    number: int
    value: Data
    lamport: int
    vector: tuple[int, ...]


class Seen(Message):
    """I have delivered these: what do I lack?"""

    vector: tuple[int, ...]


class Process(Node):
    """One of the processes that broadcast to each other. Whatever it has delivered is on its disk."""

    def __init__(self, members: Sequence[str], me: str) -> None:
        self.members = tuple(members)
        self.me = self.members.index(me)
        self.lamport = 0
        self.vector: Vector = (0,) * len(members)
        self.delivered: list[Post] = []
        self.waiting: dict[tuple[int, int], Post] = {}
        """Posts that came before what they depend on."""

    def start(self, ctx: Context) -> None:
        for key in ctx.storage.keys("post/"):
            self.accept(cast("Post", ctx.storage.get(key)))
        self.on_timer_exchange(ctx)

    def role(self) -> str:
        return "process"

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        output: Data = None
        if msg.f == "read":
            output = cast("Data", tuple(post.value for post in self.delivered))
        elif all(post.value != msg.value for post in self.delivered):
            self.broadcast(ctx, msg.value)
        ctx.send(src, Answer(msg.number, output))

    def broadcast(self, ctx: Context, value: Data) -> None:
        """Stamp a value, deliver it here, and send it to the others."""
        vector = tuple(count + (member == self.me) for member, count in enumerate(self.vector))
        post = Post(self.me, vector[self.me], value, self.lamport + 1, vector)
        self.deliver(ctx, post)
        ctx.storage.sync()
        for member in self.others():
            ctx.send(member, post)

    def others(self) -> list[str]:
        """The other processes."""
        return [member for number, member in enumerate(self.members) if number != self.me]

    def on_Post(self, ctx: Context, src: str, msg: Post) -> None:
        if msg.number > self.vector[msg.origin]:
            self.waiting[msg.origin, msg.number] = msg
            self.deliver_ready(ctx)

    def deliver_ready(self, ctx: Context) -> None:
        """Deliver what waited for nothing else."""
        while ready := [post for post in self.waiting.values() if self.is_ready(post)]:
            for post in ready:
                del self.waiting[post.origin, post.number]
                self.deliver(ctx, post)
            ctx.storage.sync()

    def is_ready(self, post: Post) -> bool:
        """Whether it is the next one of its process, and everything that it depends on was delivered."""
        return all(
            count == self.vector[member] + 1 if member == post.origin else count <= self.vector[member]
            for member, count in enumerate(post.vector)
        )

    def deliver(self, ctx: Context, post: Post) -> None:
        """Write a post down and accept it."""
        ctx.storage.put(f"post/{len(self.delivered):08}", post)
        self.accept(post)

    def accept(self, post: Post) -> None:
        """It has happened here: the clocks advance (Lamport's rule IR2; the least upper bound of the vectors)."""
        self.delivered.append(post)
        self.lamport = max(self.lamport, post.lamport) + 1
        self.vector = tuple(map(max, self.vector, post.vector))

    def on_timer_exchange(self, ctx: Context) -> None:
        for member in self.others():
            ctx.send(member, Seen(self.vector))
        ctx.set_timer("exchange", EXCHANGE)

    def on_Seen(self, ctx: Context, src: str, msg: Seen) -> None:
        lacking = [post for post in self.delivered if post.number > msg.vector[post.origin]]
        for post in lacking[:BATCH]:
            ctx.send(src, post)
