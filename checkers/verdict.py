"""What a checker says of a history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec.structs import replace

from ..histories.operation import Operation, Value


class Validity(StrEnum):
    """`unknown` never counts as a pass."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """Operations of one key that cannot be linearized, reached from the whole history by sound relaxations only.

    `optional` holds the indexes of those operations that are kept as "may have happened at any time after the call, or
    never". With `cut`, only what happened before that position in the order of events is looked at: operations
    invoked later are left out, those still open there are optional. `relaxed` holds operations that take the place of
    those with their index and say less: one that only leaves the state that the recorded one left, whatever it found,
    or, with `elements`, one that tells only of these elements. `context` holds the indexes of operations that only
    explain, and constrain nothing (a refused write that became visible).

    `anomaly` is the name of the pattern ("stale read", "value nobody wrote", …), `culprit` the index of the operation
    at which a reader should look first, `states` what the state can have been just before it returned, in words, given
    these operations: empty if that was not worked out.
    """

    key: Value
    operations: tuple[Operation, ...]
    anomaly: str
    culprit: int
    optional: frozenset[int] = frozenset()
    context: frozenset[int] = frozenset()
    cut: int | None = None
    relaxed: tuple[Operation, ...] = ()
    elements: tuple[Value, ...] | None = None
    states: tuple[str, ...] = ()

    @property
    def constraints(self) -> tuple[Operation, ...]:
        """What has to be linearized: nothing of the context, relaxed and optional operations as they are taken."""
        instead = {operation.index: operation for operation in self.relaxed}
        taken = (instead.get(each.index, each) for each in self.operations if each.index not in self.context)
        return tuple(weakened(each) if each.index in self.optional else each for each in taken)


def weakened(operation: Operation) -> Operation:
    """The operation as if nobody had seen its outcome: it may take effect at any time after its call, or never."""
    return replace(operation, outcome="info", output=None, return_=None, completed=None)


@dataclass(frozen=True)
class Violation:
    """What was seen while a run went on: `what` is wrong since an operation completed, at a time (nanoseconds)."""

    what: str
    operation: int
    time: int

    def __str__(self) -> str:
        return f"{self.what} since the completion of operation {self.operation} at {self.time / 1e9:.3f} s"


@dataclass(frozen=True)
class Verdict:
    """The judgement of one checker on one history.

    `reason` is one sentence for people. `details` is JSON-like data for `results.json`.
    """

    checker: str
    validity: Validity
    reason: str
    evidence: tuple[Evidence, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
