"""What a journal holds: invocations, completions and nemesis events, in the order in which they happened."""

from typing import TypeAlias

import msgspec

from .operation import Outcome, Value


class Invocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A process asks for `f` on `key` with `input`. Recorded before anything is sent.

    `operation` numbers the invocations of one history from 0. `time` is in nanoseconds of the world's clock.
    """

    operation: int
    process: int
    f: str
    key: Value = None
    input: Value = None
    time: int
    node: str | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer to the invocation of the same `operation` number, recorded after it arrived."""

    operation: int
    process: int
    outcome: Outcome
    output: Value = None
    time: int
    error: str | None = None


class NemesisEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fault began (`start`), ended (`stop`), or everything was healed (`heal`).

    `unit` is the number of the fault in the run's plan (None for `heal`), `fault` its family, `targets` the nodes it
    hit, `detail` one short phrase for people.
    """

    what: str
    time: int
    unit: int | None = None
    fault: str | None = None
    targets: tuple[str, ...] = ()
    detail: str | None = None


Event: TypeAlias = Invocation | Completion | NemesisEvent
