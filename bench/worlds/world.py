"""What the driver of a run needs of a world, and the worlds by name."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from ...errors import UsageError
from ...nemesis.families import DISKS, FAMILIES, PACKETS, PROCESSES
from ...nemesis.fault import Effect
from ...reports.record import Finding
from ...systems.system import Deployment, System
from ..actions import Action, Report
from ..test import Test
from .external.world import ExternalWorld
from .local.network import CAPTURING, NETWORKS, carried
from .local.world import LocalWorld
from .maelstrom.world import MaelstromWorld
from .simulated import Simulation

WORLDS = ("simulated", "local", "remote")
OF_HOSTS = ("loopback", "nftables")
"""The networks of the remote world: the hosts' own, and that with rules for partitions on every host."""


def refuse(test: Test, families: Iterable[str], capture: bool, foreign: bool = False) -> None:
    """Raise UsageError if the test's world and network cannot carry out these families, or capture packets.

    `families` may name patterns as well: these are made of what every world can do. `foreign` says that servers are
    programs of a database.
    """
    remote = test.world == "remote"
    if remote != (test.remote is not None):
        raise UsageError("hosts (--host, --hosts) and --world remote need each other")
    if test.network != "loopback" and test.world != "local" and not (remote and test.network in OF_HOSTS):
        raise UsageError(f"--network {test.network} is for --world local: the {test.world} world has its own")
    if test.network not in NETWORKS:
        raise UsageError(f"no network named {test.network!r}: there are {', '.join(NETWORKS)}")
    where = f"--network {test.network}" if test.world == "local" else f"the {test.world} world"
    wire = carried(test.network) if test.world == "local" else frozenset()
    beyond = [family for family in FAMILIES if family in families and family in PACKETS and family not in wire]
    if beyond:
        able = " or ".join(name for name in NETWORKS if carried(name).issuperset(beyond))
        raise UsageError(f"faults: {where} cannot do {', '.join(beyond)}: use --world local --network {able}")
    processes = [family for family in PROCESSES if family in families]
    if processes and test.world != "local":
        raise UsageError(f"faults: {where} has no processes here: use --world local for {', '.join(processes)}")
    disks = [family for family in DISKS if family in families]
    if disks and not foreign:
        raise UsageError(f"faults: {', '.join(disks)} is for databases: use families of disk.* here")
    if capture and not (test.world == "local" and test.network in CAPTURING):
        raise UsageError(f"--pcap: {where} has no packets: use --world local --network {' or '.join(CAPTURING)}")


class World(Protocol):
    """Where nodes run. See `Simulation` and `LocalWorld` for what the methods do, and what they raise.

    `trace` and `event_log_hash` are empty where the world has no log of all events. `facts` are figures of the run in
    display order, `warnings` say what happened that nobody asked for, `findings` what is wrong in the end, when nothing
    is asked any more.
    """

    @property
    def now(self) -> int: ...
    def perform(self, action: Action) -> None: ...
    def advance(self, until: int | None) -> list[Report]: ...
    @property
    def effects(self) -> tuple[Effect, ...]: ...
    @property
    def trace(self) -> Iterable[dict[str, Any]]: ...
    @property
    def logs(self) -> Mapping[str, list[str]]: ...
    @property
    def facts(self) -> Sequence[tuple[str, str]]: ...
    @property
    def warnings(self) -> Sequence[str]: ...
    def event_log_hash(self) -> str: ...
    def findings(self) -> Sequence[Finding]: ...


def world_of(
    test: Test, system: System, deployment: Deployment, logs: Path | None, capture: Path | None = None
) -> AbstractContextManager[World]:
    """The world of a test. With `logs`, a directory, what happens is kept, and servers log there. `capture` is the
    file that packets are written to."""
    if system.database is not None:
        return ExternalWorld(test, deployment, system, logs, capture)
    if system.program:
        return MaelstromWorld(test, deployment, system.program, system.fault_model, logs)
    if test.world == "local":
        return LocalWorld(test, deployment, system.fault_model, logs, capture)
    if test.remote is not None:
        from .remote.machines import Hosts  # paramiko is an extra

        remote = test.remote
        return LocalWorld(
            test,
            deployment,
            system.fault_model,
            logs,
            machines=lambda servers, _: Hosts(remote, system, servers, test.network, logs),
        )
    return nullcontext(
        Simulation(
            deployment,
            test.clients,
            test.seed,
            model=system.fault_model,
            monitors=system.monitors,
            trace=logs is not None,
            beyond_tolerance=test.beyond_tolerance,
        )
    )
