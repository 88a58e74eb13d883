"""From a fault to its targets, at the moment it fires: selectors, partition shapes and the fault model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec

from ..systems.system import FaultModel, Tolerance
from .families import limit
from .fault import Family, Fault, Unit
from .partitions import SHAPES, Nodes
from .topology import links

PRIMARY_ROLES = frozenset({"primary", "leader"})
"""The roles that the selector `primaries` looks for."""


@dataclass(frozen=True)
class Cluster:
    """What the nemesis sees of the nodes when a fault fires.

    `groups` is the group of every server, up or not; `clients` all client nodes. `up` are the servers that are not
    killed, `paused` those of them that are stopped, `roles` what the servers that are up believe to be. `trigger` is
    the node at which the fault's trigger fired, None for a fault with a time. `spare(up, node)` says whether the
    system can do without the memory of `node` when the servers `up` are up (`node` among them).
    """

    groups: Mapping[str, str]
    clients: tuple[str, ...]
    up: frozenset[str]
    paused: frozenset[str] = frozenset()
    roles: Mapping[str, str] = field(default_factory=dict)
    trigger: str | None = None
    spare: Callable[[frozenset[str], str], bool] | None = None


def resolve(
    fault: Fault, cluster: Cluster, model: FaultModel, random: Random, *, beyond_tolerance: bool = False
) -> Unit:
    """The fault with the nodes or links that it hits, kept within the fault model.

    Selectors draw from the servers that are up: `one` of them, a `minority` (as many as are fewer than half, at least
    one), a `majority` (as few as are more than half), `all`; `primaries` are those in a role of PRIMARY_ROLES, and
    `trigger` is the node at which the trigger fired. These two mean `one` where nobody qualifies.

    A kill is beyond the model if more of the group would be down than it tolerates, if more would be down or paused,
    taken together, than the larger of its two limits, or if the node's memory cannot be spared; a pause likewise.
    Nodes beyond it are left out; if no node may be killed, but one may be paused, the fault becomes a pause. Links of
    groups that may not be cut are left alone. Whatever was changed is said in `downgraded`. `beyond_tolerance` lifts
    all this; clients are never killed or paused.

    All randomness comes from `random`: equal arguments give equal units.
    """
    if fault.family in ("kill", "pause"):
        return _stop(fault, cluster, model, random, beyond_tolerance)
    return _disturb(fault, cluster, model, random, beyond_tolerance)


def _stop(fault: Fault, cluster: Cluster, model: FaultModel, random: Random, beyond: bool) -> Unit:
    chosen = _select(fault.on, _stoppable(fault.family, cluster, model, beyond), cluster, random)
    limits = None if beyond else model
    nodes, objection = _admit(fault.family, chosen, cluster, limits)
    downgraded = ""
    if objection and nodes:
        downgraded = f"only {' '.join(nodes)}: {objection}"
    elif objection and fault.family == "kill":
        nodes, _ = _admit("pause", chosen, cluster, limits)
        downgraded = f"kill became a pause: {objection}" if nodes else f"no kill: {objection}"
        fault = msgspec.structs.replace(fault, family="pause") if nodes else fault
    elif objection:
        downgraded = f"no {fault.family}: {objection}"
    return Unit(fault=fault, nodes=nodes, downgraded=downgraded)


def _disturb(fault: Fault, cluster: Cluster, model: FaultModel, random: Random, beyond: bool) -> Unit:
    servers, clients = tuple(sorted(cluster.groups)), tuple(sorted(cluster.clients))
    aimed_at_clients = cluster.trigger in clients and fault.on == "trigger"
    candidates = [cluster.trigger] if aimed_at_clients and cluster.trigger else sorted(cluster.up) or list(servers)
    chosen = _select(fault.on, candidates, cluster, random)
    nodes = Nodes(servers, clients, tuple(sorted(name for name in chosen if name in (*servers, *clients))))
    if fault.family == "partition":
        grudge = links(SHAPES[fault.shape].draw(nodes, random))
    else:
        grudge = _links_of(nodes)
    kept = {
        name for name, group in cluster.groups.items() if not beyond and not model.groups.get(group, Tolerance()).cut
    }
    allowed = tuple((src, dst) for src, dst in grudge if src not in kept and dst not in kept)
    spared = sorted({name for pair in set(grudge) - set(allowed) for name in pair if name in kept})
    downgraded = f"links of {' '.join(spared)} left alone: the fault model promises them" if spared else ""
    return Unit(fault=fault, grudge=allowed, downgraded=downgraded)


def _links_of(nodes: Nodes) -> tuple[tuple[str, str], ...]:
    """Every link (src, dst) that ends at a chosen node, except between two clients, which never talk."""
    everyone = sorted((*nodes.servers, *nodes.clients))
    return tuple(
        (src, dst)
        for src in everyone
        for dst in everyone
        if src != dst
        and (src in nodes.chosen or dst in nodes.chosen)
        and not (src in nodes.clients and dst in nodes.clients)
    )


def _stoppable(family: Family, cluster: Cluster, model: FaultModel, beyond: bool) -> list[str]:
    """The servers among which a kill or a pause chooses: those the model allows it for, or all if it allows none."""
    running = sorted(cluster.up - cluster.paused if family == "pause" else cluster.up)
    if beyond:
        return running

    def allows(name: str) -> bool:
        return limit(family, model.groups.get(cluster.groups[name], Tolerance())) > 0

    return [name for name in running if allows(name)] or running


def _select(on: str, candidates: Sequence[str], cluster: Cluster, random: Random) -> list[str]:
    """The chosen nodes, in random order, or in the given order if they are named."""
    half = len(candidates) // 2
    size = {"one": 1, "minority": max(1, (len(candidates) - 1) // 2), "majority": half + 1, "all": len(candidates)}
    if on in size:
        return random.sample(candidates, min(size[on], len(candidates)))
    if on == "primaries":
        primaries = [name for name in candidates if cluster.roles.get(name) in PRIMARY_ROLES]
        return random.sample(primaries, len(primaries)) or _select("one", candidates, cluster, random)
    if on == "trigger":
        fired = [name for name in candidates if name == cluster.trigger]
        return fired or _select("one", candidates, cluster, random)
    return [name.strip() for name in on.split(",")]


def _admit(
    family: Family, chosen: Iterable[str], cluster: Cluster, model: FaultModel | None
) -> tuple[tuple[str, ...], str]:
    """Those of the chosen nodes that may be hit, taken one after the other, and the first objection to another."""
    up, paused = cluster.up, cluster.paused
    admitted, objections = [], []
    for name in chosen:
        objection = _objection(family, name, cluster, up, paused, model)
        if objection:
            objections.append(objection)
            continue
        admitted.append(name)
        if family == "kill":
            up, paused = up - {name}, paused - {name}
        else:
            paused = paused | {name}
    return tuple(sorted(admitted)), objections[0] if objections else ""


def _objection(
    family: Family, name: str, cluster: Cluster, up: frozenset[str], paused: frozenset[str], model: FaultModel | None
) -> str:
    """Why the node may not be killed or paused now, "" if it may."""
    if name not in cluster.groups:
        return f"{name} is not a server"
    if name not in up:
        return f"{name} is down already"
    if family == "pause" and name in paused:
        return f"{name} is paused already"
    if model is None:
        return ""
    group = cluster.groups[name]
    members = {member for member, its in cluster.groups.items() if its == group}
    tolerance = model.groups.get(group, Tolerance())
    down, stopped = members - up, members & paused
    if family == "kill" and len(down) >= tolerance.kill:
        return f"of {group}, {tolerance.kill} may be down at once"
    if family == "pause" and len(stopped) >= tolerance.pause:
        return f"of {group}, {tolerance.pause} may be paused at once"
    most = max(tolerance.kill, tolerance.pause)
    if len(down | stopped | {name}) > most:
        return f"of {group}, {most} may be down or paused at once"
    if family == "kill" and cluster.spare is not None and not cluster.spare(up, name):
        return f"the memory of {name} cannot be spared now"
    return ""
