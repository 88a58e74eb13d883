"""The linearizability checker."""

from dataclasses import dataclass

from ...histories.history import History
from ..checker import Budget, Checker
from ..models.model import Model
from ..verdict import Verdict


def linearizable(model: Model) -> Checker:
    """The checker that says whether a history is linearizable with regard to the model, one object at a time."""
    return _Linearizable(model)


@dataclass(frozen=True)
class _Linearizable:
    model: Model
    name: str = "linearizable"

    def check(self, history: History, budget: Budget) -> Verdict:
        raise NotImplementedError
