"""What a workload is."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from ...checkers.checker import Checker
from ..generators import Generator, Request
from ..test import MILLISECOND, SECOND, Test


@dataclass(frozen=True)
class Calls:
    """What the clients of one run ask.

    `faults` are the requests of the fault phase, without limit or pace: the runner sees to both. `probes` make one
    request of each f; after heal every client must get each of them answered. `final` are the last requests of the
    run, tried once each, from `settle` nanoseconds after all clients were served again.
    """

    faults: Generator
    probes: tuple[Callable[[], Request], ...]
    final: tuple[Request, ...] = ()
    settle: int = 0


@dataclass(frozen=True)
class Workload:
    """What clients ask of a system, and who judges the answers.

    `calls(test, random)` is called once for each run. `interval` is the mean time between two invocations of the
    fault phase (nanoseconds).
    """

    name: str
    summary: str
    calls: Callable[[Test, random.Random], Calls]
    checkers: tuple[Checker, ...]
    interval: int = 30 * MILLISECOND

    def pace(self, test: Test) -> int:
        """The mean time between two invocations of the fault phase of a test (nanoseconds)."""
        return self.interval if test.rate is None else max(1, SECOND // test.rate)


def key_names(test: Test) -> tuple[str, ...]:
    """The keys of a test: x, y, z, then k3, k4, …"""
    return tuple("xyz"[index] if index < 3 else f"k{index}" for index in range(test.keys))
