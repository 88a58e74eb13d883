"""The families of faults: what there is, what a fault model allows, and what a user may ask for."""

from collections.abc import Mapping, Sequence

from ..errors import UsageError
from ..systems.system import FaultModel, Tolerance
from .fault import Family

CLASSIC: Mapping[Family, str] = {
    "partition": "links between nodes drop every message, one way or both",
    "kill": "servers lose their memory and unsynced writes, and start again later",
    "pause": "servers stand still, and go on later with what arrived meanwhile",
    "messages.loss": "each message may be lost",
    "messages.duplicate": "each message may arrive twice",
    "messages.delay": "each message may arrive later, after messages sent after it",
}
"""The families that a run's episodes are made of."""

PROCESSES: Mapping[Family, str] = {
    "cpu.slow": "servers stand still for a share of the time, many times a second",
    "files.limit": "servers can open no further files and connections",
    "files.errors": "syncs of files fail; of programs that are not ours only",
    "files.full": "writes to files find no space; of programs that are not ours only",
}
"""The families that need nodes which are processes. They are never part of the swarm."""

PACKETS: Mapping[Family, str] = {
    "packets.loss": "each packet on the wire may be lost",
    "packets.delay": "packets on the wire take longer, some more than others, and keep their order",
    "packets.duplicate": "each packet on the wire may arrive twice",
    "packets.reorder": "each packet on the wire may be kept for a while, and be overtaken",
    "packets.corrupt": "each packet on the wire may have a bit turned over",
    "packets.bandwidth": "so many bytes pass in a second, and what has to wait too long is lost",
    "packets.reset": "each packet may end its connection at once, and take with it what is on the way",
}
"""The families that need a network of packets. They are never part of the swarm."""

FAMILIES: Mapping[Family, str] = {
    **CLASSIC,
    "messages.hold": "each message may be kept back, to arrive when the fault ends, long after it was sent",
    "crash": "servers stop for good: even healing does not bring them back",
    "disk.loss": "servers are killed, and start again with an empty disk",
    "disk.reorder": "servers are killed, and any part of their unsynced writes survives",
    "disk.torn": "as disk.reorder, and the last write that survives may be cut short",
    "clock.drift": "clocks of servers run fast or slow, and are wrong from then on",
    "clock.jump": "clocks of servers step forwards or back, and later step back again",
    "admin": "administrative operations that the system offers, such as adding a server",
    **PROCESSES,
    **PACKETS,
}
"""Every family, with what it does in one line."""

PATTERNS: Mapping[str, str] = {
    "moving": "partitions in two or three parts, one after the other without a pause; or one server changes sides",
    "leaders": "whoever leads is hit soon after, again and again, and may be back when the next one is hit",
    "replies": "answers to clients are lost after execution, or come late and overtaken",
    "late": "messages are kept back until a server was away and is back, past a restart or a change of leader",
    "kinds": "messages of a few classes are kept back, late, doubled or lost, however rare they are",
}
"""Faults of several families put together."""

KILLS: Sequence[Family] = ("kill", "crash", "disk.loss", "disk.reorder", "disk.torn")
"""The families that take a server's memory."""

STOPS: Sequence[Family] = (*KILLS, "pause")
"""The families that stop servers."""

CLOCKS: Sequence[Family] = ("clock.drift", "clock.jump")
"""The families that make clocks wrong."""

DISKS: Sequence[Family] = ("files.errors", "files.full")
"""Those of them that no fault model promises to survive: a server may well end by itself."""

SWARM, NONE = "swarm", "none"


def allowed(model: FaultModel) -> tuple[str, ...]:
    """The families and patterns that the fault model allows on some group of servers, in their order here."""
    groups = model.groups.values()
    families = [family for family in FAMILIES if any(tolerates(group, family, model) for group in groups)]
    cut = any(group.cut for group in groups)
    messages = cut and not model.foreign
    patterns = {
        "moving": cut,
        "leaders": model.leaders and not model.foreign,
        "replies": messages,
        "late": messages,
        "kinds": messages,
    }
    return (*families, *(name for name in PATTERNS if patterns[name]))


def tolerates(tolerance: Tolerance, family: Family, model: FaultModel) -> bool:
    """Whether faults of the family may happen to some node of a group at all."""
    if family == "admin":
        return bool(model.admin)
    if family in STOPS:
        return limit(family, tolerance) > 0
    if family == "cpu.slow":
        return tolerance.pause > 0
    if family == "files.limit":
        return not model.reliable and (tolerance.cut or model.foreign)
    if family in DISKS:
        return False
    if family == "clock.drift":
        return tolerance.drift > 0
    if family == "clock.jump":
        return tolerance.jump > 0
    if family.startswith("messages.") and model.foreign:
        return False
    return tolerance.cut and not (model.reliable and family in ("messages.loss", "messages.duplicate"))


def limit(family: Family, tolerance: Tolerance) -> int:
    """How many nodes of a group may be stopped in this way: at once, or in the whole run for crashes and lost disks."""
    return {
        "kill": tolerance.kill,
        "pause": tolerance.pause,
        "crash": min(tolerance.crash, tolerance.kill),
        "disk.loss": min(tolerance.lose, tolerance.kill),
        "disk.reorder": tolerance.kill * (tolerance.reorder or tolerance.torn),
        "disk.torn": tolerance.kill * tolerance.torn,
    }.get(family, 0)


def parse(faults: str, model: FaultModel, *, beyond_tolerance: bool = False) -> tuple[str, ...]:
    """The families and patterns meant by `swarm`, `none`, or names joined by commas.

    The swarm is all that the model allows, but for PROCESSES and PACKETS. A name may end at a dot: `messages` means all
    families whose names begin with `messages.`. Raises UsageError for a name that does not exist, and for a family
    beyond the fault model unless `beyond_tolerance` lifts it.
    """
    names = (*FAMILIES, *PATTERNS)
    offered = tuple(name for name in names if name != "admin" or model.admin)
    within = offered if beyond_tolerance else allowed(model)
    if faults == NONE:
        return ()
    if faults == SWARM:
        drawn = tuple(name for name in within if name not in (*PROCESSES, *PACKETS))
        if not drawn:
            raise UsageError("faults: the system's fault model allows no faults; use --faults none")
        return drawn
    asked = {name for part in faults.split(",") for name in _named(part.strip())}
    beyond = [name for name in names if name in asked and name not in within]
    if beyond:
        raise UsageError(
            f"faults: {', '.join(beyond)} is beyond the system's fault model, which allows "
            f"{', '.join(within) or 'none'}; use one of these, or --beyond-tolerance to judge safety only"
        )
    return tuple(name for name in names if name in asked)


def _named(name: str) -> Sequence[str]:
    names = (*FAMILIES, *PATTERNS)
    found = [known for known in names if known == name or known.startswith(f"{name}.")]
    if not found:
        raise UsageError(f"faults: there is no {name!r}; use swarm, none, or some of {', '.join(names)}")
    return found
