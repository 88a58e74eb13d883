"""Schedules written by hand: a JSON list of faults."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..errors import UsageError
from .families import FAMILIES
from .fault import Fault, Trigger
from .partitions import SHAPES

SELECTORS = ("one", "minority", "majority", "primaries", "all", "trigger")


def load_schedule(path: Path, nodes: Collection[str] | None = None) -> tuple[Fault, ...]:
    """The faults in the file, a JSON list of objects with the fields of `Fault`; times are in nanoseconds.

        [{"family": "partition", "shape": "isolate", "on": "primaries", "at": 500000000, "lasts": 700000000},
         {"family": "kill", "on": "trigger", "at": {"moment": "role", "type": "primary", "n": 2}, "lasts": 300000000}]

    `unit` may be left out: faults are numbered by their position. `nodes` are the names that `on` may use, where they
    are known. Raises UsageError that says which fault is wrong and why.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name a JSON file with a list of faults") from None
    try:
        entries = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: not a JSON list of faults: {error}") from None
    faults = tuple(_fault(path, position, entry) for position, entry in enumerate(entries))
    for position, fault in enumerate(faults):
        for wrong in _complaints(fault, nodes):
            raise UsageError(f"{path}: fault {position}: {wrong}")
    if len({fault.unit for fault in faults}) != len(faults):
        raise UsageError(f"{path}: two faults have the same `unit`; number them differently, or leave it out")
    return faults


def _complaints(fault: Fault, nodes: Collection[str] | None) -> Iterator[str]:
    """What is wrong with the values of a fault."""
    triggered = isinstance(fault.at, Trigger)
    names = () if fault.on in SELECTORS else [name.strip() for name in fault.on.split(",")]
    unknown = [name for name in names if nodes is not None and name not in nodes]
    if unknown:
        yield f"no node {unknown[0]!r}; use {', '.join(SELECTORS)}, or {', '.join(nodes or ())}"
    if fault.on == "trigger" and not triggered:
        yield "`on` is trigger, but `at` is a time; give `at` a moment, or aim at something else"
    if (fault.at.after if isinstance(fault.at, Trigger) else fault.at) < 0:
        yield "begins before time 0"
    if isinstance(fault.at, Trigger) and fault.at.n < 1:
        yield "`n` counts from 1"
    if fault.lasts <= 0:
        yield "`lasts` must be a positive number of nanoseconds"
    if fault.family == "partition" and fault.shape not in SHAPES:
        yield f"no partition shape {fault.shape!r}; use one of {', '.join(SHAPES)}"
    if fault.family != "partition" and fault.shape:
        yield f"a {fault.family} has no `shape`"
    if fault.family.startswith("messages.") and not 0 < fault.rate <= 1:
        yield "`rate` must be above 0 and at most 1"
    if not fault.family.startswith("messages.") and fault.rate:
        yield f"a {fault.family} has no `rate`"
    if fault.family == "messages.delay" and fault.delay <= 0:
        yield "`delay` must be a positive number of nanoseconds"
    if fault.family != "messages.delay" and fault.delay:
        yield f"a {fault.family} has no `delay`"


def _fault(path: Path, position: int, entry: dict[str, Any]) -> Fault:
    if entry.get("family") not in FAMILIES:
        raise UsageError(
            f"{path}: fault {position}: no family {entry.get('family')!r}; use one of {', '.join(FAMILIES)}"
        )
    try:
        return msgspec.convert({"unit": position, **entry}, Fault)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: fault {position}: {error}") from None
