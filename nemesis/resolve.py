"""From a fault to its targets, at the moment it fires: selectors, partition shapes and the fault model."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from msgspec.structs import replace

from ..systems.system import FaultModel, Tolerance
from .admission import WEAKER, admit
from .cluster import PRIMARY_ROLES, Cluster
from .families import CLOCKS, PROCESSES, STOPS, limit, tolerates
from .fault import Family, Fault, Unit
from .partitions import SHAPES, Nodes
from .topology import links

BILLION = 1_000_000_000


def resolve(
    fault: Fault, cluster: Cluster, model: FaultModel, random: Random, *, beyond_tolerance: bool = False
) -> Unit:
    """The fault with the nodes or links that it hits, kept within the fault model.

    Selectors draw from the servers that are up: `one` of them, a `minority` (as many as are fewer than half, at least
    one), a `majority` (as few as are more than half), `all`; `primaries` are those in a role of PRIMARY_ROLES, and
    `trigger` is the node at which the trigger fired; `role:NAME` those in that role, `unit:N` those that another unit
    hit. All these mean `one` where nobody qualifies. `group` are all of one group, `others:N` whom a unit did not hit.

    A kill is beyond the model if more of the group would be down than it tolerates, if more would be down or paused,
    taken together, than the larger of its two limits, or if the node's memory cannot be spared; a pause likewise.
    Nodes beyond it are left out; if none is left, the fault becomes a weaker one of WEAKER that the model allows.
    Links of groups that may not be cut are left alone, and clocks go wrong by no more than the model says. Whatever
    was changed is said in `downgraded`. `beyond_tolerance` lifts all this; clients are never stopped.

    All randomness comes from `random`: equal arguments give equal units.
    """
    limits = None if beyond_tolerance else model
    if fault.family in STOPS:
        return _stop(fault, cluster, limits, random)
    if fault.family in CLOCKS:
        return _disturb_clocks(fault, cluster, limits, random)
    if fault.family in PROCESSES:
        return _hamper(fault, cluster, limits, random)
    if fault.family == "admin":
        return _administer(fault, cluster, model, random)
    return _disturb(fault, cluster, limits, random)


def _stop(fault: Fault, cluster: Cluster, model: FaultModel | None, random: Random) -> Unit:
    wanted = fault.family
    chosen = _select(fault.on, _stoppable(wanted, cluster, model), cluster, random)
    nodes, objection = admit(wanted, chosen, cluster, model)
    if nodes or not objection:
        downgraded = f"only {' '.join(nodes)}: {objection}" if objection else ""
        return Unit(fault=fault, nodes=nodes, chosen=nodes, downgraded=downgraded)
    for weaker in WEAKER[wanted][1:]:
        nodes, _ = admit(weaker, chosen, cluster, model)
        if nodes:
            downgraded = f"{wanted} became a {weaker}: {objection}"
            return Unit(fault=replace(fault, family=weaker), nodes=nodes, chosen=nodes, downgraded=downgraded)
    return Unit(fault=fault, downgraded=f"no {wanted}: {objection}")


def _disturb_clocks(fault: Fault, cluster: Cluster, model: FaultModel | None, random: Random) -> Unit:
    """Clocks of servers whose groups may have wrong ones, and that are right at present: up to half the bound or more,
    fast or slow, so that two of them differ by as much as they may."""
    drift = fault.family == "clock.drift"
    wrong = cluster.drifting if drift else cluster.jumped

    def bound(name: str) -> float:
        asked = fault.rate * BILLION if drift else fault.delay
        if model is None:
            return asked
        tolerance = model.groups.get(cluster.groups[name], Tolerance())
        return min(asked, tolerance.drift * BILLION if drift else tolerance.jump)

    right = [name for name in sorted(cluster.groups) if name not in wrong and bound(name) > 0]
    chosen = [name for name in _select(fault.on, right, cluster, random) if name in right] if right else []
    amounts = {name: random.choice((-1, 1)) * int(random.uniform(0.5, 1) * bound(name)) for name in sorted(chosen)}
    downgraded = "" if amounts else "no clock may go wrong that is not wrong already"
    return Unit(
        fault=fault,
        nodes=tuple(amounts),
        chosen=tuple(amounts),
        amounts=tuple(amounts.values()),
        downgraded=downgraded,
    )


def _hamper(fault: Fault, cluster: Cluster, model: FaultModel | None, random: Random) -> Unit:
    """Servers that are up, whose groups bear it, and that no other unit hampers in the same way."""
    already = cluster.hampered.get(fault.family, frozenset())

    def bears(name: str) -> bool:
        return model is None or tolerates(model.groups.get(cluster.groups[name], Tolerance()), fault.family, model)

    free = [name for name in sorted(cluster.up) if name not in already and bears(name)]
    nodes = tuple(sorted(name for name in _select(fault.on, free, cluster, random) if name in free)) if free else ()
    downgraded = "" if nodes else f"no {fault.family}: nobody is left to hit"
    return Unit(fault=fault, nodes=nodes, chosen=nodes, downgraded=downgraded)


def _administer(fault: Fault, cluster: Cluster, model: FaultModel, random: Random) -> Unit:
    operation = fault.type or random.choice(sorted(model.admin) or [""])
    if operation not in model.admin or cluster.administer is None:
        reason = "the one before is not done" if operation in model.admin else "the system offers none such"
        return Unit(fault=fault, operation=operation, downgraded=f"no {operation or 'operation'}: {reason}")
    given = cluster.administer(operation, random)
    downgraded = f"no {operation}: there is nothing to do now" if given is None else ""
    return Unit(fault=fault, operation=operation, input=given, downgraded=downgraded)


def _disturb(fault: Fault, cluster: Cluster, model: FaultModel | None, random: Random) -> Unit:
    servers, clients = tuple(sorted(cluster.groups)), tuple(sorted(cluster.clients))
    aimed_at_clients = cluster.trigger in clients and fault.on == "trigger"
    candidates = [cluster.trigger] if aimed_at_clients and cluster.trigger else sorted(cluster.up) or list(servers)
    chosen = _select(fault.on, candidates, cluster, random)
    nodes = Nodes(servers, clients, tuple(sorted(name for name in chosen if name in (*servers, *clients))))
    if fault.family == "partition":
        grudge = links(SHAPES[fault.shape].draw(nodes, random))
    else:
        grudge = _links_of(nodes, fault.shape)
    kept = {
        name
        for name, group in cluster.groups.items()
        if model is not None and not model.groups.get(group, Tolerance()).cut
    }
    allowed = tuple((src, dst) for src, dst in grudge if src not in kept and dst not in kept)
    spared = sorted({name for pair in set(grudge) - set(allowed) for name in pair if name in kept})
    downgraded = f"links of {' '.join(spared)} left alone: the fault model promises them" if spared else ""
    if model is not None and model.reliable and fault.family in ("messages.loss", "messages.duplicate"):
        allowed, downgraded = (), f"no {fault.family}: links are reliable"
    return Unit(fault=fault, grudge=allowed, chosen=nodes.chosen, downgraded=downgraded)


MESSAGES: Mapping[str, Callable[[bool, bool], bool]] = {
    "": lambda src, dst: not (src and dst),
    "requests": lambda src, dst: src and not dst,
    "replies": lambda src, dst: dst and not src,
    "servers": lambda src, dst: not src and not dst,
}
"""Which messages a message fault is about, by whether sender and receiver are clients, which never talk."""


def _links_of(nodes: Nodes, which: str) -> tuple[tuple[str, str], ...]:
    """Every link (src, dst) that ends at a chosen node and carries such messages."""
    everyone = sorted((*nodes.servers, *nodes.clients))
    wanted = MESSAGES[which]
    return tuple(
        (src, dst)
        for src in everyone
        for dst in everyone
        if src != dst
        and (src in nodes.chosen or dst in nodes.chosen)
        and wanted(src in nodes.clients, dst in nodes.clients)
    )


def _stoppable(family: Family, cluster: Cluster, model: FaultModel | None) -> list[str]:
    """The servers among which a kill or a pause chooses: those the model allows it for, or all if it allows none."""
    running = sorted(cluster.up - cluster.paused if family == "pause" else cluster.up)
    if model is None:
        return running
    groups = model.groups
    return [name for name in running if limit(family, groups.get(cluster.groups[name], Tolerance()))] or running


def _select(on: str, candidates: Sequence[str], cluster: Cluster, random: Random) -> list[str]:
    """The chosen nodes, in random order, or in the given order if they are named."""
    half = len(candidates) // 2
    size = {"one": 1, "minority": max(1, (len(candidates) - 1) // 2), "majority": half + 1, "all": len(candidates)}
    if on in size:
        return random.sample(candidates, min(size[on], len(candidates)))
    if on == "trigger":
        return [each for each in candidates if each == cluster.trigger] or _select("one", candidates, cluster, random)
    kind, _, name = on.partition(":")
    if on == "primaries":
        found = [each for each in candidates if cluster.roles.get(each) in PRIMARY_ROLES]
    elif kind == "role":
        found = [each for each in candidates if cluster.roles.get(each) == name]
    elif kind in ("unit", "others"):
        hit = cluster.hit.get(int(name), ())
        found = [each for each in candidates if (each in hit) == (kind == "unit")]
    elif on == "group":
        one = random.choice(sorted({cluster.groups[each] for each in candidates if each in cluster.groups}) or [""])
        found = [each for each in candidates if cluster.groups.get(each) == one]
    else:
        return [each.strip() for each in on.split(",")]
    return random.sample(found, len(found)) or _select("one", candidates, cluster, random)
