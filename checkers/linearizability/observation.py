"""Who observes whom, indexed: what `Model.observes` says of every pair, without asking for each."""

from collections.abc import Collection, Hashable, Iterable, Sequence

from ...histories.operation import Operation
from ..models.model import ANY, Model


class Observation:
    """Labels: an operation observes exactly those mutators whose label it has seen; `everything` stands for all labels.

    For operations of one object, by their positions. `label[position]` is None for a read. With `among`, only what is
    observed of the mutators there is of interest, which saves asking about the others.
    """

    everything: Hashable = ("everything",)

    def __init__(self, model: Model, operations: Sequence[Operation], among: Collection[int] | None = None) -> None:
        self.operations = operations
        self.label: list[Hashable] = []
        self.seen: list[tuple[Hashable, ...]] = []
        if model.access is not None:
            for operation in operations:
                access = model.access(operation)
                self.label.append(None if access.writes is ANY else ("value", access.writes))
                if access.differs is not ANY:
                    self.seen.append((self.everything,))
                else:
                    self.seen.append(() if access.reads is ANY else (("value", access.reads),))
            return
        mutators = [place for place, operation in enumerate(operations) if not model.is_read(operation)]
        self.label = [None] * len(operations)
        for place in mutators:
            self.label[place] = place
        asked = mutators if among is None else sorted(among)
        for operation in operations:
            self.seen.append(tuple(place for place in asked if model.observes(operation, operations[place])))

    def observed(self, mutators: Iterable[int], observers: Iterable[int]) -> set[int]:
        """Those mutators that one of the observers, or of the mutators so found, observes and may come after."""
        by_label: dict[Hashable, list[int]] = {}
        unobserved = dict.fromkeys(mutators)
        for place in unobserved:
            by_label.setdefault(self.label[place], []).append(place)
        found: set[int] = set()
        work = list(observers)
        while work and len(found) < len(unobserved):
            observer = work.pop()
            for label in self.seen[observer]:
                candidates = unobserved if label == self.everything else by_label.get(label, ())
                for place in candidates:
                    if place not in found and not self.operations[observer].precedes(self.operations[place]):
                        found.add(place)
                        work.append(place)
        return found
