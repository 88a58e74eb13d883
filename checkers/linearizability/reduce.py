"""Makes a set of operations that is not linearizable smaller, by leaving operations out in sound ways only."""

from collections.abc import Callable, Hashable, Sequence, Set
from math import inf
from typing import Final

from ...histories.operation import Operation
from ..checker import Budget
from ..models.model import Model
from ..verdict import Validity
from . import choose
from .observation import Observation

ATTEMPT: Final = Budget(seconds=None, configurations=20_000, bytes=None)
"""For one attempt. No clock, so that the same history always gets the same evidence."""

WORK: Final = 400_000
"""Search steps and operations looked at, in all attempts together, after which what was reached is good enough."""


def fails(model: Model, operations: Sequence[Operation]) -> bool:
    """Whether relevant operations are known not to be linearizable, after a short look."""
    return bool(operations) and choose.decide(model, operations, ATTEMPT).validity is Validity.INVALID


class Reduction:
    """Smaller and smaller parts of the operations of one object, `kept` being those that are left.

    `operations` are all those that are looked at, in the order of their calls. A part is only taken if it is not
    linearizable, and if no operation in it observes a mutator outside it, unless there is a reset between the two
    (sound.py, step 4). Nothing more is tried when the time is `spent`.
    """

    def __init__(self, model: Model, operations: Sequence[Operation], spent: Callable[[], bool]) -> None:
        self.model = model
        self.spent = spent
        self.operations = operations
        self.kept = set(range(len(operations)))
        self.work = 0
        self._observation = Observation(model, operations)
        self._resets = sorted(  # by return; with call and place
            (operation.return_, operation.call, place)
            for place, operation in enumerate(operations)
            if operation.return_ is not None and operation.outcome == "ok" and model.is_reset(operation)
        )

    def start_from(self, indexes: set[int]) -> bool:
        """Go on from the operations of these indexes only. False, and no change, if they prove nothing."""
        places = {place for place, operation in enumerate(self.operations) if operation.index in indexes}
        return self._take(places)

    def drop(self, *needed: Operation) -> None:
        """Leave out what can be: reads first, then bunches of operations, half of them at once, then fewer and fewer.

        Those needed stay.
        """
        indexes = {operation.index for operation in needed}
        essential = {place for place in self.kept if self.operations[place].index in indexes}
        reads = {place for place in self.kept if self._observation.label[place] is None}
        self._take(self.kept - reads | essential, essential)
        size = len(self.kept)
        while size > 1:
            size = (size + 1) // 2
            places = sorted(self.kept - essential)
            for start in range(0, len(places), size):
                bunch = {*places[start : start + size]} & self.kept
                if bunch and self.work < WORK and not self.spent():
                    self._take(self.kept - bunch, essential)

    def _take(self, places: set[int], essential: Set[int] = frozenset()) -> bool:
        self.work += len(places)
        closed = self._closed(places)
        if closed and essential <= closed and self._fails(closed):
            self.kept = closed
            return True
        return False

    def _fails(self, places: set[int]) -> bool:
        result = choose.decide(self.model, [self.operations[place] for place in sorted(places)], ATTEMPT)
        self.work += result.work
        return result.validity is Validity.INVALID

    def _closed(self, places: set[int]) -> set[int]:
        """The places without those whose operations observe a mutator that is left out, all the way."""
        left = set(places)
        omitted: dict[Hashable, float] = {}
        for place in range(len(self.operations)):
            if place not in left:
                self._omit(place, omitted)
        before = len(left) + 1
        while len(left) < before:
            before = len(left)
            self._remove_observers(left, omitted)
        return left

    def _remove_observers(self, left: set[int], omitted: dict[Hashable, float]) -> None:
        """Go once through the operations that are left. `last_reset` is the latest call of a reset before each."""
        last_reset, following = -1, 0
        for place in sorted(left):
            while following < len(self._resets) and self._resets[following][0] < self.operations[place].call:
                _, call, reset = self._resets[following]
                following += 1
                if reset in left:
                    last_reset = max(last_reset, call)
            if any(omitted.get(label, -2) >= last_reset for label in self._observation.seen[place]):
                left.remove(place)
                self._omit(place, omitted)

    def _omit(self, place: int, omitted: dict[Hashable, float]) -> None:
        """Note for the label of a mutator, and for all labels, when the last that is left out had returned."""
        label, return_ = self._observation.label[place], self.operations[place].return_
        if label is not None:
            for each in (label, self._observation.everything):
                omitted[each] = max(inf if return_ is None else return_, omitted.get(each, -1))
