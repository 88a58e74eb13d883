"""Models: what each operation is allowed to answer, one operation at a time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from ...errors import HistoryError, UsageError
from ...histories.history import History
from ...histories.value import to_value
from .counter import counter
from .grow_only_set import grow_only_set
from .knossos import cas_register0
from .kv import kv
from .model import Model
from .mutex import mutex
from .queue import queue
from .register import cas_register, register

_MAKERS: Final[Mapping[str, Callable[..., Model]]] = {
    "register": register,
    "cas-register": cas_register,
    "kv": kv,
    "set": grow_only_set,
    "counter": counter,
    "queue": queue,
    "mutex": mutex,
    "cas-register0": cas_register0,
}

INITIAL: Final = ("register", "cas-register", "counter")
"""The models that may be told what they hold at first."""

NAMES: Final = tuple(_MAKERS)
"""The names of all models."""

_INFERRED: Final = tuple(_MAKERS[name]() for name in NAMES if name != "cas-register0")


def by_name(name: str) -> Model:
    """The model of that name, such as `register`, or `register:0` for one that holds 0 at first, any value in JSON.

    Raises UsageError, naming the models there are.
    """
    kind, colon, text = name.partition(":")
    if kind not in _MAKERS:
        raise UsageError(f"no model named {kind!r}: choose one of {', '.join(NAMES)}")
    if not colon:
        return _MAKERS[kind]()
    if kind not in INITIAL:
        raise UsageError(f"the model {kind} begins empty: {', '.join(INITIAL)} may be told what they hold at first")
    try:
        initial: Any = to_value(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeError, RecursionError, HistoryError):
        raise UsageError(f"{name!r}: what a model holds at first is a value in JSON, as in register:0") from None
    if kind == "counter" and type(initial) is not int:
        raise UsageError(f"{name!r}: a counter holds an integer")
    return replace(_MAKERS[kind](initial), name=name)


def infer(history: History) -> Model:
    """The first model that knows every `f` of the history, and fits its operations better than others that do.

    It holds nothing at first (a counter 0): what that was is never guessed from answers. Raises UsageError if there is
    none.
    """
    functions = {f for f, _ in history.counts}
    known = [model for model in _INFERRED if functions <= model.functions]
    if not known:
        names = ", ".join(NAMES)
        raise UsageError(f"no model knows all of {', '.join(sorted(functions))}: choose one of {names} by name")
    return next((model for model in known if _fits(model, history)), known[0])


def _fits(model: Model, history: History) -> bool:
    return model.fits is Model.fits or all(map(model.fits, history.operations))


__all__ = [
    "NAMES",
    "Model",
    "by_name",
    "cas_register",
    "cas_register0",
    "counter",
    "grow_only_set",
    "infer",
    "kv",
    "mutex",
    "queue",
    "register",
]
