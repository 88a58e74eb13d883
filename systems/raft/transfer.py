"""Leadership transfer (thesis, section 3.10): a leader hands over to a member of its choice."""

from ..node import Context
from ..replicated import Data
from .election import Election
from .messages import ELECTION, TimeoutNow


class Transfer(Election):
    """Hands over the leadership, and takes it over."""

    successor: str | None = None
    """Leader: who is to lead next. Nothing is appended until that one leads, or has had its time."""

    def transfer(self, ctx: Context, successor: str) -> bool:
        """Hand over to another member, if all goes well. False if this replica does not lead: nothing was done."""
        if self.state == "leader" and successor in self.followers:
            self.successor = successor
            ctx.set_timer("transfer", ELECTION[1])
            self.hand_over(ctx)
        return self.state == "leader"

    def hand_over(self, ctx: Context) -> None:
        """Tell the successor to stand for election as soon as its log has everything."""
        if self.successor in self.followers and self.followers[self.successor].match == self.log.last:
            ctx.send(self.successor, TimeoutNow(self.term))

    def answered(self, ctx: Context) -> None:
        super().answered(ctx)
        self.hand_over(ctx)

    def on_timer_transfer(self, ctx: Context) -> None:
        """It has not worked: go on leading."""
        self.successor = None

    def step_down(self, ctx: Context) -> None:
        super().step_down(ctx)
        self.successor = None

    def propose(self, ctx: Context, command: Data) -> bool:
        return self.successor is None and super().propose(ctx, command)

    def on_TimeoutNow(self, ctx: Context, src: str, msg: TimeoutNow) -> None:
        if self.in_term(ctx, src, msg.term) and self.me in self.log.members:
            self.stand(ctx)
