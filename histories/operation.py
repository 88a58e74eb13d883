"""One operation: a request by one process, from its invocation to its completion."""

from typing import Literal, TypeAlias

import msgspec

Value: TypeAlias = "bool | int | float | str | tuple[Value, ...] | None"
"""What keys, inputs and outputs are made of. A JSON list is read as a tuple, so that every value can be hashed."""

Outcome = Literal["ok", "fail", "info"]
"""`ok`: the system answered. `fail`: it certainly did not take effect. `info`: unknown, now, later or never."""


class Operation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation of a history.

    `call` and `return_` are positions in the order of the history's events: operation a precedes b in real time
    exactly if `a.return_ is not None and a.return_ < b.call`. `return_` is None when the outcome is unknown, also if
    a completion saying so was recorded. `invoked` and `completed` are times in nanoseconds of the world's clock, for
    display only.
    """

    index: int
    """Position among the operations of the history, in the order of their invocations."""
    process: int
    f: str
    key: Value = None
    input: Value = None
    output: Value = None
    outcome: Outcome = "info"
    call: int
    return_: int | None = None
    invoked: int
    completed: int | None = None
    node: str | None = None
    """The server or client node that the operation was sent through, where one is known."""
    error: str | None = None

    def precedes(self, other: "Operation") -> bool:
        """Whether this operation had returned before `other` was called."""
        return self.return_ is not None and self.return_ < other.call
