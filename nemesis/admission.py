"""Which servers may be stopped now: the limits of the fault model, one node after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..systems.system import FaultModel, Tolerance
from .cluster import Cluster
from .families import KILLS, limit
from .fault import Family

WEAKER: Mapping[Family, Sequence[Family]] = {
    "crash": ("crash", "kill", "pause"),
    "disk.loss": ("disk.loss", "kill", "pause"),
    "disk.torn": ("disk.torn", "disk.reorder", "kill", "pause"),
    "disk.reorder": ("disk.reorder", "kill", "pause"),
    "kill": ("kill", "pause"),
    "pause": ("pause",),
}
"""What a family becomes where the fault model does not allow it: the first of these that it does allow."""


def admit(
    family: Family, chosen: Iterable[str], cluster: Cluster, model: FaultModel | None
) -> tuple[tuple[str, ...], str]:
    """Those of the chosen nodes that may be hit, taken one after the other, and the first objection to another.

    Without a model every server may be that is not stopped yet.
    """
    admitted, objections = [], []
    for name in chosen:
        objection = objection_to(family, name, cluster, model)
        if objection:
            objections.append(objection)
        else:
            admitted.append(name)
            cluster = after(family, name, cluster)
    return tuple(sorted(admitted)), objections[0] if objections else ""


def objection_to(family: Family, name: str, cluster: Cluster, model: FaultModel | None) -> str:
    """Why the node may not be stopped in this way now, "" if it may."""
    if name not in cluster.groups:
        return f"{name} is not a server"
    if name not in cluster.up:
        return f"{name} is down already"
    if family == "pause" and name in cluster.paused:
        return f"{name} is paused already"
    if model is None:
        return ""
    objection = _too_many(family, name, cluster, model)
    if objection or family == "pause":
        return objection
    if cluster.spare is not None and not cluster.spare(cluster.up, name):
        return f"the memory of {name} cannot be spared now"
    if family == "disk.loss" and cluster.spare_disk is not None and not cluster.spare_disk(cluster.up, name):
        return f"the disk of {name} cannot be spared now"
    return ""


def after(family: Family, name: str, cluster: Cluster) -> Cluster:
    """The cluster with one more node stopped."""
    if family == "pause":
        return replace(cluster, paused=cluster.paused | {name})
    return replace(
        cluster,
        up=cluster.up - {name},
        paused=cluster.paused - {name},
        crashed=cluster.crashed | {name} if family == "crash" else cluster.crashed,
        lost=cluster.lost | {name} if family == "disk.loss" else cluster.lost,
    )


def _too_many(family: Family, name: str, cluster: Cluster, model: FaultModel) -> str:
    """Which limit of its group the node would exceed, "" if none."""
    group = cluster.groups[name]
    members = {member for member, its in cluster.groups.items() if its == group}
    tolerance = model.groups.get(group, Tolerance())
    down, stopped = members - cluster.up, members & cluster.paused
    if family in KILLS and len(down) >= tolerance.kill:
        return f"of {group}, {tolerance.kill} may be down at once"
    if family == "pause" and len(stopped) >= tolerance.pause:
        return f"of {group}, {tolerance.pause} may be paused at once"
    most = max(tolerance.kill, tolerance.pause)
    if len(down | stopped | {name}) > most:
        return f"of {group}, {most} may be down or paused at once"
    # Who has lost its disk may have to wait for everybody else before it counts again.
    if family == "crash" and len(members & (cluster.crashed | cluster.lost) - {name}) >= tolerance.crash:
        return f"of {group}, {tolerance.crash} may stop for good or be without the disk it began with"
    if family == "disk.loss":
        # A system that can tell which disk it can spare knows whose state is restored; any other is asked once.
        lost = members & cluster.lost if cluster.spare_disk is None else down & cluster.lost
        if len(lost) >= tolerance.lose:
            return f"of {group}, {tolerance.lose} may be without its disk"
    if family in ("disk.reorder", "disk.torn") and not limit(family, tolerance):
        return f"writes of {group} are kept in order and whole"
    return ""
