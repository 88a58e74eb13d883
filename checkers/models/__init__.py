"""Models: what each operation is allowed to answer, one operation at a time."""

from ...errors import UsageError
from ...histories.history import History
from .counter import counter
from .grow_only_set import grow_only_set
from .kv import kv
from .model import Model
from .mutex import mutex
from .queue import queue
from .register import cas_register, register

_MODELS = {
    model.name: model for model in (register(), cas_register(), kv(), grow_only_set(), counter(), queue(), mutex())
}

NAMES = tuple(_MODELS)
"""The names of all models."""


def by_name(name: str) -> Model:
    """The model of that name. Raises UsageError, naming those there are."""
    if name not in _MODELS:
        raise UsageError(f"no model named {name!r}: choose one of {', '.join(NAMES)}")
    return _MODELS[name]


def infer(history: History) -> Model:
    """The first model that knows every `f` of the history, and fits its operations better than others that do.

    Raises UsageError if there is none.
    """
    functions = {operation.f for operation in history.operations}
    known = [model for model in _MODELS.values() if functions <= model.functions]
    if not known:
        names = ", ".join(NAMES)
        raise UsageError(f"no model knows all of {', '.join(sorted(functions))}: choose one of {names} by name")
    return next((model for model in known if all(map(model.fits, history.operations))), known[0])


__all__ = [
    "NAMES",
    "Model",
    "by_name",
    "cas_register",
    "counter",
    "grow_only_set",
    "infer",
    "kv",
    "mutex",
    "queue",
    "register",
]
