"""What the world and the network of a test can do to a system."""

from dataclasses import replace
from typing import Final

from ..errors import UsageError
from ..nemesis.families import NONE, SWARM, parse
from ..systems.system import System
from .test import Test
from .worlds.local.network import KINDS, carried

NEED_CUTS: Final = ("partition", "moving")
FOR_DATABASES: Final = ("loopback", *KINDS)
"""The networks in which servers find each other that know nothing of a bench."""


def within(system: System, test: Test) -> System:
    """The system, its fault model without what the network of the test cannot do.

    Raises UsageError for faults that were asked for by name and cannot be done there, and for a world in which the
    system cannot run.
    """
    if system.database is None and not system.program:
        return system
    if test.world != "local":
        raise UsageError(f"{system.name} is made of programs: it runs in --world local")
    if system.database is None:
        if test.network != "loopback":
            raise UsageError(f"{system.name} has a network of its own: leave out --network {test.network}")
        return system
    if test.network not in FOR_DATABASES:
        raise UsageError(f"{system.name} runs in --network {' or '.join(FOR_DATABASES)}, not {test.network}")
    if "partition" in carried(test.network):
        return system
    asked = parse(test.faults, system.fault_model, beyond_tolerance=True) if _named(test) else ()
    if any(name in NEED_CUTS for name in asked):
        raise UsageError("faults: partition needs a network that can be cut: --network namespaces")
    model = system.fault_model
    groups = {group: replace(tolerance, cut=False) for group, tolerance in model.groups.items()}
    return replace(system, fault_model=replace(model, groups=groups))


def _named(test: Test) -> bool:
    return test.faults not in (SWARM, NONE) and not test.schedule and not test.faults.endswith(".json")
