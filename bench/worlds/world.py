"""What the driver of a run needs of a world, and the worlds by name."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from ...nemesis.fault import Effect
from ...systems.system import Deployment, System
from ..actions import Action, Report
from ..test import Test
from .local.network import NETWORKS as LOCAL_NETWORKS
from .local.world import LocalWorld
from .simulated import Simulation

WORLDS = ("simulated", "local", "remote")
NETWORKS = (*LOCAL_NETWORKS, "nftables")
"""The first is every world's own, the last the remote world's, the others the local world's."""


class World(Protocol):
    """Where nodes run. See `Simulation` and `LocalWorld` for what the methods do, and what they raise.

    `trace` and `event_log_hash` are empty where the world has no log of all events.
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
    def event_log_hash(self) -> str: ...


def world_of(test: Test, system: System, deployment: Deployment, logs: Path | None) -> AbstractContextManager[World]:
    """The world of a test. With `logs`, a directory, what happens is kept, and servers log there."""
    if test.world == "local":
        return LocalWorld(test, deployment, system.fault_model, logs)
    if test.remote is not None:
        from .remote.machines import Hosts  # paramiko is an extra

        remote = test.remote
        return LocalWorld(
            test,
            deployment,
            system.fault_model,
            logs,
            lambda servers, _: Hosts(remote, system, servers, test.network, logs),
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
