"""A clock that is set by asking another one (Cristian, "Probabilistic clock synchronization", Distributed Computing
1989).

The answer to a question says what time it was at the server, somewhere between question and answer. Half of the round
trip is added, and the time is wrong by half of it at most; from then on the error grows with the drift.
"""

from typing import Final, NamedTuple

from ..node import Context, Message, Node
from ..own_server import Answer, Ask

PERIOD: Final = 100_000_000
"""How often the server is asked (nanoseconds)."""

DRIFT: Final = 0.01
"""How much faster or slower than time a clock runs at most."""


class Query(Message):
    """What time is it?"""

    number: int


class Time(Message):
    """It was this time when I was asked (nanoseconds)."""

    number: int
    time: int


class Sample(NamedTuple):
    """What time it was, and by how much that may be wrong, when the own clock showed `at` (nanoseconds)."""

    time: int
    error: int
    at: int


class TimeServer(Node):
    """Has a clock that is right."""

    def role(self) -> str:
        return "time server"

    def on_Query(self, ctx: Context, src: str, msg: Query) -> None:
        ctx.send(src, Time(msg.number, ctx.now))


class Cristian(Node):
    """Has a clock that drifts, and knows what time it is, more or less. Until it does it answers nobody."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.count = 0
        self.asked = (0, 0)
        """The number of the last question, and what the own clock showed then."""
        self.sample: Sample | None = None

    def start(self, ctx: Context) -> None:
        self.on_timer_poll(ctx)

    def role(self) -> str:
        return "client of the time server"

    def on_timer_poll(self, ctx: Context) -> None:
        self.count += 1
        self.asked = ((ctx.epoch << 32) + self.count, ctx.now)
        ctx.send(self.server, Query(self.asked[0]))
        ctx.set_timer("poll", PERIOD)

    def on_Time(self, ctx: Context, src: str, msg: Time) -> None:
        if self.answers(msg):
            sample = self.estimate(ctx, msg.time, ctx.now - self.asked[1])
            if self.sample is None or sample.error < self.reading(ctx, self.sample)[1]:
                self.sample = sample

    def answers(self, msg: Time) -> bool:
        """Whether it answers the last question: the time since then bounds the round trip."""
        return msg.number == self.asked[0]

    def estimate(self, ctx: Context, time: int, round_trip: int) -> Sample:
        """The answer took between nothing and the whole round trip, which the own clock measured."""
        return Sample(time + round_trip // 2, int(round_trip / (1 - DRIFT)) - round_trip // 2 + 1, ctx.now)

    def reading(self, ctx: Context, sample: Sample) -> tuple[int, int]:
        """What time it is now by the sample, and by how much that may be wrong."""
        age = ctx.now - sample.at
        return sample.time + age, sample.error + self.growth(age)

    def growth(self, age: int) -> int:
        """By how much the own clock may have gone wrong since a sample."""
        return int(age * DRIFT / (1 - DRIFT)) + 1

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        if self.sample is not None:
            ctx.send(src, Answer(msg.number, self.reading(ctx, self.sample)))
