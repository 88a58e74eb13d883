"""What the nemesis sees of the nodes when a fault fires."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from ..histories.operation import Value

PRIMARY_ROLES = frozenset({"primary", "leader"})
"""The roles that the selector `primaries` looks for."""


@dataclass(frozen=True)
class Cluster:
    """The nodes at the moment at which a fault fires.

    `groups` is the group of every server, up or not; `clients` all client nodes. `up` are the servers that are not
    killed, `paused` those of them that are stopped, `roles` what the servers that are up believe to be. `trigger` is
    the node at which the fault's trigger fired, None for a fault with a time. `spare(up, node)` says whether the
    system can do without the memory of `node` when the servers `up` are up (`node` among them), `spare_disk` the same
    of its disk.

    `crashed` are the servers that have stopped for good, `lost` those that lost a disk in this run, `drifting` and
    `jumped` those whose clocks are wrong at present, `hampered` those that are slow or limited, by family. `hit` are
    the nodes that each unit was aimed at. `administer` draws the input of an administrative operation, None if there is
    nothing to do; it is None itself while the node that carries them out is busy, and where there is none.
    """

    groups: Mapping[str, str]
    clients: tuple[str, ...]
    up: frozenset[str]
    paused: frozenset[str] = frozenset()
    roles: Mapping[str, str] = field(default_factory=dict)
    trigger: str | None = None
    spare: Callable[[frozenset[str], str], bool] | None = None
    spare_disk: Callable[[frozenset[str], str], bool] | None = None
    crashed: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    drifting: frozenset[str] = frozenset()
    jumped: frozenset[str] = frozenset()
    hit: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    hampered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    administer: Callable[[str, Random], Value] | None = None
