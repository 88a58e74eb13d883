"""The answer of a check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much work a check was: the same for the same input, unless a timeout ended it.

    `steps` counts the calls of the model's step, over all partitions. `configurations` is the largest number of
    configurations (what is linearized, and the state) remembered at once. `partition` is the partition that decided
    the result (the first illegal one, else the first undecided one; None when all are legal), `deepest` the most
    operations of it that were linearized; when all are legal, of any partition.
    """

    steps: int = 0
    configurations: int = 0
    deepest: int = 0
    partition: int | None = None


@dataclass(frozen=True)
class CheckResult:
    """`CheckResult.OK`, `CheckResult.ILLEGAL` or `CheckResult.UNKNOWN`.

    Compare with `==`, which looks at the name only: an UNKNOWN returned by a check also carries a one-line `reason` and
    `statistics`, so it equals CheckResult.UNKNOWN without being that object. OK is true, ILLEGAL is false; UNKNOWN is
    neither: testing its truth raises TypeError, so that no assertion passes on it.
    """

    name: str
    reason: str | None = field(default=None, compare=False)
    statistics: Statistics | None = field(default=None, compare=False)

    OK: ClassVar[CheckResult]
    ILLEGAL: ClassVar[CheckResult]
    UNKNOWN: ClassVar[CheckResult]

    def __bool__(self) -> bool:
        if self == CheckResult.UNKNOWN:
            why = f" ({self.reason})" if self.reason else ""
            raise TypeError(f"the result is Unknown{why}, neither true nor false: compare it with CheckResult.OK")
        return self == CheckResult.OK

    def __str__(self) -> str:
        return self.name


CheckResult.OK = CheckResult("Ok")
CheckResult.ILLEGAL = CheckResult("Illegal")
CheckResult.UNKNOWN = CheckResult("Unknown")
