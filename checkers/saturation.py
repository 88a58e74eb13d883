"""What must have come before what in any sequential order of the operations, or a cycle that shows that there is none.

For registers with traceable values (versions.py). An operation comes after those before it in its process, and a read
after the write that it found. If a write of the same key

* comes before a read that found another write, it comes before that write;
* comes after a write that a read found, it comes after that read.

Either may let others follow, so both are repeated until nothing new does: Bouajjani, Enea, Guerraoui & Hamza, "On
verifying causal consistency" (POPL 2017), section 5, the relation whose cycles are the bad pattern CyclicHB of one
process, here of all operations. No cycle does not mean that there is an order.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic
from typing import Final, Literal

from ..histories.operation import Operation
from .graphs import components, shortest_path
from .models.model import ANY
from .versions import Versions

Reason = Literal["process", "read", "found-later", "overwritten-later"]
"""Why one operation comes before another: it came first in its process; the other found what it wrote; the other wrote
what was found by one that this precedes; this found what the other replaced."""

CELLS: Final = 20_000_000
"""How large the table of operations by processes may be."""

_STARTS: Final = 50
"""From how many operations on cycles a short one is looked for."""


@dataclass(frozen=True, slots=True)
class Link:
    """`before` comes before `after`; None stands for the initial values.

    `via` is the read that found what `after` wrote, of `found-later`; who wrote what `before` found, of
    `overwritten-later`.
    """

    before: Operation | None
    after: Operation | None
    because: Reason
    via: Operation | None = None


@dataclass(frozen=True)
class Saturation:
    """Links between processes, by operation indexes. If `cycle` is not empty there is no sequential order.

    `involved` holds the operations from which that follows, those of the cycle among them: they alone have none either.
    `writes` holds pairs of writes of one key, from which with the order of each process all follow that are known.
    `complete` unless there was not enough time or memory to follow all.
    """

    links: Sequence[tuple[int, int]] = ()
    writes: Sequence[tuple[int, int]] = ()
    cycle: tuple[Link, ...] = ()
    involved: tuple[Operation, ...] = ()
    complete: bool = True


def saturate(registers: Sequence[Versions], deadline: float | None = None, cells: int = CELLS) -> Saturation:
    """Everything that follows by the rules above, with a table of so many cells at most.

    `deadline` is a time of `monotonic`, in seconds.
    """
    processes = {operation.process for register in registers for operation in register.operations}
    if sum(len(register.operations) for register in registers) * len(processes) > cells:
        return Saturation(complete=False)
    relation = _Relation(registers)
    complete = True
    while complete:
        order = relation.in_order()
        if order is None:
            cycle = relation.cycle()
            return Saturation(cycle=relation.told(cycle), involved=relation.involved(cycle))
        if deadline is not None and monotonic() > deadline:
            complete = False
        elif not relation.extend(order):
            break
    return Saturation(relation.links(), relation.writes() if complete else (), complete=complete)


@dataclass
class _Register:
    """Where a key was written: in each process the positions of writes, and their numbers."""

    positions: dict[int, list[int]] = field(default_factory=dict)
    writes: dict[int, list[int]] = field(default_factory=dict)

    def last_before(self, process: int, position: int) -> int | None:
        """The last write of the process before that position."""
        place = bisect_left(self.positions[process], position)
        return self.writes[process][place - 1] if place else None


class _Relation:
    """Operations that certainly happened have numbers; 0 stands for the initial values, in a process of its own.

    A clock says for each process how many of its operations are known to come before, or to be this one.
    """

    def __init__(self, registers: Sequence[Versions]) -> None:
        present = [
            (operation, place)
            for place, register in enumerate(registers)
            for operation in register.operations
            if register.happened(operation)
        ]
        present.sort(key=lambda each: each[0].index)
        self.operations: list[Operation | None] = [None, *(operation for operation, _ in present)]
        number = {operation.index: place for place, (operation, _) in enumerate(present, start=1)}
        processes: dict[int, int] = {}
        self.process = [0]
        self.position = [0]
        self.sequences: list[list[int]] = [[0]]
        for each, (operation, _) in enumerate(present, start=1):
            process = processes.setdefault(operation.process, len(processes) + 1)
            if process == len(self.sequences):
                self.sequences.append([])
            self.process.append(process)
            self.position.append(len(self.sequences[process]))
            self.sequences[process].append(each)
        self.after: list[dict[int, Reason]] = [{} for _ in self.operations]
        self.rounds = 0
        self.round: dict[tuple[int, int], int] = {}
        """In which round a pair that was not known at first became known, and `via` which third operation."""
        self.via: dict[tuple[int, int], int] = {}
        self.clocks: list[list[int]] = []
        self.register = [_Register({0: [0]}, {0: [0]}) for _ in registers]
        self.reads: list[tuple[int, int, _Register]] = []
        """A read, the write that it found, and where."""
        self.written: list[tuple[int, _Register]] = []
        self.readers: dict[tuple[int, int], dict[int, int]] = {}
        """For each write and register, by process, the last one to find it."""
        for sequence in self.sequences[1:]:
            self.after[0][sequence[0]] = "process"
        for operation, place in present:
            self._add(registers[place], place, number, operation)

    def _add(self, versions: Versions, place: int, number: dict[int, int], operation: Operation) -> None:
        this, register = number[operation.index], self.register[place]
        found: Hashable = versions.found(operation)
        if found is not ANY:
            writer = versions.writers[found]
            write = 0 if writer is None else number[writer.index]
            self.reads.append((this, write, register))
            self.readers.setdefault((write, id(register)), {})[self.process[this]] = this
            if write != this:
                self.after[write].setdefault(this, "read")
        if versions.access[operation.index].writes is not ANY:
            self.written.append((this, register))
            register.positions.setdefault(self.process[this], []).append(self.position[this])
            register.writes.setdefault(self.process[this], []).append(this)

    def successors(self, number: int) -> Iterator[int]:
        sequence, place = self.sequences[self.process[number]], self.position[number] + 1
        if place < len(sequence):
            yield sequence[place]
        yield from self.after[number]

    def in_order(self) -> list[int] | None:
        """All numbers, each after those known to come before; None if there is a cycle."""
        missing = [0] * len(self.operations)
        for number in range(len(missing)):
            for following in self.successors(number):
                missing[following] += 1
        order = [number for number, count in enumerate(missing) if not count]
        for number in order:
            for following in self.successors(number):
                missing[following] -= 1
                if not missing[following]:
                    order.append(following)
        return order if len(order) == len(missing) else None

    def extend(self, order: Sequence[int]) -> bool:
        """Add what follows from what is known by now; whether that was anything."""
        self._set_clocks(order)
        new = [*self._found_later(), *self._overwritten_later()]
        self.rounds += 1
        for before, after, why, via in new:
            if after not in self.after[before]:
                self.after[before][after] = why
                self.round[before, after] = self.rounds
                self.via[before, after] = via
        return bool(new)

    def _found_later(self) -> Iterator[tuple[int, int, Reason, int]]:
        for read, found, register in self.reads:
            for write in self._written_before(read, register):
                if write not in (found, read) and not self._known(write, found):
                    yield write, found, "found-later", read

    def _overwritten_later(self) -> Iterator[tuple[int, int, Reason, int]]:
        for write, register in self.written:
            for overwritten in self._written_before(write, register):
                for read in self.readers.get((overwritten, id(register)), {}).values():
                    if read != write and not self._known(read, write):
                        yield read, write, "overwritten-later", overwritten

    def _set_clocks(self, order: Sequence[int]) -> None:
        self.clocks = [[0] * len(self.sequences) for _ in order]
        for number in order:
            clock = self.clocks[number]
            clock[self.process[number]] = self.position[number] + 1
            for following in self.successors(number):
                self.clocks[following] = list(map(max, self.clocks[following], clock))

    def _known(self, before: int, after: int) -> bool:
        return self.clocks[after][self.process[before]] > self.position[before]

    def _written_before(self, number: int, register: _Register) -> Iterator[int]:
        """The last writes of each process that come before the operation."""
        own, clock = self.process[number], self.clocks[number]
        for process in register.positions:
            last = register.last_before(process, self.position[number] if process == own else clock[process])
            if last is not None:
                yield last

    def links(self) -> list[tuple[int, int]]:
        return [
            (before.index, after.index)
            for number, before in enumerate(self.operations)
            if before is not None
            for after in map(self.operations.__getitem__, self.after[number])
            if after is not None
        ]

    def writes(self) -> list[tuple[int, int]]:
        return [
            (before.index, after.index)
            for number, register in self.written
            for before in map(self.operations.__getitem__, self._written_before(number, register))
            for after in (self.operations[number],)
            if before is not None and after is not None
        ]

    def cycle(self) -> Sequence[int]:
        """A short cycle: its first number is its last."""
        paths: list[Sequence[int]] = []
        for component in components(range(len(self.operations)), self.successors):
            within = self._within(frozenset(component))
            for start in component[: _STARTS - len(paths)]:
                path = shortest_path(start, start, within)
                assert path is not None
                paths.append(path)
        return min(paths, key=len)

    def _within(self, inside: frozenset[int]) -> Callable[[int], Iterator[int]]:
        return lambda number: (each for each in self.successors(number) if each in inside)

    def told(self, cycle: Sequence[int]) -> tuple[Link, ...]:
        """The cycle as links; several in a row in one process are one."""
        links: list[Link] = []
        for before, after in pairwise(cycle):
            via = self.via.get((before, after))
            this = self.operations[before], self.operations[after]
            why = self._why(before, after)
            if why == "process" and links and links[-1].because == "process":
                links[-1] = Link(links[-1].before, this[1], why)
            else:
                links.append(Link(*this, why, None if via is None else self.operations[via]))
        return tuple(links)

    def _why(self, before: int, after: int) -> Reason:
        follows = self.process[before] == self.process[after] and self.position[before] < self.position[after]
        return "process" if follows else self.after[before].get(after, "process")

    def involved(self, cycle: Sequence[int]) -> tuple[Operation, ...]:
        """Everything from which the cycle follows, rule by rule."""
        numbers: set[int] = set()
        work, done = list(pairwise(cycle)), set()
        while work:
            before, after = work.pop()
            why = self._why(before, after)
            if why == "process" or (before, after) in done:
                continue
            done.add((before, after))
            numbers |= {before, after}
            if why == "read":
                continue
            via = self.via[before, after]
            numbers.add(via)
            ends = (before, via) if why == "found-later" else (via, after)
            path = shortest_path(*ends, self._known_before(self.round[before, after]))
            assert path is not None
            work += pairwise(path)
        return self._explained(numbers)

    def _explained(self, numbers: set[int]) -> tuple[Operation, ...]:
        """The operations, those that wrote what they found, and those that show that they happened."""
        found = {read: write for read, write, _ in self.reads}
        work = list(numbers)
        for number in work:
            for other in (found.get(number, number), self._reader(number)):
                if other not in numbers:
                    numbers.add(other)
                    work.append(other)
        return tuple(each for each in map(self.operations.__getitem__, sorted(numbers)) if each is not None)

    def _known_before(self, limit: int) -> Callable[[int], Iterator[int]]:
        return lambda number: (each for each in self.successors(number) if self.round.get((number, each), 0) < limit)

    def _reader(self, number: int) -> int:
        """Who shows that the operation happened: itself, or one that found what it wrote."""
        operation = self.operations[number]
        if operation is None or operation.outcome == "ok":
            return number
        return next(read for read, found, _ in self.reads if found == number)
