"""Links between nodes: how long a message takes, and which faults act on it.

Draws are keyed: each is a function of the seed and of which message it is (sender, receiver, class, and how many of
that class went over the link before). A message's fate therefore does not depend on any other message, and removing
one fault leaves the draws of all the others alone.
"""

import zlib
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from ....errors import ContractError
from ....nemesis.fault import Effect, Fault
from ....systems.codec import check_message, tag
from ....systems.node import Message

STEPS = 4095
"""A mask: distributions have this many quantiles, and one more."""

JITTER = 1023
"""A mask: delays differ by up to this many nanoseconds from a quantile, so that ties are rare."""

DUPLICATE_AFTER = 20_000_000
"""A duplicate sets out up to this much later than its original, nanoseconds, where the fault does not say."""

_FRACTION = (1 << 53) - 1


@dataclass(frozen=True)
class NetworkProfile:
    """How long messages and syncs take, in nanoseconds: drawn log-uniformly between the bounds.

    The spread of one decade makes messages overtake each other often, without any fault.
    """

    fastest: int = 500_000
    slowest: int = 5_000_000
    fastest_sync: int = 100_000
    slowest_sync: int = 3_000_000


Parcel = tuple[int, Any, str, int]
"""A message that is kept back: its place in the order of sending, itself, the nested node, and when it was sent."""


class Link:
    """One direction between two nodes.

    `cuts` are the units that drop everything on it, `rules` the message faults in force, each with its effect, which
    counts what was done. On an `ordered` link nothing overtakes anything; `latest` is when its last message arrives.
    A `reliable` link keeps what others would drop while they are cut; `kept` is what each unit keeps back.
    """

    __slots__ = ("cuts", "dst", "faulty", "kept", "keys", "latest", "ordered", "reliable", "rules", "src")

    def __init__(self, src: str, dst: str, *, ordered: bool = False, reliable: bool = False) -> None:
        self.src = src
        self.dst = dst
        self.ordered = ordered
        self.reliable = reliable
        self.kept: dict[int, list[Parcel]] = {}
        self.latest = 0
        self.cuts: dict[int, Effect] = {}
        self.rules: dict[int, tuple[Fault, Effect]] = {}
        self.faulty = False
        self.keys: dict[type[Message], list[int]] = {}

    def key_of(self, message: type[Message]) -> list[int]:
        """The key of this link's messages of a class, which is new here: their identity, and how many were sent.

        Raises ContractError if the class may not be sent at all.
        """
        if not issubclass(message, Message):
            raise ContractError(f"a {message.__qualname__} cannot be sent: it is not a Message")
        check_message(message)
        key = self.keys[message] = [zlib.crc32(f"{self.src} {self.dst} {tag(message)}".encode()), 0]
        return key

    def cut(self, effect: Effect) -> None:
        """Drop everything from now on, also what is on the wire."""
        self.cuts[effect.unit] = effect
        self.faulty = True

    def disturb(self, fault: Fault, effect: Effect) -> None:
        """Lose, duplicate, delay or keep back messages from now on."""
        self.rules[fault.unit] = (fault, effect)
        self.faulty = True

    def mend(self, unit: int) -> list["Parcel"]:
        """End one unit's faults on this link; those of other units stay. What it kept back, in the order of sending."""
        self.cuts.pop(unit, None)
        self.rules.pop(unit, None)
        self.faulty = bool(self.cuts or self.rules)
        return sorted(self.kept.pop(unit, ()), key=itemgetter(0))

    def in_order(self, due: int) -> int:
        """When a message arrives that would arrive at `due`, were it not for those before it on this ordered link."""
        self.latest = max(due, self.latest + 1)
        return self.latest

    def drop(self, parcel: "Parcel") -> str:
        """What becomes of a message on a link that is cut, counted by every unit that cuts it: `drop` or `hold`."""
        for effect in self.cuts.values():
            effect.count += 1
        if not self.reliable:
            return "drop"
        self.kept.setdefault(next(iter(self.cuts)), []).append(parcel)
        return "hold"

    def copies(self, parcel: "Parcel", name: str, key: int, n: int, root: int) -> list[int] | str:
        """What faults make of the n-th message of a key, of the class `name`: the extra delay of the original, and how
        much later each further copy comes; or `drop`, or `hold` if it is kept back."""
        if self.cuts:
            return self.drop(parcel)
        extra = 0
        copies = []
        for unit, (fault, effect) in self.rules.items():
            follows = self.ordered and unit in self.kept
            if fault.type not in ("", name) or (chance(key, n, root, unit, 0) >= fault.rate and not follows):
                continue
            effect.count += 1
            amount = chance(key, n, root, unit, 1)
            if fault.family == "messages.loss":
                return "drop"
            if fault.family == "messages.hold":
                self.kept.setdefault(unit, []).append(parcel)
                return "hold"
            if fault.family == "messages.delay":
                extra += int(amount * fault.delay)
            else:
                copies.append(int(amount * (fault.delay or DUPLICATE_AFTER)))
        return [extra, *copies]


def chance(*identity: int) -> float:
    """A keyed draw from [0, 1). The hash of a tuple of integers depends on nothing else."""
    return (hash(identity) & _FRACTION) / (_FRACTION + 1)


@cache
def log_uniform(low: int, high: int) -> tuple[int, ...]:
    """The quantiles of a log-uniform distribution, so that a draw is a lookup: integers, the same on every machine."""
    return tuple(int(low * (high / low) ** ((step + 0.5) / (STEPS + 1))) for step in range(STEPS + 1))


def pick(quantiles: tuple[int, ...], *identity: int) -> int:
    """A keyed draw from the distribution."""
    return quantiles[hash(identity) & STEPS]
