"""The client: it asks the group that owns the first key of a transaction, and asks again when there was a conflict."""

from typing import cast

from ...histories.event import Invocation
from ..node import Context, Message
from ..sharded.client import ShardClient
from .messages import BACKOFF, Begin, Conflict
from .operations import FUNCTIONS, Argument, home_of


class TransactionClient(ShardClient):
    """Asks until it is answered. Operations: those of operations.py, and of `ShardClient`."""

    def request_for(self, op: Invocation) -> Message:
        if op.f in FUNCTIONS:
            return Begin(op.operation, op.f, cast("Argument", op.input))
        return super().request_for(op)

    def servers(self) -> tuple[str, ...]:
        if isinstance(self.request, Begin):
            return self.configuration.servers(self.configuration.owners[home_of(self.request.argument)])
        return super().servers()

    def on_Conflict(self, ctx: Context, src: str, msg: Conflict) -> None:
        """Ask again after a random time, so that two who are in each other's way do not meet for ever."""
        if self.is_open(msg.number):
            ctx.set_timer("moved", ctx.random.randint(*BACKOFF))
