"""A simulated system that a test steps through, with the shorthands that scenarios need."""

from itertools import count
from typing import Any

import msgspec

from splitbrain.bench.actions import Arm, Completed, Inject, InvariantBroken, Invoke, Undo
from splitbrain.bench.worlds.simulated import Simulation
from splitbrain.histories.event import Invocation
from splitbrain.histories.operation import Value
from splitbrain.nemesis.fault import Fault, Trigger
from splitbrain.systems.system import System

MS = 1_000_000
SECOND = 1000 * MS


class Cluster:
    """Servers and clients of a system, after `settle` milliseconds in which they find together.

    Faults go as far as the test wants, beyond the fault model too. A broken invariant fails the test.
    """

    def __init__(
        self,
        system: System,
        seed: int = 1,
        servers: int | None = None,
        clients: int = 2,
        bug: str | None = None,
        settle: float = 200,
        **options: Any,
    ) -> None:
        options = {"beyond_tolerance": True, **options}
        deployment = system.deploy(system.servers if servers is None else servers, bug)
        self.sim = Simulation(deployment, clients, seed, model=system.fault_model, monitors=system.monitors, **options)
        self.answers: dict[int, Completed] = {}
        self._operations, self._units = count(), count()
        self.run(settle)

    def server(self, role: str) -> str:
        """The one server in this role."""
        [name] = [name for name, believed in self.sim.roles().items() if believed == role]
        return name

    def invoke(self, f: str, input: Value = None, key: Value = "x", thread: int = 0) -> int:
        """Have a client begin an operation; its number."""
        op = Invocation(operation=next(self._operations), process=thread, f=f, key=key, input=input, time=self.sim.now)
        self.sim.perform(Invoke(thread, op))
        return op.operation

    def run(self, ms: float, until: int | None = None) -> None:
        """Let time pass, until it is over or the operation `until` is answered."""
        end = self.sim.now + round(ms * MS)
        while self.sim.now < end and (until is None or until not in self.answers):
            for report in self.sim.advance(end):
                assert not isinstance(report, InvariantBroken), report.sentence
                if isinstance(report, Completed):
                    self.answers[report.operation] = report

    def ask(self, f: str, input: Value = None, key: Value = "x", thread: int = 0) -> Value:
        """The output of an operation, which must be answered within two seconds."""
        operation = self.invoke(f, input, key, thread)
        self.run(2000, until=operation)
        assert operation in self.answers, f"{f} was not answered"
        return self.answers[operation].output

    def inject(self, family: str, on: str, **fields: Any) -> int:
        """Begin a fault, or have it begin at the trigger `at`; its number."""
        unit = next(self._units)
        fault = Fault(**{"unit": unit, "family": family, "at": 0, "lasts": 0, "on": on, **fields})
        self.sim.perform(Arm(fault) if isinstance(fault.at, Trigger) else Inject(fault))
        return unit

    def undo(self, unit: int) -> None:
        self.sim.perform(Undo(unit))

    def disk_use(self, name: str) -> int:
        """How many bytes of keys and values the disk of a server holds."""
        return len(msgspec.msgpack.encode(self.sim._hosts[name].disk.visible))

    def deliveries(self, type: str, after: int = 0, **fields: str) -> int:
        """How many messages of the class were delivered since then, with these values in the trace."""
        return sum(
            record["kind"] == "deliver"
            and record["type"] == type
            and record["time"] >= after
            and all(record[name] == value for name, value in fields.items())
            for record in self.sim.trace
        )
