"""The families of faults: what there is, what a fault model allows, and what a user may ask for."""

from collections.abc import Mapping, Sequence

from ..errors import UsageError
from ..systems.system import FaultModel, Tolerance
from .fault import Family

FAMILIES: Mapping[Family, str] = {
    "partition": "links between nodes drop every message, one way or both",
    "kill": "servers lose their memory and unsynced writes, and start again later",
    "pause": "servers stand still, and go on later with what arrived meanwhile",
    "messages.loss": "each message may be lost",
    "messages.duplicate": "each message may arrive twice",
    "messages.delay": "each message may arrive later, after messages sent after it",
}
"""Every family, with what it does in one line."""

SWARM, NONE = "swarm", "none"


def allowed(model: FaultModel) -> tuple[Family, ...]:
    """The families that the fault model allows on some group of servers, in the order of FAMILIES."""
    return tuple(
        family
        for family in FAMILIES
        if any(limit(family, group) if family in ("kill", "pause") else group.cut for group in model.groups.values())
    )


def limit(family: Family, tolerance: Tolerance) -> int:
    """How many nodes of a group may be killed, or paused, at once."""
    return {"kill": tolerance.kill, "pause": tolerance.pause}.get(family, 0)


def parse(faults: str, model: FaultModel, *, beyond_tolerance: bool = False) -> tuple[Family, ...]:
    """The families meant by `swarm` (all that the model allows), `none`, or names joined by commas.

    A name may end at a dot: `messages` means all families whose names begin with `messages.`. Raises UsageError for a
    name that does not exist, and for a family beyond the fault model unless `beyond_tolerance` lifts it.
    """
    within = tuple(FAMILIES) if beyond_tolerance else allowed(model)
    if faults == NONE:
        return ()
    if faults == SWARM:
        if not within:
            raise UsageError("faults: the system's fault model allows no faults; use --faults none")
        return within
    asked = {family for name in faults.split(",") for family in _named(name.strip())}
    beyond = [family for family in FAMILIES if family in asked and family not in within]
    if beyond:
        raise UsageError(
            f"faults: {', '.join(beyond)} is beyond the system's fault model, which allows "
            f"{', '.join(within) or 'none'}; use one of these, or --beyond-tolerance to judge safety only"
        )
    return tuple(family for family in FAMILIES if family in asked)


def _named(name: str) -> Sequence[Family]:
    found = [family for family in FAMILIES if family == name or family.startswith(f"{name}.")]
    if not found:
        raise UsageError(f"faults: there is no {name!r}; use swarm, none, or some of {', '.join(FAMILIES)}")
    return found
