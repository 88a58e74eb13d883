"""A fault is data: what, on whom, when, for how long."""

from typing import Final, Literal

import msgspec

from ..histories.operation import Value

Family = Literal[
    "partition",
    "kill",
    "pause",
    "messages.loss",
    "messages.duplicate",
    "messages.delay",
    "messages.hold",
    "crash",
    "disk.loss",
    "disk.reorder",
    "disk.torn",
    "clock.drift",
    "clock.jump",
    "admin",
    "cpu.slow",
    "files.limit",
    "files.errors",
    "files.full",
    "packets.loss",
    "packets.delay",
    "packets.duplicate",
    "packets.reorder",
    "packets.corrupt",
    "packets.bandwidth",
    "packets.reset",
]

Moment = Literal[
    "invoke", "complete", "role", "before_send", "after_send", "deliver", "sync_start", "sync_done", "start", "stop"
]


class Trigger(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """Fire at the n-th time that something happens, instead of at a time.

    `moment` says what: an operation is invoked or completed (`type` is its f), a node takes the role `type`, or, where
    nodes are ours, a message of class `type` is about to be sent, was sent, or is delivered, or a sync starts or has
    finished (`type` is the class whose handler asked for it). An empty `type` matches all. `after` is the earliest
    time that counts, in nanoseconds.

    `node` restricts this to a moment at certain nodes: node names joined by commas, `primaries` (a node that leads at
    that moment), `unit:3` (those that unit 3 hit) or `others:3` (all but those); empty means any.

    Steps follow each other by `follows`: only what happens after that unit of the plan has begun counts. The moments
    `start` and `stop` are when the unit `follows` begins and ends. `wait` is how long after the moment the fault
    begins, in nanoseconds.
    """

    moment: Moment
    type: str = ""
    n: int = 1
    after: int = 0
    node: str = ""
    follows: int | None = None
    wait: int = 0


class Fault(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One fault and its undo, before it is known whom it hits.

    `unit` numbers the faults of a run from 0. `on` is a selector: `one`, `minority`, `majority`, `primaries`, `all`,
    `trigger` (the node at which the trigger fired), `role:NAME` (those in that role), `group` (all of one group),
    `unit:3` (those that unit 3 hit), `others:3` (the servers that it did not hit) or node names joined by commas.
    `shape` is the name of a partition shape or, for faults of messages and packets, which of them: `requests` of
    clients, `replies` to them, those between `servers`, all if empty; `type` limits messages to a class. `at` is a time
    in nanoseconds or a trigger, `lasts` how long until it is undone, in nanoseconds, unless the trigger `until` comes
    first.

    `rate` is the probability per message or packet, how much faster or slower clocks run at most (0.01: one percent),
    or for which share of the time slow servers stand still. `delay` is the largest extra delay per message or of its
    duplicate, how long packets are delayed, or how far clocks step at most, in nanoseconds. `jitter` is how much more
    or less packets may be delayed, in nanoseconds, `bandwidth` how many bytes pass in a second.
    For administrative operations `type` is the name of the operation; empty: one of them.
    """

    unit: int
    family: Family
    at: int | Trigger
    lasts: int
    on: str = "all"
    shape: str = ""
    rate: float = 0.0
    delay: int = 0
    jitter: int = 0
    bandwidth: int = 0
    type: str = ""
    until: Trigger | None = None


class Unit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fault with its resolved targets, as it was carried out.

    `nodes` are the nodes killed, paused, slow or limited, or whose clocks go wrong; `grudge` the directed links that
    drop, `(src, dst)`; faults of messages and packets act on `grudge` too. `chosen` are the nodes that were aimed at.
    `amounts` are, for each of `nodes`, how much faster its clock runs (parts per billion) or how far it steps
    (nanoseconds). `operation` and `input` are what an administrative operation asks for. `downgraded` says what the
    fault model made of a fault beyond it ("" if nothing).
    """

    fault: Fault
    nodes: tuple[str, ...] = ()
    grudge: tuple[tuple[str, str], ...] = ()
    downgraded: str = ""
    chosen: tuple[str, ...] = ()
    amounts: tuple[int, ...] = ()
    operation: str = ""
    input: Value = None


class Effect(msgspec.Struct, kw_only=True, gc=False):
    """What one unit did: how often it mattered, and to what.

    `count` is the number of messages or packets dropped, delayed, kept back or duplicated, of nodes killed, stopped or
    whose clocks went wrong, or of administrative operations that were answered ok; of milliseconds that slow nodes
    stood still in all, of processes whose open files were limited, and of syncs and writes that failed. A unit with
    count 0 had no effect. `detail` names the targets in one phrase. `packets` says that packets were counted instead of
    messages.
    """

    unit: int
    family: Family
    started: int | None = None
    stopped: int | None = None
    targets: tuple[str, ...] = ()
    count: int = 0
    downgraded: str = ""
    detail: str = ""
    packets: bool = False

    @property
    def done(self) -> str:
        """What it did in words, such as `3 nodes killed`."""
        if not self.count:
            return "no effect"
        words = DONE[self.family][self.count != 1]
        return f"{self.count:,} {words.replace('message', 'packet') if self.packets else words}"


DONE: Final[dict[Family, tuple[str, str]]] = {
    "partition": ("message dropped", "messages dropped"),
    "kill": ("node killed", "nodes killed"),
    "pause": ("node paused", "nodes paused"),
    "messages.loss": ("message lost", "messages lost"),
    "messages.duplicate": ("message duplicated", "messages duplicated"),
    "messages.delay": ("message delayed", "messages delayed"),
    "messages.hold": ("message kept back", "messages kept back"),
    "crash": ("node stopped for good", "nodes stopped for good"),
    "disk.loss": ("node killed, its disk lost", "nodes killed, their disks lost"),
    "disk.reorder": ("node killed in the middle of its writes", "nodes killed in the middle of their writes"),
    "disk.torn": ("node killed in the middle of a write", "nodes killed in the middle of a write"),
    "clock.drift": ("clock drifting", "clocks drifting"),
    "clock.jump": ("clock wrong", "clocks wrong"),
    "admin": ("operation done", "operations done"),
    "cpu.slow": ("ms taken from a processor", "ms taken from processors"),
    "files.limit": ("limit of open files lowered", "limits of open files lowered"),
    "files.errors": ("sync failed", "syncs failed"),
    "files.full": ("write found no space", "writes found no space"),
    "packets.loss": ("packet lost", "packets lost"),
    "packets.delay": ("packet delayed", "packets delayed"),
    "packets.duplicate": ("packet duplicated", "packets duplicated"),
    "packets.reorder": ("packet overtaken", "packets overtaken"),
    "packets.corrupt": ("packet corrupted", "packets corrupted"),
    "packets.bandwidth": ("packet slowed down", "packets slowed down"),
    "packets.reset": ("connection reset", "connections reset"),
}
"""What an effect's count counts, by family: one, and many."""

NO_TARGET: Final = "no target"
"""How the detail of a fault begins that found nobody to hit."""
