"""The faults of a run, drawn from its seed.

A drawn schedule is a row of episodes with quiet gaps between them, so that faults meet each other and the system can
still make progress. Each run draws its own parameters, log-uniformly: runs differ by orders of magnitude in how often,
how long and how hard, and by default in which families they use at all (swarm testing: Groce, Zhang, Eide, Chen,
Regehr, ISSTA 2012), because all faults at once hide what one of them alone would show.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from ..systems.system import FaultModel, Tolerance
from .families import SWARM, limit, parse
from .fault import Family, Fault, Moment, Trigger
from .partitions import SHAPES

Name = TypeVar("Name", bound=str)

MILLISECOND = 1_000_000

GAP = (30 * MILLISECOND, 500 * MILLISECOND)
"""The quiet time between episodes. This and the following are the bounds between which a run draws, log-uniformly."""
LASTS = (20 * MILLISECOND, 3000 * MILLISECOND)
"""Around the times after which systems take a node for dead: shorter goes unnoticed, longer is only repetition."""
MESSAGES_LAST = (200 * MILLISECOND, 3000 * MILLISECOND)
"""Disturbed messages hardly stop anything, and a low rate takes time to hit one."""
RATE: Mapping[Family, tuple[float, float]] = {
    "messages.loss": (0.02, 0.5),
    "messages.duplicate": (0.05, 1.0),
    "messages.delay": (0.05, 1.0),
}
DELAY = (2 * MILLISECOND, 1000 * MILLISECOND)

TRIGGERED = 1 / 3
"""The share of faults that wait for an event."""
MOMENTS: Mapping[Moment, tuple[int, int]] = {
    "before_send": (2, 100),
    "after_send": (3, 100),
    "deliver": (2, 100),
    "invoke": (2, 10),
    "complete": (2, 10),
    "role": (2, 3),
}
"""Moments of triggers: their weight, and the largest n that is drawn."""
SYNCS: Mapping[Moment, tuple[int, int]] = {"sync_start": (1, 10), "sync_done": (1, 10)}
"""Further ones for kills, which lose what is not yet synced."""

AT_TRIGGER = 1 / 2
"""The share of faults waiting for an event at a server that hit this very server."""
MESSAGE_AIMS = {"all": 6, "primaries": 2, "one": 2}
AIMS = {"primaries": 5, "one": 3, "minority": 2}
"""Selectors by weight. Whoever leads is hit most: there is no split brain without cutting off a primary."""
SHAPE_WEIGHTS = {"isolate": 3, "sides": 3, "link": 2}
"""Weights of partition shapes, 1 for those not named: an old primary that clients still reach is what finds most."""


@dataclass(frozen=True)
class Profile:
    """What one run draws once: its families, and around which values the parameters of its faults are drawn.

    `gap` is the quiet time between episodes, `lasts` how long faults of a family last, `delay` the largest extra delay
    of a message, all in nanoseconds; `rates` are probabilities per message.
    """

    families: tuple[Family, ...]
    gap: int
    lasts: Mapping[Family, int]
    rates: Mapping[Family, float]
    delay: int


def plan(
    faults: str,
    *,
    model: FaultModel,
    groups: Mapping[str, str],
    duration: int,
    random: Random,
    beyond_tolerance: bool = False,
) -> tuple[Fault, ...]:
    """The faults of one run, in the order in which they begin or are armed.

    `faults` is `swarm` (a random non-empty part of the families that the fault model allows), `none`, or families
    joined by commas, all of which are used. `groups` is the group of every server. `duration` is how long the run is
    expected to be under faults, in nanoseconds: all of them begin within it, the last ones may go on until heal.

    Raises UsageError if `faults` names something that does not exist or is beyond the fault model.
    """
    families = parse(faults, model, beyond_tolerance=beyond_tolerance)
    if not families:
        return ()
    profile = _profile(_part(families, random) if faults == SWARM else families, duration, random)
    aims = {family: _aims(family, model, groups, beyond_tolerance) for family in profile.families}
    shapes = {name: SHAPE_WEIGHTS.get(name, 1) for name, shape in SHAPES.items() if shape.servers <= len(groups)}
    drawn = []
    for unit, (family, start, lasts) in enumerate(_episodes(profile, duration, random)):
        at = _when(family, start, random)
        on = _whom(at, aims[family], random)
        shape = _weighted(shapes, random) if family == "partition" else ""
        drawn.append(
            Fault(
                unit=unit,
                family=family,
                at=at,
                lasts=lasts,
                on=on if not shape or SHAPES[shape].aimed else "all",
                shape=shape,
                rate=profile.rates.get(family, 0.0),
                delay=profile.delay if family == "messages.delay" else 0,
            )
        )
    return tuple(drawn)


def log_uniform(random: Random, low: float, high: float) -> float:
    """A number between `low` and `high`, both positive, whose logarithm is uniform."""
    return math.exp(random.uniform(math.log(low), math.log(high)))


def _profile(families: tuple[Family, ...], duration: int, random: Random) -> Profile:
    def within(low: float, high: float, most: float = math.inf) -> int:
        return int(log_uniform(random, low, max(low, min(high, most))))

    return Profile(
        families=families,
        gap=within(*GAP, most=duration / 4),
        lasts={family: within(*(MESSAGES_LAST if family in RATE else LASTS), duration / 2) for family in families},
        rates={family: round(log_uniform(random, *RATE[family]), 4) for family in families if family in RATE},
        delay=within(*DELAY, most=duration / 2),
    )


def _episodes(profile: Profile, duration: int, random: Random) -> Iterator[tuple[Family, int, int]]:
    """Family, start and length of every fault: one of each family, all begun before the first ends; then a gap."""
    start = int(random.uniform(0, min(profile.gap, duration / 10)))
    while start < duration:
        lasts = {family: int(around * random.uniform(0.5, 1.5)) for family, around in profile.lasts.items()}
        first = random.choice(profile.families)
        begins = {
            family: start + int(random.uniform(0, lasts[first])) for family in profile.families if family != first
        }
        begins[first] = start
        for family in sorted(begins, key=begins.__getitem__):
            if begins[family] < duration:
                yield family, begins[family], lasts[family]
        end = max(begins[family] + lasts[family] for family in begins)
        start = end + int(profile.gap * random.uniform(0.5, 1.5))


def _when(family: Family, start: int, random: Random) -> int | Trigger:
    if random.random() >= TRIGGERED:
        return start
    moments = {**MOMENTS, **SYNCS} if family == "kill" else MOMENTS
    moment = _weighted({moment: weight for moment, (weight, _) in moments.items()}, random)
    return Trigger(moment=moment, n=int(log_uniform(random, 1, moments[moment][1] + 1)), after=start)


def _whom(at: int | Trigger, aims: Mapping[str, int], random: Random) -> str:
    at_server = isinstance(at, Trigger) and at.moment not in ("invoke", "complete")
    return "trigger" if at_server and random.random() < AT_TRIGGER else _weighted(aims, random)


def _aims(family: Family, model: FaultModel, groups: Mapping[str, str], beyond_tolerance: bool) -> Mapping[str, int]:
    """Selectors by weight. All servers are stopped at once only where some group survives just that."""
    if family in RATE:
        return MESSAGE_AIMS
    sizes = Counter(groups.values())
    survives = beyond_tolerance or any(
        limit(family, model.groups.get(group, Tolerance())) >= size for group, size in sizes.items()
    )
    return {**AIMS, "all": 1} if family != "partition" and survives else AIMS


def _part(families: Sequence[Family], random: Random) -> tuple[Family, ...]:
    """A non-empty part of the families, in order; all parts are equally likely."""
    chosen = random.randrange(1, 2 ** len(families))
    return tuple(family for position, family in enumerate(families) if chosen >> position & 1)


def _weighted(weights: Mapping[Name, int], random: Random) -> Name:
    return random.choices(list(weights), list(weights.values()))[0]
