"""Patterns: rows of faults in which one leads to the next, for what unrelated faults do not reach.

Each pattern draws its faults from a `Stage` and numbers them from `first`, so that one may follow another.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ..systems.system import FaultModel
from .draws import MILLISECOND, log_uniform
from .families import limit
from .fault import Family, Fault, Moment, Trigger

STEP = (50 * MILLISECOND, 1500 * MILLISECOND)
"""How long each partition of a moving one stands; around the times after which systems take a node for dead."""
AWAY = (30 * MILLISECOND, 3000 * MILLISECOND)
"""How long whoever led is away."""
STOPPING: Sequence[Family] = ("kill", "pause")
SURE: Sequence[Moment] = ("before_send", "after_send", "deliver")
"""Moments that come wherever somebody leads. Only these are followed, since the others may never come."""
RARE: Sequence[Moment] = ("sync_start", "sync_done", "role")
HARMLESS: Sequence[Family] = ("messages.hold", "messages.delay")
"""What may happen to messages on reliable links."""
DISTURBING: Sequence[Family] = (*HARMLESS, "messages.loss", "messages.duplicate")
RATE = (0.1, 1.0)
SOON = (5 * MILLISECOND, 500 * MILLISECOND)
"""How long after messages begin to be kept back somebody is hit, and after that one's return they arrive."""
LATE = (50 * MILLISECOND, 3000 * MILLISECOND)
MOST_STEPS, MOST_HITS = 12, 24
"""The most partitions of a moving one, and the most hits on leaders."""


@dataclass(frozen=True)
class Stage:
    """What a pattern is drawn for: the servers and their fault model, the classes of messages by name, the first unit
    number that is free, and when it begins and must have begun (nanoseconds)."""

    groups: Mapping[str, str]
    model: FaultModel
    messages: Sequence[str]
    beyond_tolerance: bool
    first: int
    start: int
    end: int
    random: Random


def moving(stage: Stage) -> list[Fault]:
    """Partitions one after the other without a pause: halves, thirds, or two sides between which one server moves."""
    random, servers = stage.random, sorted(stage.groups)
    kind = random.choice(["random-halves", "thirds", "sides", "switch"])
    random.shuffle(servers)
    side = set(servers[: max(1, len(servers) // 2)])
    around = log_uniform(random, *STEP)
    faults: list[Fault] = []
    at = stage.start
    while at < stage.end and len(faults) < MOST_STEPS:
        lasts = int(around * random.uniform(0.5, 1.5))
        shape = kind if kind != "switch" else random.choice(["isolate", "sides"])
        on = {"switch": ",".join(sorted(side)), "sides": "minority"}.get(kind, "all")
        unit = stage.first + len(faults)
        faults.append(Fault(unit=unit, family="partition", at=at, lasts=lasts, on=on, shape=shape))
        at += lasts
        mover = random.choice(servers)
        side = side ^ {mover} if 0 < len(side ^ {mover}) < len(servers) else side
    return faults


def leaders(stage: Stage) -> list[Fault]:
    """Whoever leads is hit when it has sent, heard or stored a few messages, then whoever leads next, and so on.

    So leaders die, or lose touch, with their latest entry at some of the others: as in Figure 8 of the Raft paper
    (Ongaro, Ousterhout, USENIX ATC 2014) and its kin. In half of the runs each is away until the next one is hit, so
    that they take turns.
    """
    random = stage.random
    hits = _hits(stage)
    turns = random.random() < 0.5
    around = log_uniform(random, *AWAY)
    most = log_uniform(random, 2, 60)
    patience = int(log_uniform(random, 1, 100) * MILLISECOND)
    faults: list[Fault] = []
    last: int | None = None
    for unit in range(stage.first, stage.first + int(log_uniform(random, 3, MOST_HITS + 1))):
        family, shape = random.choice(hits)
        moment = random.choice(SURE if last is None else (*SURE, *RARE))
        faults.append(
            Fault(
                unit=unit,
                family=family,
                at=Trigger(
                    moment=moment,
                    n=1 if moment == "role" else int(log_uniform(random, 1, most + 1)),
                    after=stage.start,
                    node="primaries",
                    follows=last,
                    wait=int(patience * random.random()) if moment == "role" else 0,
                ),
                lasts=int(AWAY[1] if turns else around * random.uniform(0.3, 1.7)),
                on="trigger",
                shape=shape,
                until=Trigger(moment="start", follows=unit + 1) if turns else None,
            )
        )
        last = unit if moment in SURE else last
    return faults


def replies(stage: Stage) -> list[Fault]:
    """What clients were to be told is lost, or so late that they have asked again."""
    random = stage.random
    family: Family = "messages.delay" if stage.model.reliable or random.random() < 0.5 else "messages.loss"
    rate = round(log_uniform(random, *RATE), 4)
    delay = int(log_uniform(random, *LATE)) if family == "messages.delay" else 0
    faults: list[Fault] = []
    at = stage.start
    while at < stage.end:
        lasts = int(log_uniform(random, *LATE))
        unit = stage.first + len(faults)
        faults.append(
            Fault(unit=unit, family=family, at=at, lasts=lasts, on="all", shape="replies", rate=rate, delay=delay)
        )
        at += 2 * lasts
    return faults


def late(stage: Stage) -> list[Fault]:
    """Some messages are kept back; then a server is killed, stopped or cut off; when it is back, they arrive."""
    random = stage.random
    hits = _hits(stage)
    rate = round(log_uniform(random, 0.01, 0.5), 4)
    which, of_whom = random.choice(["requests", "servers", ""]), random.choice(["all", "all", "primaries", "one"])
    around, soon = log_uniform(random, *AWAY), log_uniform(random, *SOON)
    faults: list[Fault] = []
    at = stage.start
    while at < stage.end:
        unit = stage.first + len(faults)
        begin = Trigger(moment="start", follows=unit, wait=int(soon * random.uniform(0.5, 1.5)))
        end = Trigger(moment="stop", follows=unit + 1, wait=int(soon * random.uniform(0, 1.5)))
        longest = int(around * 2 + soon * 3)
        faults.append(
            Fault(
                unit=unit,
                family="messages.hold",
                at=at,
                lasts=longest,
                on=of_whom,
                shape=which,
                rate=rate,
                until=end,
            )
        )
        family, shape = random.choice(hits)
        away = int(around * random.uniform(0.3, 1.7))
        on = random.choice(["primaries", "one"])
        faults.append(Fault(unit=unit + 1, family=family, at=begin, lasts=away, on=on, shape=shape))
        at += longest
    return faults


def kinds(stage: Stage) -> list[Fault]:
    """Messages of one or a few classes are kept back, late, doubled or lost, so that rare ones are hit like any."""
    random = stage.random
    chosen = random.sample(stage.messages, min(len(stage.messages), random.randint(1, 3)))
    disturbing = HARMLESS if stage.model.reliable else DISTURBING
    families = random.sample(disturbing, random.randint(1, len(disturbing)))
    rate, around = log_uniform(random, *RATE), log_uniform(random, *LATE)
    faults: list[Fault] = []
    at = float(stage.start)
    while chosen and at < stage.end:
        family = random.choice(families)
        lasts = around * random.uniform(0.5, 1.5)
        faults.append(
            Fault(
                unit=stage.first + len(faults),
                family=family,
                at=int(at),
                lasts=int(lasts),
                on=random.choice(["all", "all", "primaries", "one"]),
                type=random.choice(chosen),
                rate=round(rate, 4),
                delay=int(around) if family in ("messages.delay", "messages.duplicate") else 0,
            )
        )
        at += lasts * random.uniform(0.2, 1.2)
    return faults


DRAW: Mapping[str, Callable[[Stage], list[Fault]]] = {
    "moving": moving,
    "leaders": leaders,
    "replies": replies,
    "late": late,
    "kinds": kinds,
}
"""The patterns by name (nemesis/families.py: PATTERNS)."""


def _hits(stage: Stage) -> Sequence[tuple[Family, str]]:
    """What servers are hit with in this run: families, and shapes of partitions."""
    partitions: list[tuple[Family, str]] = [
        ("partition", shape) for shape in ("isolate", "isolate-fully", "with-one", "sides", "mute", "deaf")
    ]
    stops: list[tuple[Family, str]] = [
        (family, "")
        for family in STOPPING
        if stage.beyond_tolerance or any(limit(family, group) for group in stage.model.groups.values())
    ]
    kinds = [kind for kind in (partitions, stops, [*partitions, *stops]) if kind]
    return stage.random.choice(kinds)
