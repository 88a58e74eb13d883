"""What the driver of a run needs of a world, and the worlds by name."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from ...nemesis.fault import Effect
from ...reports.record import Finding
from ...systems.system import Deployment, System
from ..actions import Action, Report
from ..test import Test
from .external.world import ExternalWorld
from .local.world import LocalWorld
from .maelstrom.world import MaelstromWorld
from .simulated import Simulation

WORLDS = ("simulated", "local")


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


def world_of(test: Test, system: System, deployment: Deployment, logs: Path | None) -> AbstractContextManager[World]:
    """The world of a test. With `logs`, a directory, what happens is kept, and servers log there."""
    if system.database is not None:
        return ExternalWorld(test, deployment, system.database, system.fault_model, logs)
    if system.program:
        return MaelstromWorld(test, deployment, system.program, system.fault_model, logs)
    if test.world == "local":
        return LocalWorld(test, deployment, system.fault_model, logs)
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
