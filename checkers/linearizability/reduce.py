"""Makes a set of operations that is not linearizable smaller, by leaving operations out in sound ways only."""

from collections.abc import Hashable, Sequence
from math import inf

from ...histories.operation import Operation
from ..checker import Budget
from ..models.model import Model
from ..verdict import Validity
from .observation import Observation
from .prepare import simplify
from .search import search

ATTEMPT = Budget(seconds=None, configurations=20_000)
"""For one attempt. No clock, so that the same history always gets the same evidence."""

WORK = 200_000
"""Search steps and operations looked at, in all attempts together, after which what was reached is good enough."""


class Reduction:
    """Smaller and smaller parts of the operations of one object, `kept` being those that are left.

    `operations` are all those that are looked at, in the order of their calls. A part is only taken if it is not
    linearizable, and if no operation in it observes a mutator that is not, a reset between the two excepted
    (sound.py, step 4).
    """

    def __init__(self, model: Model, operations: Sequence[Operation]) -> None:
        self.model = model
        self.operations = operations
        self.kept = set(range(len(operations)))
        self.work = 0
        self._observation = Observation(model, operations)
        self._resets = sorted(
            (operation.return_, operation.call, place)
            for place, operation in enumerate(operations)
            if operation.return_ is not None and operation.outcome == "ok" and model.is_reset(operation)
        )

    def start_from(self, indexes: set[int]) -> bool:
        """Go on from the operations of these indexes only. False, and no change, if they prove nothing."""
        places = {place for place, operation in enumerate(self.operations) if operation.index in indexes}
        return self._take(places)

    def drop(self, culprit: Operation | None = None) -> None:
        """Leave out what can be: reads first, then bunches of operations, half of them at once, then fewer and fewer.

        The culprit stays.
        """
        essential = {place for place in self.kept if self.operations[place] is culprit}
        reads = {place for place in self.kept if self._observation.label[place] is None}
        self._take(self.kept - reads | essential)
        size = len(self.kept)
        while size > 1:
            size = (size + 1) // 2
            places = sorted(self.kept - essential)
            for start in range(0, len(places), size):
                bunch = {*places[start : start + size]} & self.kept
                if bunch and self.work < WORK:
                    self._take(self.kept - bunch, essential)

    def _take(self, places: set[int], essential: frozenset[int] | set[int] = frozenset()) -> bool:
        closed = self._closed(places)
        if essential <= closed and closed and self._fails(closed):
            self.kept = closed
            return True
        return False

    def _fails(self, places: set[int]) -> bool:
        part = [self.operations[place] for place in sorted(places)]
        result = search(self.model, simplify(self.model, part), ATTEMPT)
        self.work += result.work + len(part)
        return result.validity is Validity.INVALID

    def _closed(self, places: set[int]) -> set[int]:
        """The places without those whose operations observe a mutator that is left out, all the way."""
        left = set(places)
        while True:
            omitted = self._last_returns(left)
            unsound = {place for place, reset in self._last_resets(left) if self._observes(place, reset, omitted)}
            if not unsound:
                return left
            left -= unsound

    def _last_returns(self, left: set[int]) -> dict[Hashable, float]:
        """For each label, when the last of its mutators that are not left had returned."""
        everything = self._observation.everything
        last: dict[Hashable, float] = {}
        for place, label in enumerate(self._observation.label):
            if label is not None and place not in left:
                return_ = self.operations[place].return_
                end = inf if return_ is None else return_
                last[label] = max(end, last.get(label, -1))
                last[everything] = max(end, last.get(everything, -1))
        return last

    def _last_resets(self, left: set[int]) -> list[tuple[int, int]]:
        """The places, each with the latest call of a reset among them that had returned before its own call, or -1."""
        resets = [(end, call) for end, call, place in self._resets if place in left]
        latest, following, found = -1, 0, []
        for place in sorted(left):
            while following < len(resets) and resets[following][0] < self.operations[place].call:
                latest = max(latest, resets[following][1])
                following += 1
            found.append((place, latest))
        return found

    def _observes(self, place: int, reset: int, omitted: dict[Hashable, float]) -> bool:
        return any(omitted.get(label, -2) >= reset for label in self._observation.seen[place])
