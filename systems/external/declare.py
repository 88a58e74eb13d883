"""What all databases have in common as systems under test."""

from collections.abc import Mapping
from types import MappingProxyType

from ..database import Database
from ..node import ClientNode, Node
from ..system import Deployment, FaultModel, System, Tolerance

SECOND = 1_000_000_000
DEFAULTS: Mapping[str, int] = MappingProxyType(
    {"time": 30 * SECOND, "operations": 1_000_000, "rate": 300, "timeout": 2 * SECOND, "clients": 6, "keys": 5}
)
"""Of a test: faults must last as long as a database takes to notice them, with enough asked meanwhile."""


def external(
    name: str,
    summary: str,
    database: Database,
    *,
    note: str,
    workloads: tuple[str, ...],
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    tolerance: Tolerance = Tolerance(kill=1, pause=1, cut=True),
    liveness: int | None = 30 * SECOND,
    tempo: float = 4.0,
    servers: int = 3,
    defaults: Mapping[str, int] = MappingProxyType({}),
) -> System:
    """A database as a system: servers n1, n2, … that are all alike. See `System` and `FaultModel` for the arguments."""
    return System(
        name=name,
        summary=summary,
        deploy=deploy,
        fault_model=FaultModel(
            groups={"server": tolerance}, liveness=liveness, note=note, leaders=True, foreign=True, tempo=tempo
        ),
        workloads=workloads,
        servers=servers,
        database=database,
        options=options,
        defaults={**DEFAULTS, **defaults},
    )


def deploy(servers: int, bug: str | None) -> Deployment:
    """Servers n1, n2, …, into which the bench cannot look."""
    names = [f"n{number}" for number in range(1, servers + 1)]
    return Deployment(servers=dict.fromkeys(names, Node), groups=dict.fromkeys(names, "server"), client=ClientNode)
