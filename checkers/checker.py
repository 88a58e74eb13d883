"""The contract of a checker."""

from dataclasses import dataclass
from typing import Protocol

from ..histories.history import History
from .verdict import Verdict


@dataclass(frozen=True)
class Budget:
    """What a check may use before it answers `unknown`.

    `seconds` is wall-clock time for the whole history, `configurations` the number of search states that may be held
    at once for one key.
    """

    seconds: float | None = 60.0
    configurations: int | None = 20_000_000


class Checker(Protocol):
    """Judges a whole history. Knows nothing of the system that produced it."""

    @property
    def name(self) -> str: ...

    def check(self, history: History, budget: Budget) -> Verdict: ...
