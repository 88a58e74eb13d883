"""What a system under test declares about itself: its nodes, its fault model, its monitors and its planted bugs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol, TypeAlias

from ..histories.operation import Value
from .database import Database
from .node import ClientNode, Node

Draw: TypeAlias = Callable[[Mapping[str, Node], Random], Value]
"""Draws the input of an administrative operation, given the servers that are up; None: there is nothing to do now."""


@dataclass(frozen=True)
class Tolerance:
    """What may happen to the nodes of one group without the system breaking a promise.

    `kill`: how many of the group may be down at once (memory and unsynced writes lost). `pause`: how many may be
    stopped at once. `cut`: whether their links may be cut, and their messages lost, delayed, duplicated, reordered.

    `crash`: how many may stop for good, so that even after heal they are missing; a server whose disk was lost in the
    run counts as one of them. `lose`: how many disks may be lost in a run, or as many at once as
    `FaultModel.spare_disk` says. `reorder`: whether a kill may keep any part of the
    unsynced writes instead of a prefix; `torn`: whether the last write it keeps may be cut short. All these count as
    killed too: no more than `kill` are down at once.

    `drift`: how much faster or slower than time a clock may run (0.01: one percent). `jump`: how far a clock may step
    and be wrong for a while, in nanoseconds.
    """

    kill: int = 0
    pause: int = 0
    cut: bool = True
    crash: int = 0
    lose: int = 0
    reorder: bool = False
    torn: bool = False
    drift: float = 0.0
    jump: int = 0


@dataclass(frozen=True)
class FaultModel:
    """Which faults a system promises to survive, as data: the default swarm draws only from it.

    `groups` maps each group of nodes to what it tolerates; clients are never killed or paused, only their links.
    `spare` says whether the system can do without the memory of a node just now (given all server nodes that are up):
    a kill that it forbids is downgraded. `spare_disk` says the same of its disk. `liveness` is the time after heal
    within which newly invoked operations are answered (nanoseconds), None if that is not promised. `note` says in one
    sentence what lies outside.

    `fifo` says that links keep the order of messages. `reliable` says that they lose and repeat none between nodes
    that are up: a cut link then keeps its messages until it is mended. `leaders` says that servers lead (`role` says
    "leader" or "primary"), so that the default faults pursue whoever does.

    `admin` are the administrative operations (adding a server, moving a shard) that may happen at any time, by name,
    with what draws their input. The nemesis hands them to the deployment's `admin` node as it hands operations to
    clients, one at a time; they are not part of the history, and their answers are recorded as the effect of a fault.

    `foreign` says that the servers are programs that the bench cannot look into: their messages cannot be disturbed
    one by one, and what happens in them is no moment for a trigger. `tempo` is how many times longer faults last than
    those of bundled systems, for systems that take as much longer to notice them.
    """

    groups: Mapping[str, Tolerance]
    liveness: int | None
    note: str
    spare: Callable[[Mapping[str, Node], str], bool] | None = None
    fifo: bool = False
    spare_disk: Callable[[Mapping[str, Node], str], bool] | None = None
    reliable: bool = False
    leaders: bool = False
    admin: Mapping[str, Draw] = field(default_factory=dict)
    foreign: bool = False
    tempo: float = 1.0


@dataclass(frozen=True)
class Deployment:
    """The nodes of one run: constructors by node name, and the group of each server.

    Constructors are called again at every restart, so they hold configuration only. Names of clients are the world's:
    c0, c1, …, and `admin` for the one that carries out the administrative operations of the fault model, if any.
    """

    servers: Mapping[str, Callable[[], Node]]
    groups: Mapping[str, str]
    client: Callable[[], ClientNode]
    admin: Callable[[], ClientNode] | None = None


@dataclass(frozen=True)
class Broken:
    """A monitor's finding: an invariant does not hold."""

    sentence: str


class Monitor(Protocol):
    """An invariant, as a pure fold over the run: called after the handlers of server nodes.

    `event` is the message that was handled, or the name of the timer, or "start". `node` must not be changed. `events`
    are the classes of events it is called for, `str` for timers and starts.
    """

    @property
    def name(self) -> str: ...
    @property
    def initial(self) -> object: ...
    @property
    def events(self) -> frozenset[type]: ...
    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken: ...


@dataclass(frozen=True)
class Bug:
    """A planted bug: what it breaks, in one sentence, and the public finding or lab mistake it is modelled on."""

    name: str
    breaks: str


@dataclass(frozen=True)
class System:
    """A system under test.

    `deploy(servers, bug)` gives the nodes of a run: `servers` is the number of replicas, `bug` the name of a planted
    bug or None. `workloads` are the names of the workloads it can serve, the default first.

    `database` is what runs in place of the nodes where these are programs that people run. `program` names the one
    program that runs as every server, given by the user, where servers speak Maelstrom's protocol. `options` are the
    settings that a user may choose, with the values that they can have, the default first. `defaults` are defaults of a
    test (time, rate, timeout, operations, clients, keys) that suit it better than the bench's.
    """

    name: str
    summary: str
    deploy: Callable[[int, str | None], Deployment]
    fault_model: FaultModel
    workloads: tuple[str, ...]
    servers: int = 3
    monitors: tuple[Monitor, ...] = ()
    bugs: Mapping[str, Bug] = field(default_factory=dict)
    database: Database | None = None
    program: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, int] = field(default_factory=dict)
