"""The simulated world: all nodes in one process, virtual time, everything drawn from one seed."""

from .network import NetworkProfile
from .world import Simulation

__all__ = ["NetworkProfile", "Simulation"]
