"""Clocks that are kept together though none of them is right (Gusella & Zatti, "The accuracy of the clock
synchronization achieved by TEMPO in Berkeley UNIX 4.3BSD", IEEE TSE 1989).

A master asks the others what their clocks show, averages the differences to its own, leaves out clocks that differ too
much from most, and tells each by how much to correct itself. The master is not elected here: it is the first node.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..node import Context, Message, Node
from ..own_server import Answer, Ask
from .cristian import DRIFT

PERIOD: Final = 300_000_000
"""How often the master asks (nanoseconds)."""

WAIT: Final = 100_000_000
"""How long it waits for answers (nanoseconds)."""

GAMMA: Final = 2_000_000_000
"""Clocks of the same group differ by no more than this (nanoseconds)."""


class Poll(Message):
    """What does your clock show? The rounds of a master are numbered, across its restarts too."""

    round: int


class Reading(Message):
    """My clock showed this when I was asked (nanoseconds). `epoch` is the number of my restarts."""

    round: int
    epoch: int
    clock: int


class Adjust(Message):
    """Correct your clock by this much, if you were not restarted since. By `error` it may differ from the group's then
    (nanoseconds)."""

    round: int
    epoch: int
    by: int
    error: int


class Difference(NamedTuple):
    """How far another clock is ahead of the master's, and by how much that may be wrong (nanoseconds), in the life of
    its node with this number."""

    ahead: int
    error: int
    epoch: int


class Member(Node):
    """Has a clock that was set wrong by `skew` nanoseconds, that drifts, and that is corrected.

    Until it is, and after a restart, it answers nobody.
    """

    def __init__(self, skew: int) -> None:
        self.offset = skew
        """What is added to the clock of the machine."""
        self.polled = (0, 0)
        """The last round in which it was asked, and what the machine's clock showed then."""
        self.round = 0
        """The last round in which it was corrected."""
        self.error = 0
        self.since = 0
        """How far it may have been from the group's clock when the machine's clock showed `since`."""

    def role(self) -> str:
        return "member"

    def clock(self, ctx: Context) -> int:
        """What its clock shows."""
        return ctx.now + self.offset

    def on_Poll(self, ctx: Context, src: str, msg: Poll) -> None:
        if msg.round > self.polled[0]:
            self.polled = (msg.round, ctx.now)
            ctx.send(src, Reading(msg.round, ctx.epoch, self.clock(ctx)))

    def on_Adjust(self, ctx: Context, src: str, msg: Adjust) -> None:
        if self.concerns(ctx, msg):
            self.offset += msg.by
            self.corrected(msg.round, msg.error, self.polled[1])

    def concerns(self, ctx: Context, msg: Adjust) -> bool:
        """Whether the clock was last asked in this round, and is as it was then."""
        return msg.epoch == ctx.epoch and self.round < msg.round == self.polled[0]

    def corrected(self, round: int, error: int, since: int) -> None:
        """From now on the clock is that of the group."""
        self.round, self.error, self.since = round, error, since

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        if self.round:
            age = int((ctx.now - self.since) * 2 * DRIFT / (1 - DRIFT)) + 1
            ctx.send(src, Answer(msg.number, (self.clock(ctx), self.error + age, self.round)))


class Master(Member):
    """The member that asks the others."""

    def __init__(self, skew: int, members: Sequence[str]) -> None:
        super().__init__(skew)
        self.members = tuple(members)
        self.count = 0
        self.asking = (0, 0)
        """The present round, and what the machine's clock showed when it began; round 0: none."""
        self.differences: dict[str, Difference] = {}

    def start(self, ctx: Context) -> None:
        self.on_timer_round(ctx)

    def role(self) -> str:
        return "master"

    def on_timer_round(self, ctx: Context) -> None:
        self.count += 1
        self.asking = ((ctx.epoch << 32) + self.count, ctx.now)
        self.differences = {ctx.id: Difference(0, 0, ctx.epoch)}
        for member in self.members:
            if member != ctx.id:
                ctx.send(member, Poll(self.asking[0]))
        ctx.set_timer("conclude", WAIT)
        ctx.set_timer("round", PERIOD)

    def on_Reading(self, ctx: Context, src: str, msg: Reading) -> None:
        if msg.round == self.asking[0]:
            self.differences[src] = self.difference(ctx, msg, ctx.now - self.asking[1])

    def difference(self, ctx: Context, reading: Reading, round_trip: int) -> Difference:
        """The answer took between nothing and the whole round trip, during which the other clock went on."""
        longest = round_trip * (1 + DRIFT) / (1 - DRIFT)
        ahead = reading.clock + round_trip // 2 - self.clock(ctx)
        return Difference(ahead, int(longest) - round_trip // 2 + 1, reading.epoch)

    def on_timer_conclude(self, ctx: Context) -> None:
        """Correct everybody who has answered, if most agree."""
        number, begun = self.asking
        self.asking = (0, 0)
        agreeing = self.agreeing(self.differences)
        if 2 * len(agreeing) <= len(self.members):
            return
        average = sum(difference.ahead for difference in agreeing.values()) // len(agreeing)
        for member, difference in self.differences.items():
            if member != ctx.id:
                self.correct(
                    ctx, member, Adjust(number, difference.epoch, average - difference.ahead, difference.error)
                )
        self.offset += average
        self.corrected(number, 0, begun)

    def correct(self, ctx: Context, member: str, by: Adjust) -> None:
        """Tell a member. What it is told holds whenever it arrives, since it is a difference."""
        ctx.send(member, by)

    def agreeing(self, differences: Mapping[str, Difference]) -> dict[str, Difference]:
        """The largest group of clocks that do not differ much: the fault-tolerant average is theirs."""
        groups = [
            {name: each for name, each in differences.items() if 0 <= each.ahead - lowest.ahead <= GAMMA}
            for lowest in differences.values()
        ]
        return max(groups, key=len)
