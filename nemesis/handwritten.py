"""Schedules written by hand: a JSON list of faults."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ..errors import UsageError
from .families import DISKS, FAMILIES, PACKETS
from .fault import Family, Fault, Trigger
from .partitions import SHAPES
from .resolve import MESSAGES

SELECTORS = ("one", "minority", "majority", "primaries", "all", "group", "trigger")
RATED: Sequence[Family] = (
    *(family for family in FAMILIES if family.startswith("messages.")),
    *(family for family in PACKETS if family not in ("packets.delay", "packets.bandwidth")),
    *DISKS,
)
"""Families with a probability for each message, packet or call."""
SHARES: Sequence[Family] = ("clock.drift", "cpu.slow")
"""Families whose `rate` is below 1."""
DELAYED: Sequence[Family] = ("messages.delay", "clock.jump", "packets.delay", "packets.reorder")
"""Families that must have a `delay`."""
AMOUNTS: Mapping[str, Sequence[Family]] = {
    "rate": (*RATED, *SHARES),
    "delay": (*DELAYED, "messages.duplicate"),
    "jitter": ("packets.delay",),
    "bandwidth": ("packets.bandwidth",),
}
"""Which families may have which amounts."""
REFERRING = ("role", "unit", "others")
"""Selectors that go on with a colon and the name of a role or the number of a unit."""


def load_schedule(path: Path, nodes: Collection[str] | None = None) -> tuple[Fault, ...]:
    """The faults in the file, a JSON list of objects with the fields of `Fault`; times are in nanoseconds.

        [{"family": "partition", "shape": "isolate", "on": "primaries", "at": 500000000, "lasts": 700000000},
         {"family": "kill", "on": "trigger", "at": {"moment": "role", "type": "primary", "n": 2}, "lasts": 300000000}]

    `unit` may be left out: faults are numbered by their position. One that has `times` and `every` (nanoseconds) stands
    for so many, with that time from the beginning of one to the beginning of the next. `nodes` are the names that `on`
    may use, where they are known. Raises UsageError that says which fault is wrong and why.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name a JSON file with a list of faults") from None
    try:
        entries = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: not a JSON list of faults: {error}") from None
    repeated = (one for position, entry in enumerate(entries) for one in _repeated(path, position, entry))
    faults = tuple(_fault(path, position, entry) for position, entry in enumerate(repeated))
    units = {fault.unit for fault in faults}
    for position, fault in enumerate(faults):
        for wrong in _complaints(fault, nodes, units):
            raise UsageError(f"{path}: fault {position}: {wrong}")
    if len(units) != len(faults):
        raise UsageError(f"{path}: two faults have the same `unit`; number them differently, or leave it out")
    return faults


def _complaints(fault: Fault, nodes: Collection[str] | None, units: Collection[int]) -> Iterator[str]:
    """What is wrong with the values of a fault."""
    yield from _aim(fault, nodes, units)
    for moment in (fault.at, fault.until):
        if isinstance(moment, Trigger):
            yield from _moment(moment, nodes, units)
        elif moment is not None and moment < 0:
            yield "begins before time 0"
    if fault.lasts <= 0:
        yield "`lasts` must be a positive number of nanoseconds"
    yield from _shape(fault)
    yield from _amounts(fault)
    if fault.type and not fault.family.startswith("messages.") and fault.family != "admin":
        yield f"a {fault.family} has no `type`"


def _amounts(fault: Fault) -> Iterator[str]:
    """What is wrong with how much a fault does."""
    family = fault.family
    if family in RATED and not 0 < fault.rate <= 1:
        yield "`rate` must be above 0 and at most 1"
    if family in SHARES and not 0 < fault.rate < 1:
        yield "`rate` must be above 0 and below 1"
    if fault.delay < 0 or (family in DELAYED and not fault.delay):
        yield "`delay` must be a positive number of nanoseconds"
    if not 0 <= fault.jitter <= fault.delay:
        yield "`jitter` must not be negative, nor more than `delay`"
    if fault.bandwidth < 0 or (family == "packets.bandwidth" and not fault.bandwidth):
        yield "`bandwidth` must be a positive number of bytes a second"
    for name, having in AMOUNTS.items():
        if getattr(fault, name) and family not in having:
            yield f"a {family} has no `{name}`"


def _aim(fault: Fault, nodes: Collection[str] | None, units: Collection[int]) -> Iterator[str]:
    if fault.on == "trigger" and not isinstance(fault.at, Trigger):
        yield "`on` is trigger, but `at` is a time; give `at` a moment, or aim at something else"
    elif fault.on not in SELECTORS:
        yield from _names(fault.on, nodes, units, SELECTORS)


def _moment(trigger: Trigger, nodes: Collection[str] | None, units: Collection[int]) -> Iterator[str]:
    if trigger.after < 0 or trigger.wait < 0:
        yield "begins before time 0"
    if trigger.n < 1:
        yield "`n` counts from 1"
    if trigger.node not in ("", "primaries"):
        yield from _names(trigger.node, nodes, units, ("primaries",))
    if trigger.follows is not None and trigger.follows not in units:
        yield f"follows unit {trigger.follows}, which there is none of"
    if trigger.moment in ("start", "stop") and trigger.follows is None:
        yield f"`{trigger.moment}` needs `follows`, the unit that begins or ends"


def _names(on: str, nodes: Collection[str] | None, units: Collection[int], selectors: Collection[str]) -> Iterator[str]:
    """What is wrong with names of nodes, or with a selector that refers to something."""
    kind, _, name = on.partition(":")
    if kind in REFERRING and name:
        if kind != "role" and not (name.isdecimal() and int(name) in units):
            yield f"{on!r}: there is no unit {name}"
        return
    unknown = [each.strip() for each in on.split(",") if nodes is not None and each.strip() not in nodes]
    if unknown:
        further = ", ".join(f"{kind}:…" for kind in REFERRING)
        yield f"no node {unknown[0]!r}; use {', '.join(selectors)}, {further}, or {', '.join(nodes or ())}"


def _shape(fault: Fault) -> Iterator[str]:
    if fault.family == "partition":
        if fault.shape not in SHAPES:
            yield f"no partition shape {fault.shape!r}; use one of {', '.join(SHAPES)}"
    elif fault.family.startswith(("messages.", "packets.")):
        if fault.shape not in MESSAGES:
            yield f"no messages {fault.shape!r}; use one of {', '.join(filter(None, MESSAGES))}, or leave it out"
    elif fault.shape:
        yield f"a {fault.family} has no `shape`"


def _repeated(path: Path, position: int, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries that an entry stands for."""
    times, every = entry.pop("times", None), entry.pop("every", None)
    if times is None and every is None:
        yield entry
        return
    if not (isinstance(times, int) and isinstance(every, int) and isinstance(entry.get("at"), int)):
        raise UsageError(f"{path}: fault {position}: `times`, `every` and `at` must all be whole numbers")
    if times < 1 or every < 1 or "unit" in entry:
        raise UsageError(f"{path}: fault {position}: `times` and `every` must be positive, and `unit` left out")
    for number in range(times):
        yield {**entry, "at": entry["at"] + number * every}


def _fault(path: Path, position: int, entry: dict[str, Any]) -> Fault:
    if entry.get("family") not in FAMILIES:
        raise UsageError(
            f"{path}: fault {position}: no family {entry.get('family')!r}; use one of {', '.join(FAMILIES)}"
        )
    try:
        return msgspec.convert({"unit": position, **entry}, Fault)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: fault {position}: {error}") from None
