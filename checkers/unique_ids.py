"""Unique ids: every `generate` (output: an id) answers one that no other answered, whatever the key."""

from dataclasses import dataclass

from ..histories.history import History
from ..histories.operation import Operation
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical
from .verdict import Verdict


@dataclass(frozen=True)
class _UniqueIds:
    name: str = "unique-ids"

    def check(self, history: History, budget: Budget) -> Verdict:
        answered: dict[object, list[Operation]] = {}
        for operation in history.operations:
            if operation.f == "generate" and operation.outcome == "ok":
                answered.setdefault(canonical(operation.output), []).append(operation)
        twice = [each for each in answered.values() if len(each) > 1]
        wrong = [Finding("given out twice", each[0].output, tuple(each)) for each in twice]
        total = sum(map(len, answered.values()))
        unknown = "" if total else "no id was generated"
        details = {"generated": total, "distinct": len(answered)}
        return verdict(self.name, wrong, f"all {total} ids differ", unknown=unknown, details=details)


unique_ids: Checker = _UniqueIds()
"""The checker of unique ids."""
