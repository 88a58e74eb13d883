"""A test as data: everything that decides what a run does."""

import hashlib

import msgspec

from ..errors import UsageError
from ..nemesis.fault import Fault
from .hosts import Remote

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """One test. Two runs of equal tests in the simulated world are equal to the byte.

    `system` and `workload` are names (or `module:attribute`), `faults` is `swarm`, `none`, fault families joined by
    commas, or the name of the file that `schedule` was read from, `network` what connects the nodes of the local
    world. `operations` is how many the clients invoke in the fault phase at most, `time` the longest that phase may
    take, `timeout` the deadline of one operation (both nanoseconds). `beyond_tolerance` lifts the fault model: then
    only safety is judged. `stop_on_violation` ends the run at the first violation that a checker or a monitor sees.
    `remote` says which hosts the remote world has. `rate` is how many operations are invoked each second on average in
    the fault phase; None: as many as suit the workload. `options` are the settings of the system by name, `binaries`
    the paths of the programs that it is made of, where they were chosen.

    Raises UsageError for a number below 1 where there must be something.
    """

    __test__ = False  # not a test case, whatever its name says to a collector

    system: str
    workload: str
    seed: int
    bug: str | None = None
    faults: str = "swarm"
    world: str = "simulated"
    network: str = "loopback"
    servers: int = 3
    clients: int = 5
    keys: int = 3
    operations: int = 100
    time: int = 20 * SECOND
    timeout: int = SECOND
    beyond_tolerance: bool = False
    stop_on_violation: bool = False
    schedule: tuple[Fault, ...] = ()
    rate: int | None = None
    options: tuple[tuple[str, str], ...] = ()
    binaries: tuple[tuple[str, str], ...] = ()
    remote: Remote | None = None

    def __post_init__(self) -> None:
        for name in ("servers", "clients", "keys", "operations", "time", "timeout"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}: a test needs at least 1")
        if self.rate is not None and self.rate < 1:
            raise UsageError(f"rate is {self.rate}: a test needs at least 1")


def run_id(test: Test) -> str:
    """The name of the test's run directory: twelve hexadecimal digits of a hash of its data.

    Going on to the end is not part of it, so that a run keeps its name whether or not it could have been stopped, and
    neither are the workload's own rate, the loopback interface, and what was not chosen.
    """
    data = msgspec.to_builtins(test)
    if not test.stop_on_violation:
        del data["stop_on_violation"]
    if test.rate is None:
        del data["rate"]
    if test.network == "loopback":
        del data["network"]
    for name in ("options", "binaries"):
        if not data[name]:
            del data[name]
    if test.remote is None:
        del data["remote"]
    return hashlib.blake2b(msgspec.json.encode(data), digest_size=6).hexdigest()
