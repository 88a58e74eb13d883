"""The contract of a checker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from ..histories.event import Event
from ..histories.history import History
from ..histories.operation import Value
from .verdict import Verdict, Violation

SECONDS: Final = 60.0
CONFIGURATIONS: Final = 20_000_000
BYTES: Final = 2 * 1024**3
"""What a check may use if nothing else is said."""


@dataclass(frozen=True)
class Budget:
    """What a check may use before it answers `unknown`; None for no limit.

    `seconds` is wall-clock time for the whole history, `configurations` the number of search states that may be held
    at once for one key, `bytes` the memory that native searches may hold at once.
    """

    seconds: float | None = SECONDS
    configurations: int | None = CONFIGURATIONS
    bytes: int | None = BYTES


class Stream(Protocol):
    """Looks at a history while it happens.

    `given_up` names what it cannot follow any more: only the check of the whole history will tell.
    """

    @property
    def given_up(self) -> Sequence[Value]: ...

    def feed(self, event: Event) -> Violation | None:
        """Take the next event. A violation if it is the first to show that something is wrong."""


class Checker(Protocol):
    """Judges a whole history. Knows nothing of the system that produced it."""

    @property
    def name(self) -> str: ...

    def check(self, history: History, budget: Budget) -> Verdict: ...


@runtime_checkable
class StreamedChecker(Checker, Protocol):
    """A checker that can also look at a history while it happens."""

    def stream(self) -> Stream: ...
