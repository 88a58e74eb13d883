"""The simulated world: all nodes in one process, virtual time, everything drawn from one seed.

`Simulation` is loaded when it is used, since what it is made of serves processes that simulate nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import NetworkProfile as NetworkProfile
    from .world import Simulation as Simulation

_HOME = {"NetworkProfile": "network", "Simulation": "world"}

__all__ = ["NetworkProfile", "Simulation"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value
