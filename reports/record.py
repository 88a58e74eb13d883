"""Everything that a report shows of one run, apart from its history."""

from typing import Literal

import msgspec

from ..nemesis.fault import Effect

Grade = Literal["valid", "invalid", "unknown", "vacuous", "inert", "interrupted"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """An invariant that a monitor saw broken, at a node, at a time (nanoseconds)."""

    monitor: str
    sentence: str
    node: str
    time: int


class Liveness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether operations invoked after heal were answered in time.

    `promised` is False where nobody said they would be, and where the run ended before they could.
    """

    promised: bool
    met: bool
    sentence: str


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run, judged.

    `facts` are the test's parameters in display order (system, bug, workload, faults, seed, clients, …). `command` is
    the one command that shows the run again, `again` says what that command promises ("replays it exactly" or "runs
    the same test again"). Times are nanoseconds of the world's clock, of which `started_at` is shown as 0. `event_log`
    is the rolling hash, "" where the world has none. `clients` is the number of client threads: process p belongs to
    thread p % clients; 0 where that is not known. `beyond` says what a history that is not linearizable still is.
    """

    grade: Grade
    sentence: str
    facts: tuple[tuple[str, str], ...]
    command: str
    again: str
    healed_at: int | None
    ended_at: int
    effects: tuple[Effect, ...]
    findings: tuple[Finding, ...]
    liveness: Liveness
    event_log: str
    warnings: tuple[str, ...] = ()
    started_at: int = 0
    clients: int = 0
    beyond: tuple[str, ...] = ()
