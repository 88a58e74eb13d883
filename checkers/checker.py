"""The contract of a checker."""

from dataclasses import dataclass
from typing import Final, Protocol

from ..histories.history import History
from .verdict import Verdict

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


class Checker(Protocol):
    """Judges a whole history. Knows nothing of the system that produced it."""

    @property
    def name(self) -> str: ...

    def check(self, history: History, budget: Budget) -> Verdict: ...
