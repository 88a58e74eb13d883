"""What a system under test declares about itself: its nodes, its fault model, its monitors and its planted bugs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .node import ClientNode, Node


@dataclass(frozen=True)
class Tolerance:
    """What may happen to the nodes of one group without the system breaking a promise.

    `kill`: how many of the group may be down at once (memory and unsynced writes lost). `pause`: how many may be
    stopped at once. `cut`: whether their links may be cut, and their messages lost, delayed, duplicated, reordered.
    """

    kill: int = 0
    pause: int = 0
    cut: bool = True


@dataclass(frozen=True)
class FaultModel:
    """Which faults a system promises to survive, as data: the default swarm draws only from it.

    `groups` maps each group of nodes to what it tolerates; clients are never killed or paused, only their links.
    `spare` says whether the system can do without the memory of a node just now (given all server nodes that are up):
    a kill that it forbids is downgraded. `liveness` is the time after heal within which newly invoked operations are
    answered (nanoseconds), None if that is not promised. `fifo` says that links keep the
    order of messages. `note` says in one sentence what lies outside.
    """

    groups: Mapping[str, Tolerance]
    liveness: int | None
    note: str
    spare: Callable[[Mapping[str, Node], str], bool] | None = None
    fifo: bool = False


@dataclass(frozen=True)
class Deployment:
    """The nodes of one run: constructors by node name, and the group of each server.

    Constructors are called again at every restart, so they hold configuration only. Names of clients are the world's:
    c0, c1, …
    """

    servers: Mapping[str, Callable[[], Node]]
    groups: Mapping[str, str]
    client: Callable[[], ClientNode]


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
    """A bundled system.

    `deploy(servers, bug)` gives the nodes of a run: `servers` is the number of replicas, `bug` the name of a planted
    bug or None. `workloads` are the names of the workloads it can serve, the default first.
    """

    name: str
    summary: str
    deploy: Callable[[int, str | None], Deployment]
    fault_model: FaultModel
    workloads: tuple[str, ...]
    servers: int = 3
    monitors: tuple[Monitor, ...] = ()
    bugs: Mapping[str, Bug] = field(default_factory=dict)
