"""Reads without log entries (thesis, section 6.4): a leader that still leads has every committed write."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from ..node import Context
from ..replicated import Data, Service, StateMachine
from .membership import Membership


class ReadService(Service, Protocol):
    """A service that reads its machine without commands."""

    def readable(self, ctx: Context, request: Any) -> None:
        """The machine has everything that was committed when the request was made: answer it from there, now."""
        ...


@dataclass(frozen=True)
class Read:
    """A request that waits for answers to messages from this number on, and for an entry to be applied."""

    asked: int
    index: int
    request: Data


class Reads(Membership):
    """Lets the service read when a majority has confirmed that no other leader had been elected before it asked."""

    def __init__(self, peers: Sequence[str], machine: StateMachine, service: Service) -> None:
        super().__init__(peers, machine, service)
        self.reads: deque[Read] = deque()

    def read(self, ctx: Context, request: Data) -> bool:
        """Have the service, a `ReadService`, called when it may read. False if this replica does not lead."""
        if self.state == "leader":
            self.asked = self.confirming()
            self.reads.append(Read(self.asked, self.sufficient(), request))
            self.replicate(ctx)
            self.serve(ctx)
        return self.state == "leader"

    def confirming(self) -> int:
        """The first message whose answer shows that nobody else had been elected by now."""
        return self.sent + 1

    def sufficient(self) -> int:
        """The entry up to which everything that is committed now is sure to be.

        What was committed in earlier terms is known to a leader only with the first entry of its own.
        """
        return max(self.commit, self.first)

    def serve(self, ctx: Context) -> None:
        """Serve what a majority has confirmed and the machine has reached."""
        answered = {name: follower.answered for name, follower in self.followers.items()}
        confirmed = self.known_to_majority({**answered, self.me: self.asked})
        while self.reads and self.reads[0].asked <= confirmed and self.reads[0].index <= self.applied:
            cast(ReadService, self.service).readable(ctx.outer, self.reads.popleft().request)

    def answered(self, ctx: Context) -> None:
        super().answered(ctx)
        if self.reads:
            self.serve(ctx)

    def step_down(self, ctx: Context) -> None:
        super().step_down(ctx)
        self.reads.clear()
