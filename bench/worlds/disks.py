"""What a kill leaves of a disk."""

from collections.abc import Callable

from ...nemesis.fault import Family
from ...systems.storage import Disk


def after_kill(disk: Disk, family: Family, draw: Callable[..., float]) -> Disk:
    """The disk that a node finds when it is started again: of its unsynced writes none, or all up to some point.

    Families of disk faults take the disk, or keep any of the unsynced writes, the last one perhaps in part. `draw`
    gives a number from [0, 1) for the numbers that it is given.
    """
    if family == "disk.loss":
        return Disk()
    unsynced = disk.unsynced
    if family in ("disk.reorder", "disk.torn"):
        kept = [draw(2, number) < 0.5 for number in range(unsynced)]
        disk.crash_keeping(kept, draw(3) if family == "disk.torn" else None)
    else:
        keep = int(draw(1) * unsynced) + 1 if draw(0) < 0.5 else 0
        disk.crash(min(keep, unsynced))
    return disk
