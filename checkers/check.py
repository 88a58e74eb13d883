"""The question that is asked most."""

from ..histories.history import History
from .checker import Budget
from .linearizability import linearizable
from .models import Model, infer
from .verdict import Verdict


def check(history: History, model: Model | None = None, budget: Budget | None = None) -> Verdict:
    """Whether the history is linearizable with regard to the model, inferred from its operations if none is given.

    Raises UsageError if no model fits, HistoryError for an operation that the model does not know.
    """
    return linearizable(infer(history) if model is None else model).check(history, budget or Budget())
