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
    invoked later are left out, those still open there are optional. `context` holds the indexes of operations that
    only explain, and constrain nothing (a refused write that became visible).
    `anomaly` is the name of the pattern ("stale read", "value nobody wrote", …), `culprit` the index of the operation
    at which a reader should look first.
    """

    key: Value
    operations: tuple[Operation, ...]
    anomaly: str
    culprit: int
    optional: frozenset[int] = frozenset()
    context: frozenset[int] = frozenset()
    cut: int | None = None

    @property
    def constraints(self) -> tuple[Operation, ...]:
        """The operations that have to be linearized: none of the context, and the optional ones of unknown outcome."""
        return tuple(
            weakened(operation) if operation.index in self.optional else operation
            for operation in self.operations
            if operation.index not in self.context
        )


def weakened(operation: Operation) -> Operation:
    """The operation as if nobody had seen its outcome: it may take effect at any time after its call, or never."""
    return replace(operation, outcome="info", output=None, return_=None, completed=None)


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
