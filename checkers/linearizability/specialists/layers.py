"""Orders that are forced up to layers, and whether real time allows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from operator import attrgetter

from ....histories.operation import Operation

call_of = attrgetter("call")


def end_of(operation: Operation) -> float:
    """The position of the return; infinite if there is none."""
    return inf if operation.return_ is None else operation.return_


def by_call(operations: Iterable[Operation]) -> list[Operation]:
    """In the order of calls, which real time allows always."""
    return sorted(operations, key=call_of)


def first_disorder(layers: Iterable[Sequence[Operation]]) -> tuple[Operation, Operation] | None:
    """The first operation that had returned before one of an earlier layer was called, and that one.

    None if the layers one after another, each in the order of its calls, respect real time.
    """
    latest: Operation | None = None
    for layer in layers:
        for operation in layer:
            if latest is not None and operation.return_ is not None and operation.return_ < latest.call:
                return operation, latest
        for operation in layer:
            if latest is None or operation.call > latest.call:
                latest = operation
    return None


@dataclass(frozen=True)
class Block:
    """Operations that belong together, in their order, nothing else between them.

    The block is there from `first`, when the first of them returned (-1 if it is there from the beginning), to `last`,
    when the last was called, all that time (forward); with first >= last, some moment between the two is enough.
    """

    operations: tuple[Operation, ...]
    first: float
    last: float

    @classmethod
    def of(cls, operations: Iterable[Operation], first: float = inf) -> "Block":
        """The block of these operations, which is there from `first` on at the latest."""
        ordered = tuple(operations)
        return cls(ordered, min(first, min(map(end_of, ordered))), max(map(call_of, ordered)))

    @property
    def corners(self) -> tuple[Operation, ...]:
        """The operation that returned first, and the one that was called last."""
        return min(self.operations, key=end_of), max(self.operations, key=call_of)


@dataclass(frozen=True)
class Exclusion:
    """Two blocks that had to be there at the same moment."""

    one: Block
    other: Block


def arrange(blocks: Iterable[Block]) -> tuple[Operation, ...] | Exclusion:
    """All operations in order, block after block, or two blocks that exclude each other.

    Gibbons & Korach, "Testing shared memories" (SIAM J. Comput. 1997), section 4: they exclude each other where two
    forward blocks overlap, or a backward one lies inside a forward one.
    """
    order: list[Operation] = []
    later: list[Block] = []
    forward: Block | None = None
    for block in sorted(blocks, key=lambda block: (min(block.first, block.last), block.first)):
        if forward is None or min(block.first, block.last) >= forward.last:
            for each in later:
                order += each.operations
            later.clear()
            if block.first < block.last:
                forward = block
            order += block.operations
        elif block.first < block.last or block.first < forward.last:
            return Exclusion(forward, block)
        else:
            later.append(block)
    return (*order, *(operation for each in later for operation in each.operations))
