"""The local world: servers as processes of this machine, real time, messages over TCP."""

from .world import LocalWorld

__all__ = ["LocalWorld"]
