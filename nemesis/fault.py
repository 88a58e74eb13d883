"""A fault is data: what, on whom, when, for how long."""

from typing import Final, Literal

import msgspec

Family = Literal["partition", "kill", "pause", "messages.loss", "messages.duplicate", "messages.delay"]

Moment = Literal["invoke", "complete", "role", "before_send", "after_send", "deliver", "sync_start", "sync_done"]


class Trigger(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """Fire at the n-th time that something happens, instead of at a time.

    `moment` says what: an operation is invoked or completed (`type` is its f), a node takes the role `type`, or, where
    nodes are ours, a message of class `type` is about to be sent, was sent, or is delivered, or a sync starts or has
    finished (`type` is the class whose handler asked for it). An empty `type` matches all. `after` is the earliest
    time that counts, in nanoseconds.
    """

    moment: Moment
    type: str = ""
    n: int = 1
    after: int = 0


class Fault(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One fault and its undo, before it is known whom it hits.

    `unit` numbers the faults of a run from 0. `on` is a selector: `one`, `minority`, `majority`, `primaries`, `all`,
    `trigger` (the node at which the trigger fired) or node names joined by commas. `shape` is the name of a partition
    shape. `at` is a time in nanoseconds or a trigger, `lasts` how long until it is undone, in nanoseconds. `rate` is
    the probability per message, `delay` the largest extra delay per message in nanoseconds, for message faults.
    """

    unit: int
    family: Family
    at: int | Trigger
    lasts: int
    on: str = "all"
    shape: str = ""
    rate: float = 0.0
    delay: int = 0


class Unit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fault with its resolved targets, as it was carried out.

    `nodes` are the nodes killed or paused; `grudge` the directed links that drop, `(src, dst)`; message faults act on
    `grudge` too. `downgraded` says what the fault model made of a fault beyond it ("" if nothing).
    """

    fault: Fault
    nodes: tuple[str, ...] = ()
    grudge: tuple[tuple[str, str], ...] = ()
    downgraded: str = ""


class Effect(msgspec.Struct, kw_only=True, gc=False):
    """What one unit did: how often it mattered, and to what.

    `count` is the number of messages dropped, delayed or duplicated, or of nodes killed or stopped. A unit with count
    0 had no effect. `detail` names the targets in one phrase.
    """

    unit: int
    family: Family
    started: int | None = None
    stopped: int | None = None
    targets: tuple[str, ...] = ()
    count: int = 0
    downgraded: str = ""
    detail: str = ""


DONE: Final[dict[Family, tuple[str, str]]] = {
    "partition": ("message dropped", "messages dropped"),
    "kill": ("node killed", "nodes killed"),
    "pause": ("node paused", "nodes paused"),
    "messages.loss": ("message lost", "messages lost"),
    "messages.duplicate": ("message duplicated", "messages duplicated"),
    "messages.delay": ("message delayed", "messages delayed"),
}
"""What an effect's count counts, by family: one, and many."""

NO_TARGET: Final = "no target"
"""How the detail of a fault begins that found nobody to hit."""
