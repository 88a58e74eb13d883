"""The search for a linearization of one partition.

Wing & Gong's search with Lowe's memory of configurations, as in "Faster linearizability checking via
P-compositionality" (Horn & Kroening, FORTE 2015), made iterative. Two things differ from the textbook. What is
linearized is remembered as the number of returns passed and a mask of the operations open there, so that a
configuration does not grow with the history. And pending operations, which need not be linearized at all, are tried
only where no completed operation can be next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .configurations import remember
from .history import Operation
from .model import Model
from .partials import LongestPartials
from .timeline import lay_out
from .unknown import outcomes


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a search gives up: after so many steps or configurations, or when `clock` reaches `deadline` (seconds)."""

    steps: float
    configurations: float
    deadline: float | None
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`linearizable` is None when the budget ran out; `spent` then names what: steps, configurations or timeout.

    `deepest` is the most operations that were linearized.
    """

    linearizable: bool | None
    spent: str | None
    steps: int
    configurations: int
    deepest: int


def search(
    model: Model, operations: list[Operation], budget: Budget, partials: LongestPartials | None = None
) -> SearchResult:
    """Look for a linearization of well-formed operations, and note the longest partial ones in `partials`."""
    walk = _Walk(model, operations, budget, partials)
    linearizable, spent = None, None
    try:
        linearizable = walk.to_the_end()
    except _BudgetSpentError as error:
        spent = str(error)
    return SearchResult(linearizable, spent, walk.steps, walk.configurations, max(walk.deepest, len(walk.stack)))


class _BudgetSpentError(Exception):
    pass


# A pending operation linearized in the current configuration: its number, and what step says of it.
_Choices = Iterator[tuple[int, tuple[bool, Any]]]


class _Walk:
    """A depth-first walk over the configurations of one partition.

    A configuration is `returned` (the returns passed: those operations are linearized), `mask` (bits of the operations
    open at the next return that are linearized), `used` (numbers of the pending operations linearized) and `state`.
    The calls and returns of operations not linearized form a doubly linked list of entries; those called before the
    first return in it can be next. `entry` is where the walk is in that list, `choices` the pending operations it has
    not tried yet, once the list has no more to offer.
    """

    def __init__(
        self, model: Model, operations: list[Operation], budget: Budget, partials: LongestPartials | None
    ) -> None:
        self.step = model.step
        self.operations = operations
        self.timeline = timeline = lay_out(operations)
        self.budget = budget
        self.partials = partials
        self.is_new = remember(model)
        head = timeline.head
        self.following = [*range(1, head + 1), 0]
        self.preceding = [head, *range(head)]
        self.state, self.returned, self.mask, self.used = model.init(), 0, 0, 0
        self.entry = self.following[head]
        self.choices: _Choices | None = None
        self.stack: list[tuple[int, Any, int, int, int, _Choices | None]] = []
        self.steps = self.configurations = self.deepest = 0
        self.is_new(self.returned, self.mask, self.used, self.state)

    def to_the_end(self) -> bool:
        """Whether there is a linearization; the stack then holds it."""
        total = len(self.timeline.completed)
        while self.returned < total:
            if not self._linearize_completed() and not self._linearize_pending():
                if not self.stack:
                    return False
                self._take_back()
        return True

    def _linearize_completed(self) -> bool:
        """Linearize the first completed operation from `entry` on that leads to a new configuration, if any does."""
        timeline, following, is_new = self.timeline, self.following, self.is_new
        operation_at, bits, return_bits = timeline.operation_at, timeline.bits, timeline.return_bits
        step, inputs, outputs, state = self.step, timeline.inputs, timeline.outputs, self.state
        max_steps, deadline, entry = self.budget.steps, self.budget.deadline, self.entry
        while (number := operation_at[entry]) >= 0:
            if not timeline.predecessors or self._may_follow(timeline.completed[number]):
                if deadline is not None or self.steps >= max_steps:
                    self._spend_step()
                self.steps += 1
                legal, successor = step(state, inputs[number], outputs[number])
                if legal:
                    returned, mask = self.returned, self.mask | bits[number]
                    while mask & return_bits[returned]:
                        mask ^= return_bits[returned]
                        returned += 1
                    if is_new(returned, mask, self.used, successor):
                        self._push(entry, timeline.completed[number], successor)
                        self.returned, self.mask = returned, mask
                        self._unlink(entry, timeline.return_entries[number])
                        self.entry = following[timeline.head]
                        return True
            entry = following[entry]
        self.entry = entry
        return False

    def _linearize_pending(self) -> bool:
        """Linearize the next of the pending operations that leads to a new configuration, if any does."""
        if self.choices is None:
            self.choices = self._pending_choices()
        for number, (legal, successor) in self.choices:
            used = self.used | 1 << number
            if legal and self.is_new(self.returned, self.mask, used, successor):
                self._push(self.entry, self.timeline.pending[number], successor)
                self.used = used
                self.entry = self.following[self.timeline.head]
                return True
        return False

    def _pending_choices(self) -> _Choices:
        for number in range(self.timeline.called_before[self.returned]):
            position = self.timeline.pending[number]
            if not self.used >> number & 1 and self._may_follow(position):
                for answer in outcomes(self._counted_step, self.state, self.operations[position].input):
                    yield number, answer

    def _counted_step(self, state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        self._spend_step()
        self.steps += 1
        return self.step(state, input, output)

    def _may_follow(self, position: int) -> bool:
        """Whether the operation of the same client that returned just as this one was called is linearized, if any."""
        before = self.timeline.predecessors.get(position)
        if before is None or self.timeline.return_ranks[before] < self.returned:
            return True
        return bool(self.mask & self.timeline.bits[before])

    def _spend_step(self) -> None:
        deadline = self.budget.deadline
        if self.steps >= self.budget.steps:
            raise _BudgetSpentError("steps")
        if deadline is not None and self.budget.clock() >= deadline:
            raise _BudgetSpentError("timeout")

    def _push(self, entry: int, position: int, successor: Any) -> None:
        if self.configurations >= self.budget.configurations:
            raise _BudgetSpentError("configurations")
        self.configurations += 1
        self.stack.append((entry, self.state, self.returned, self.mask, self.used, self.choices))
        self.state, self.choices = successor, None
        if self.partials is not None:
            self.partials.push(position, successor)

    def _take_back(self) -> None:
        self.deepest = max(self.deepest, len(self.stack))
        self.entry, self.state, self.returned, self.mask, self.used, self.choices = self.stack.pop()
        if self.partials is not None:
            self.partials.pop()
        number = self.timeline.operation_at[self.entry]
        if number >= 0:
            self._relink(self.entry, self.timeline.return_entries[number])
            self.entry = self.following[self.entry]

    def _unlink(self, call: int, return_: int) -> None:
        following, preceding = self.following, self.preceding
        for entry in (call, return_):
            before, after = preceding[entry], following[entry]
            following[before] = after
            preceding[after] = before

    def _relink(self, call: int, return_: int) -> None:
        following, preceding = self.following, self.preceding
        for entry in (return_, call):
            following[preceding[entry]] = entry
            preceding[following[entry]] = entry
