"""What passes between the runner, which decides, and a world, which does.

The runner is a state machine without I/O: `next(now)` gives actions, `handle(event, now)` takes what came of them.
"""

from dataclasses import dataclass
from typing import TypeAlias

from ..histories.event import Invocation
from ..histories.operation import Outcome, Value
from ..nemesis.fault import Fault, Unit


@dataclass(frozen=True, slots=True)
class Invoke:
    """Hand the operation to the client of this thread. Its invocation is already in the journal."""

    thread: int
    op: Invocation


@dataclass(frozen=True, slots=True)
class Discard:
    """Throw the thread's client away; a fresh one, of the next epoch, takes its place. Late answers are dropped."""

    thread: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Watch for the fault's trigger, and inject it there and then. Answered by `Injected` if it fires."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Inject:
    """Resolve the fault's targets and begin it now. Answered by `Injected`."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Undo:
    """End a unit: reconnect, restart or resume what it hit. Answered by `Undone`."""

    unit: int


@dataclass(frozen=True, slots=True)
class Heal:
    """End every unit, disarm every trigger, restart and resume every node. Answered by `Healed`."""


Action: TypeAlias = Invoke | Discard | Arm | Inject | Undo | Heal


@dataclass(frozen=True, slots=True)
class Completed:
    """A client answered. Ignored by the runner if the operation is no longer open."""

    operation: int
    outcome: Outcome
    output: Value = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Injected:
    unit: Unit


@dataclass(frozen=True, slots=True)
class Undone:
    unit: int


@dataclass(frozen=True, slots=True)
class Healed:
    pass


@dataclass(frozen=True, slots=True)
class Lost:
    """The machine of a server cannot be reached any more: the server is down for good, and by no fault of the plan."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True)
class InvariantBroken:
    monitor: str
    sentence: str
    node: str


Report: TypeAlias = Completed | Injected | Undone | Healed | Lost | InvariantBroken
