"""What faults make of the packets on one direction between two nodes.

Draws come from the seed of the test, the unit and the direction: equal packets in equal order have equal fates.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from ....nemesis.fault import Fault

BILLION: Final = 1_000_000_000
LONGEST: Final = BILLION
"""How long a packet waits for bandwidth at most (nanoseconds): a queue is not endless."""
DAMAGEABLE: Final = 34
"""Where in a frame the payload of IP begins. What is before it must be right for the frame to go anywhere."""

_FLAGS: Final = DAMAGEABLE + 12
_CHECKSUM: Final = DAMAGEABLE + 16
_RST_ACK: Final = 0x14

Parcel = tuple[int, bytes]
"""When a frame arrives (nanoseconds), and the frame."""


class Rule:
    """A fault in force on one direction. `count` is how many packets it has affected since that was last taken."""

    __slots__ = ("count", "fault", "free", "random")

    def __init__(self, fault: Fault, random: Random) -> None:
        self.fault = fault
        self.random = random
        self.free = 0
        self.count = 0

    def queue(self, size: int, now: int) -> int | None:
        """When the last byte of a packet passes that comes now; None if it would wait for too long."""
        passes = max(self.free, now) + size * BILLION // self.fault.bandwidth
        if passes - now > LONGEST + size * BILLION // self.fault.bandwidth:
            return None
        self.free = passes
        return passes


class Way:
    """One direction. `cuts` are the units that drop all of it, with how many packets each has dropped.

    While it is not `faulty`, packets may go straight through.
    """

    __slots__ = ("_gone", "_latest", "_rules", "cuts", "faulty")

    def __init__(self) -> None:
        self.cuts: dict[int, int] = {}
        self.faulty = False
        self._rules: dict[int, Rule] = {}
        self._latest = 0
        self._gone: dict[int, int] = {}

    def cut(self, unit: int) -> None:
        """Drop everything from now on, also what is on the wire."""
        self.cuts[unit] = 0
        self.faulty = True

    def disturb(self, fault: Fault, random: Random) -> None:
        """Do to packets what the fault says from now on; `random` is for it alone."""
        self._rules[fault.unit] = Rule(fault, random)
        self.faulty = True

    def mend(self, unit: int) -> None:
        """End what a unit does. What is late already stays late."""
        rule = self._rules.pop(unit, None)
        count = self.cuts.pop(unit, 0) + (rule.count if rule else 0)
        if count:
            self._gone[unit] = self._gone.get(unit, 0) + count

    def take_counts(self) -> Mapping[int, int]:
        """How many packets each unit has affected since this was last asked."""
        counts, self._gone = self._gone, {}
        for unit, rule in self._rules.items():
            counts[unit] = counts.get(unit, 0) + rule.count
            rule.count = 0
        for unit, count in self.cuts.items():
            counts[unit] = counts.get(unit, 0) + count
            self.cuts[unit] = 0
        return {unit: count for unit, count in counts.items() if count}

    def drops(self) -> bool:
        """Whether a packet that is here now is dropped, counted by the first unit that cuts."""
        for unit in self.cuts:
            self.cuts[unit] += 1
            return True
        return False

    def fates(self, frame: bytes, now: int) -> Sequence[Parcel]:
        """What arrives instead of this frame, and when: nothing, it, something like it, or it twice.

        No frame overtakes another, unless that one was kept by `packets.reorder`.
        """
        if self.drops():
            return ()
        due, kept, copies = now, 0, 1
        for rule in self._rules.values():
            fault, random = rule.fault, rule.random
            if fault.family == "packets.bandwidth":
                rule.count += 1
                passes = rule.queue(len(frame), due)
                if passes is None:
                    return ()
                due = passes
            elif fault.family == "packets.delay":
                rule.count += 1
                due += fault.delay + int(random.uniform(-1, 1) * fault.jitter)
            elif random.random() < fault.rate:
                rule.count += 1
                if fault.family == "packets.loss":
                    return ()
                if fault.family == "packets.corrupt":
                    frame = damaged(frame, random)
                elif fault.family == "packets.reset":
                    frame = resetting(frame)
                elif fault.family == "packets.duplicate":
                    copies += 1
                else:
                    kept = max(kept, int(random.uniform(0.5, 1) * fault.delay))
        due = max(due, self._latest)
        if not kept:
            self._latest = due
        self.faulty = bool(self._rules or self.cuts or due > now)
        return ((due + kept, frame),) * copies


def resetting(frame: bytes) -> bytes:
    """The frame as one that ends its TCP connection (RST), where the receiver expects just this one."""
    if len(frame) < DAMAGEABLE + 20:
        return frame
    changed = bytearray(frame)
    before, checksum = (int.from_bytes(frame[at : at + 2], "big") for at in (_FLAGS, _CHECKSUM))
    after = (before & 0xF000) | _RST_ACK
    total = (checksum ^ 0xFFFF) + (before ^ 0xFFFF) + after  # RFC 1624
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    changed[_FLAGS : _FLAGS + 2] = after.to_bytes(2, "big")
    changed[_CHECKSUM : _CHECKSUM + 2] = (total ^ 0xFFFF).to_bytes(2, "big")
    return bytes(changed)


def damaged(frame: bytes, random: Random) -> bytes:
    """The frame with one bit of what IP carries turned over."""
    if len(frame) <= DAMAGEABLE:
        return frame
    changed = bytearray(frame)
    changed[random.randrange(DAMAGEABLE, len(frame))] ^= 1 << random.randrange(8)
    return bytes(changed)
