"""Planted bugs of the systems of clocks."""

from collections.abc import Callable, Mapping

from ..node import Context, Node
from ..system import Bug
from .berkeley import Adjust, Difference, Master, Member, Reading
from .broadcast import Post, Process
from .cristian import Cristian, Sample, Time

# Causal broadcast


class StandingClock(Process):
    """Does not advance Lamport's clock when something is delivered that others have stamped."""

    def accept(self, post: Post) -> None:
        before = self.lamport
        super().accept(post)
        if post.origin != self.me:
            self.lamport = before


class TakesOver(Process):
    """Takes over the vector of what it delivers instead of joining it with its own."""

    def accept(self, post: Post) -> None:
        super().accept(post)
        own = self.vector[self.me]
        self.vector = tuple(own if member == self.me else count for member, count in enumerate(post.vector))


class DeliversAtOnce(Process):
    """Delivers whatever arrives."""

    def is_ready(self, post: Post) -> bool:
        return all((post.origin, post.number) != (each.origin, each.number) for each in self.delivered)


class SenderOnly(Process):
    """Waits for the earlier posts of the sender, but not for those of others."""

    def is_ready(self, post: Post) -> bool:
        return post.number == self.vector[post.origin] + 1


class Unsynced(Process):
    """Sends posts, and answers, before they are on its disk: after a restart it uses their numbers again."""

    def broadcast(self, ctx: Context, value: object) -> None:
        vector = tuple(count + (member == self.me) for member, count in enumerate(self.vector))
        post = Post(self.me, vector[self.me], value, self.lamport + 1, vector)  # type: ignore[arg-type]
        self.deliver(ctx, post)
        for member in self.others():
            ctx.send(member, post)


# Cristian


class WholeRoundTrip(Cristian):
    """Adds the whole round trip, as if the question had taken no time."""

    def estimate(self, ctx: Context, time: int, round_trip: int) -> Sample:
        right = super().estimate(ctx, time, round_trip)
        return right._replace(time=time + round_trip)


class AnyAnswer(Cristian):
    """Takes a late answer for one to its last question, and the round trip for shorter than it was."""

    def answers(self, msg: Time) -> bool:
        return True


class ForgetsDrift(Cristian):
    """Does not say that the error grows."""

    def growth(self, age: int) -> int:
        return 0


# Berkeley


class AppliesTwice(Member):
    """Corrects itself as often as it is told to."""

    def concerns(self, ctx: Context, msg: Adjust) -> bool:
        return msg.epoch == ctx.epoch and msg.round >= self.round


class AveragesAll(Master):
    """Averages all clocks, however wrong one is."""

    def agreeing(self, differences: Mapping[str, Difference]) -> dict[str, Difference]:
        return dict(differences)


class FullTrip(Master):
    """Adds the whole round trip to what the others' clocks showed."""

    def difference(self, ctx: Context, reading: Reading, round_trip: int) -> Difference:
        right = super().difference(ctx, reading, round_trip)
        return right._replace(ahead=right.ahead + round_trip - round_trip // 2)


class LateReadings(Master):
    """Takes a reading of an earlier round for one of this round."""

    def on_Reading(self, ctx: Context, src: str, msg: Reading) -> None:
        self.differences[src] = self.difference(ctx, msg, ctx.now - self.asking[1])


Planted = Mapping[str, tuple[Callable[..., Node], Bug]]

CAUSAL: Planted = {
    bug.name: (make, bug)
    for make, bug in (
        (
            StandingClock,
            Bug(
                "standing-clock",
                "Lamport's clock does not advance when a message is received: what was caused by it has a smaller "
                "stamp (Lamport 1978: rule IR2 left out).",
            ),
        ),
        (
            TakesOver,
            Bug(
                "takes-over",
                "A vector is replaced by the one received instead of joined with it: what else was known is forgotten "
                "(Mattern 1989: the supremum; a classic mistake).",
            ),
        ),
        (
            DeliversAtOnce,
            Bug(
                "delivers-at-once",
                "Posts are delivered as they come: answers before what they answer (Birman, Schiper & Stephenson "
                "1991: the delay rule left out).",
            ),
        ),
        (
            SenderOnly,
            Bug(
                "sender-only",
                "Posts wait for earlier ones of their sender only: that is FIFO order, not causal order (Birman, "
                "Schiper & Stephenson 1991, section 5.1: half of the delay rule).",
            ),
        ),
        (
            Unsynced,
            Bug(
                "unsynced",
                "A post is sent before it is on disk: after a crash its number is given to another one (ids that do "
                "not survive a restart; NATS 2.12.1 by Jepsen: acknowledged before fsync).",
            ),
        ),
    )
}
"""By name: what makes a process with the bug, and what it breaks."""

CRISTIAN: Planted = {
    bug.name: (make, bug)
    for make, bug in (
        (
            WholeRoundTrip,
            Bug(
                "whole-round-trip",
                "The whole round trip is added to the server's time instead of half: wrong by more than the bound "
                "(a classic mistake; Cristian 1989, section 3).",
            ),
        ),
        (
            AnyAnswer,
            Bug(
                "any-answer",
                "A late answer is taken for one to the last question, so that the round trip seems short (RFC 5905: "
                "why NTP compares the origin timestamp).",
            ),
        ),
        (
            ForgetsDrift,
            Bug(
                "forgets-drift",
                "The bound on the error does not grow between two samples (YugaByte DB and CockroachDB by Jepsen: "
                "clocks trusted beyond their bound).",
            ),
        ),
    )
}
"""By name: what makes a node with the bug, and what it breaks."""

BERKELEY: Planted = {
    bug.name: (make, bug)
    for make, bug in (
        (
            AppliesTwice,
            Bug(
                "applies-twice",
                "A correction that arrives twice is applied twice (a relative change is not idempotent: the classic "
                "mistake of at-least-once delivery).",
            ),
        ),
        (
            AveragesAll,
            Bug(
                "averages-all",
                "A clock that is far off is averaged with the others, and drags them along (Gusella & Zatti 1989: the "
                "fault-tolerant average left out).",
            ),
        ),
        (
            FullTrip,
            Bug(
                "full-trip",
                "The whole round trip is added to what another clock showed instead of half (a classic mistake; "
                "Gusella & Zatti 1989, section III).",
            ),
        ),
        (
            LateReadings,
            Bug(
                "late-readings",
                "A reading that comes late is taken for one of the present round, before a clock was corrected (RFC "
                "5905: why answers carry what they answer).",
            ),
        ),
    )
}
"""By name: what makes a member, or the master, with the bug, and what it breaks."""
