"""Unique ids without asking anybody: the server's name, its restarts, and a count."""

from ..node import Context, Node
from ..own_server import Answer, Ask


class Generator(Node):
    """Keeps nothing on disk: the world counts the restarts."""

    def __init__(self) -> None:
        self.count = 0

    def role(self) -> str:
        return "server"

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        self.count += 1
        ctx.send(src, Answer(msg.number, self.id(ctx)))

    def id(self, ctx: Context) -> str:
        """An id that nobody else gives out, and this server never again."""
        return f"{ctx.id}.{ctx.epoch}.{self.count}"
