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
from dataclasses import replace as changed
from random import Random

from msgspec.structs import replace

from ..systems.system import FaultModel, Tolerance
from .draws import MILLISECOND, log_uniform, weighted
from .families import CLASSIC, CLOCKS, FAMILIES, KILLS, PACKETS, PATTERNS, SWARM, limit, parse
from .fault import Family, Fault, Moment, Trigger
from .partitions import SHAPES
from .patterns import DRAW, Stage

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
    "messages.hold": (0.005, 0.3),
    "clock.drift": (0.001, 0.5),
    "cpu.slow": (0.2, 0.95),
    "files.errors": (0.05, 1.0),
    "files.full": (0.05, 1.0),
    "packets.loss": (0.005, 0.3),
    "packets.duplicate": (0.01, 1.0),
    "packets.reorder": (0.01, 0.5),
    "packets.corrupt": (0.005, 0.3),
    "packets.reset": (0.005, 0.3),
}
DELAY = (2 * MILLISECOND, 1000 * MILLISECOND)
PACKET_DELAY = (1 * MILLISECOND, 200 * MILLISECOND)
"""From another rack to another continent."""
JITTER = (0.01, 1.0)
"""The part of a delay by which packets differ."""
BANDWIDTH = (2_000, 1_000_000)
"""Bytes a second. Little of it is ever used."""

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
AT_CLIENTS: Sequence[Moment] = ("invoke", "complete")
"""The only ones where servers are programs that are not ours."""
SYNCS: Mapping[Moment, tuple[int, int]] = {"sync_start": (1, 10), "sync_done": (1, 10)}
"""Further ones for kills, which lose what is not yet synced."""

AT_TRIGGER = 1 / 2
"""The share of faults waiting for an event at a server that hit this very server."""
MESSAGE_AIMS = {"all": 6, "primaries": 2, "one": 2}
AIMS = {"primaries": 5, "one": 3, "minority": 2}
"""Selectors by weight. Whoever leads is hit most: there is no split brain without cutting off a primary."""
SHAPE_WEIGHTS = {"isolate": 3, "sides": 3, "link": 2, "thirds": 0, "with-one": 0, "deaf-fully": 0}
"""Weights of partition shapes, 1 for those not named: an old primary that clients still reach is what finds most.
Those of weight 0 come in patterns."""

FURTHER = 1 / 5
"""The share of runs of the swarm in which each further family or pattern takes part."""
SHARES = {"admin": 1 / 2}
"""Other shares than that."""
ALONE = 1 / 2
"""The share of runs with the pattern `leaders` in which nothing else disturbs it."""


@dataclass(frozen=True)
class Profile:
    """What one run draws once: its families, and around which values the parameters of its faults are drawn.

    `gap` is the quiet time between episodes, `lasts` how long faults of a family last, `delays` the largest extra
    delay of a message or of its duplicate, and the largest step of a clock, all in nanoseconds; `rates` are
    probabilities per message or packet and how much faster a clock runs, `jitters` and `bandwidths` as in `Fault`.
    """

    families: tuple[Family, ...]
    gap: int
    lasts: Mapping[Family, int]
    rates: Mapping[Family, float]
    delays: Mapping[Family, int]
    jitters: Mapping[Family, int]
    bandwidths: Mapping[Family, int]


@dataclass(frozen=True)
class Run:
    """What faults are drawn for; see `plan`."""

    model: FaultModel
    groups: Mapping[str, str]
    messages: Sequence[str]
    duration: int
    beyond_tolerance: bool


def plan(
    faults: str,
    *,
    model: FaultModel,
    groups: Mapping[str, str],
    messages: Sequence[str],
    duration: int,
    random: Random,
    beyond_tolerance: bool = False,
) -> tuple[Fault, ...]:
    """The faults of one run: rows of episodes, each in the order in which faults begin or are armed, then patterns.

    `faults` is `swarm` (a random non-empty part of the families and patterns that the fault model allows), `none`, or
    families and patterns joined by commas, all of which are used. `groups` is the group of every server, `messages` the
    names of the classes of messages. `duration` is how long the run is expected to be under faults, in nanoseconds: all
    of them begin within it, the last ones may go on until heal.

    Raises UsageError if `faults` names something that does not exist or is beyond the fault model.
    """
    names = parse(faults, model, beyond_tolerance=beyond_tolerance)
    if not names:
        return ()
    run = Run(model, groups, messages, int(duration / model.tempo), beyond_tolerance)
    classic = [family for family in CLASSIC if family in names]
    further = [name for name in (*FAMILIES, *PATTERNS) if name in names and name not in CLASSIC]
    if faults == SWARM and classic:
        drawn = _drawn(run, _part(classic, random), 0, random)
    else:
        drawn = _drawn(run, classic, 0, random)
    # Each name has a source of its own, so that what is drawn for one does not depend on which others there are.
    root = random.getrandbits(64)
    sources = {name: Random(f"{root} {name}") for name in further}
    if faults == SWARM and classic:
        sources = {name: source for name, source in sources.items() if source.random() < SHARES.get(name, FURTHER)}
        if "leaders" in sources and sources["leaders"].random() < ALONE:
            sources, drawn = {"leaders": sources["leaders"]}, []
    for name, source in sources.items():
        drawn += _further(run, name, len(drawn), source)
    return tuple(drawn if model.tempo == 1 else (_stretched(fault, model.tempo) for fault in drawn))


def _stretched(fault: Fault, tempo: float) -> Fault:
    """The fault in a time that passes more slowly."""
    at = fault.at
    if isinstance(at, Trigger):
        at = replace(at, after=int(at.after * tempo), wait=int(at.wait * tempo))
    else:
        at = int(at * tempo)
    return replace(fault, at=at, lasts=int(fault.lasts * tempo))


def _further(run: Run, name: str, first: int, random: Random) -> list[Fault]:
    """The faults of a further family, as a row of episodes of their own, or of a pattern."""
    for family in FAMILIES:
        if family == name:
            return _drawn(run, [family], first, random)
    start = int(random.uniform(0, run.duration / 4))
    return DRAW[name](
        Stage(
            groups=run.groups,
            model=run.model,
            messages=run.messages,
            beyond_tolerance=run.beyond_tolerance,
            first=first,
            start=start,
            end=run.duration,
            random=random,
        )
    )


def _drawn(run: Run, families: Sequence[Family], first: int, random: Random) -> list[Fault]:
    """A row of episodes of these families, numbered from `first`."""
    if not families:
        return []
    profile = _profile(families, run.duration, random)
    aims = {family: _aims(family, run) for family in profile.families}
    shapes = {name: SHAPE_WEIGHTS.get(name, 1) for name, shape in SHAPES.items() if shape.servers <= len(run.groups)}
    drawn = []
    for unit, (family, start, lasts) in enumerate(_episodes(profile, run.duration, random), start=first):
        at = _when(family, start, run.model, random)
        on = _whom(at, aims[family], random)
        shape = weighted(shapes, random) if family == "partition" else ""
        drawn.append(
            Fault(
                unit=unit,
                family=family,
                at=at,
                lasts=lasts,
                on=on if not shape or SHAPES[shape].aimed else "all",
                shape=shape,
                rate=profile.rates.get(family, 0.0),
                delay=profile.delays.get(family, 0),
                jitter=profile.jitters.get(family, 0),
                bandwidth=profile.bandwidths.get(family, 0),
            )
        )
    return drawn


def _profile(families: Sequence[Family], duration: int, random: Random) -> Profile:
    def within(low: float, high: float, most: float = math.inf) -> int:
        return int(log_uniform(random, low, max(low, min(high, most))))

    profile = Profile(
        families=tuple(families),
        gap=within(*GAP, most=duration / 4),
        lasts={family: within(*_lengths(family), duration / 2) for family in families},
        rates={family: round(log_uniform(random, *RATE[family]), 4) for family in families if family in RATE},
        delays=dict.fromkeys(("messages.delay", "messages.duplicate", "clock.jump"), within(*DELAY, most=duration / 2)),
        jitters={},
        bandwidths={},
    )
    return _with_packets(profile, random) if any(family in PACKETS for family in families) else profile


def _with_packets(profile: Profile, random: Random) -> Profile:
    """The profile with what faults of packets need."""
    delay = int(log_uniform(random, *PACKET_DELAY))
    delays: dict[Family, int] = dict.fromkeys(("packets.delay", "packets.reorder"), delay)
    return changed(
        profile,
        delays={**profile.delays, **delays},
        jitters={"packets.delay": int(delay * log_uniform(random, *JITTER))},
        bandwidths={"packets.bandwidth": int(log_uniform(random, *BANDWIDTH))},
    )


def _lengths(family: Family) -> tuple[float, float]:
    return MESSAGES_LAST if family.startswith(("messages.", "packets.")) else LASTS


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


def _when(family: Family, start: int, model: FaultModel, random: Random) -> int | Trigger:
    if random.random() >= TRIGGERED:
        return start
    moments = {**MOMENTS, **SYNCS} if family in KILLS else MOMENTS
    if model.foreign:
        moments = {moment: moments[moment] for moment in AT_CLIENTS}
    moment = weighted({moment: weight for moment, (weight, _) in moments.items()}, random)
    return Trigger(moment=moment, n=int(log_uniform(random, 1, moments[moment][1] + 1)), after=start)


def _whom(at: int | Trigger, aims: Mapping[str, int], random: Random) -> str:
    at_server = isinstance(at, Trigger) and at.moment not in ("invoke", "complete")
    return "trigger" if at_server and random.random() < AT_TRIGGER else weighted(aims, random)


def _aims(family: Family, run: Run) -> Mapping[str, int]:
    """Selectors by weight. All servers, or all of a group, are stopped at once only where some group survives that."""
    if family in (*RATE, *CLOCKS, *PACKETS):
        return MESSAGE_AIMS
    sizes = Counter(run.groups.values())
    survives = run.beyond_tolerance or any(
        limit(family, run.model.groups.get(group, Tolerance())) >= size for group, size in sizes.items()
    )
    if family == "partition" or not survives:
        return AIMS
    return {**AIMS, "all": 1, "group": 1} if len(sizes) > 1 else {**AIMS, "all": 1}


def _part(families: Sequence[Family], random: Random) -> tuple[Family, ...]:
    """A non-empty part of the families, in order; all parts are equally likely."""
    chosen = random.randrange(1, 2 ** len(families))
    return tuple(family for position, family in enumerate(families) if chosen >> position & 1)
