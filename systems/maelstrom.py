"""Programs that speak Maelstrom's protocol (JSON lines on standard input and output), as systems under test."""

from dataclasses import replace

from .node import ClientNode, Node
from .system import Deployment, FaultModel, System, Tolerance

SECOND = 1_000_000_000
SYSTEMS = ("maelstrom", "maelstrom_restarts")


def names_of(servers: int) -> tuple[str, ...]:
    """n0, n1, …, as Maelstrom calls them."""
    return tuple(f"n{number}" for number in range(servers))


def speaks(system: str) -> bool:
    """Whether the servers of the system of that name are such programs."""
    return system in SYSTEMS


def deploy(servers: int, bug: str | None) -> Deployment:
    """Servers into which the bench cannot look."""
    names = names_of(servers)
    return Deployment(servers=dict.fromkeys(names, Node), groups=dict.fromkeys(names, "server"), client=ClientNode)


system = System(
    name="maelstrom",
    summary="a program of yours that speaks Maelstrom's protocol (--bin)",
    deploy=deploy,
    fault_model=FaultModel(
        groups={"server": Tolerance(cut=True)},
        liveness=None,
        note="links between nodes and to clients fail, those to services do not; nodes are not stopped, unless the "
        "system is called maelstrom_restarts",
    ),
    workloads=(
        "echo",
        "unique_ids",
        "broadcast",
        "g_set",
        "g_counter",
        "pn_counter",
        "lin_kv",
        "maelstrom_kafka",
    ),
    program="node",
    options={"latency": ("5ms", "0ms", "100ms"), "topology": ("grid", "line", "tree", "total")},
    defaults={"time": 10 * SECOND, "operations": 1_000_000, "rate": 100},
)

restarting = replace(
    system,
    name="maelstrom_restarts",
    summary="as maelstrom, a program that survives being killed and paused: what it needs is in files beside it",
    fault_model=replace(
        system.fault_model,
        groups={"server": Tolerance(kill=100, pause=100, cut=True)},
        note="any number of nodes may be killed or paused; what they wrote to their working directory stays",
    ),
)
