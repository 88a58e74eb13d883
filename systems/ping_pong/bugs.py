"""Planted bugs: each is a small change to a correct node, and the bench must find it."""

from ...histories.event import Invocation
from ..node import Context
from ..system import Bug
from .nodes import Client, Ping, Pong, Server


class AnyPong(Client):
    """Takes any pong for the answer to the present ping."""

    def answers(self, pong: Pong, op: Invocation) -> bool:
        return True


class PreviousPing(Server):
    """Answers with the number of the ping before."""

    def __init__(self) -> None:
        self.previous = 0

    def on_Ping(self, ctx: Context, src: str, msg: Ping) -> None:
        ctx.send(src, Pong(request=msg.request, number=self.previous))
        self.previous = msg.number


ANY_PONG = Bug(
    name="any-pong",
    breaks="a late or repeated answer is taken for the answer to the next ping, since answers are not matched",
)
PREVIOUS_PING = Bug(
    name="previous-ping",
    breaks="a server answers with what the ping before it carried, since it keeps state between requests",
)
