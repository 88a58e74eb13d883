"""Wrong clocks and failing disks for programs that are not ours, by libraries of our own that they load first.

`objection` says why a program cannot be treated in this way at all, `ClockShim` and `DiskShim` give the environment
variables to start it with, and switch what goes wrong while it runs. `Snapshot` is a power failure for any program.
"""

from .clock import ClockShim as ClockShim
from .disk import DiskShim as DiskShim
from .preload import objection as objection
from .preload import together as together
from .snapshot import Snapshot as Snapshot
