"""Models: what each operation is allowed to answer, one operation at a time."""

from ...errors import UsageError
from ...histories.history import History
from .kv import kv
from .model import Model
from .register import cas_register, register

_MODELS = {model.name: model for model in (register(), cas_register(), kv())}

NAMES = tuple(_MODELS)
"""The names of all models."""


def by_name(name: str) -> Model:
    """The model of that name. Raises UsageError, naming those there are."""
    if name not in _MODELS:
        raise UsageError(f"no model named {name!r}: choose one of {', '.join(NAMES)}")
    return _MODELS[name]


def infer(history: History) -> Model:
    """The first model that knows every `f` of the history. Raises UsageError if there is none."""
    functions = {operation.f for operation in history.operations}
    for model in _MODELS.values():
        if functions <= model.functions:
            return model
    raise UsageError(f"no model knows all of {', '.join(sorted(functions))}: choose one of {', '.join(NAMES)} by name")


__all__ = ["NAMES", "Model", "by_name", "cas_register", "infer", "kv", "register"]
