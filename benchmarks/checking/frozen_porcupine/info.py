"""What a verbose check tells: partitions, their longest partial linearizations, and annotations to show with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .history import Operation
from .partials import Node, linearization
from .result import CheckResult, Statistics

_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+|(rgb|hsl)a?\([0-9., %/deg]+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A note for the visualization: an interval [`start`, `end`], or an instant if `end` is None.

    Times are those of the operations; of events, their positions in the history. A note with a `tag` is shown in the
    row of that tag, one with a `client_id` in the row of that client. Colours are CSS names, #hex, rgb() or hsl().
    """

    start: int
    description: str
    end: int | None = None
    client_id: int | None = None
    tag: str = ""
    details: str = ""
    text_color: str = ""
    background_color: str = ""

    def __post_init__(self) -> None:
        if type(self.start) is not int or type(self.end) not in (int, type(None)):
            raise ValueError(f"annotation {self.description!r}: start and end must be integers")
        if self.end is not None and self.end < self.start:
            raise ValueError(f"annotation {self.description!r} ends at {self.end}, before its start at {self.start}")
        if not self.tag and self.client_id is None:
            raise ValueError(f"annotation {self.description!r} needs a tag or a client_id")
        for color in (self.text_color, self.background_color):
            if color and not _COLOR.fullmatch(color):
                raise ValueError(f"annotation {self.description!r}: {color!r} is not a CSS colour")


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: its operations, what the check found, and the ends of its longest partial linearizations.

    `result` is UNKNOWN for a partition whose search was given up, and None for one that was not searched at all.
    """

    operations: Sequence[Operation]
    result: CheckResult | None = None
    ends: Sequence[Node] = ()


@dataclass
class LinearizationInfo:
    """What a verbose check found; `reason` says why the result is UNKNOWN, and is None otherwise."""

    partitions: Sequence[Partition]
    reason: str | None
    statistics: Statistics
    annotations: list[Annotation] = field(default_factory=list)

    def partial_linearizations(self) -> list[list[list[int]]]:
        """For each partition, its longest partial linearizations, longest first, as positions in the partition.

        A legal partition has one linearization, of all its completed operations and the pending ones it needs. Of
        another one, every operation that the search linearized at all is in one of them. The operations of a history of
        events are numbered in the order of their calls.
        """
        return [
            [[node.operation for node in linearization(end)] for end in partition.ends] for partition in self.partitions
        ]

    def partial_linearizations_operations(self) -> list[list[list[Operation]]]:
        """The same, as operations."""
        return [
            [[partition.operations[position] for position in partial] for partial in partials]
            for partition, partials in zip(self.partitions, self.partial_linearizations(), strict=True)
        ]

    def add_annotations(self, annotations: Iterable[Annotation]) -> None:
        """Show these in the visualization too."""
        self.annotations.extend(annotations)
