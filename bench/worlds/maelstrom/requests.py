"""Operations as requests of Maelstrom's protocol, and its replies as their outcomes."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ....histories.event import Invocation
from ....histories.value import to_value
from ...actions import Completed

Body = dict[str, Any]

DEFINITE: Mapping[int, str] = {
    1: "node not found",
    10: "not supported",
    11: "temporarily unavailable",
    12: "malformed request",
    14: "abort",
    20: "key does not exist",
    21: "key already exists",
    22: "precondition failed",
    30: "transaction conflict",
}
"""Errors that say that the operation has not happened and never will. After others nobody knows."""
INDEFINITE: Mapping[int, str] = {0: "timeout", 13: "crash"}
MISSING, MISMATCH = 20, 22
READS = frozenset({"ping", "read", "poll", "committed"})
"""Operations that change nothing: whether they have happened does not matter."""


class Kind(NamedTuple):
    """One kind of operation: the request's body, and what the reply to it says."""

    request: Callable[[Invocation], Body]
    output: Callable[[Invocation, Body], Any]


def request(workload: str, op: Invocation) -> Body:
    """The body of the request that stands for the operation, without its number."""
    return REQUESTS[workload][op.f].request(op)


def completed(workload: str, op: Invocation, reply: Body) -> Completed:
    """How an operation ended that was answered so."""
    if reply["type"] == "error":
        return _failed(workload, op, reply)
    try:
        return Completed(op.operation, "ok", to_value(REQUESTS[workload][op.f].output(op, reply)))
    except KeyError as error:
        problem = f"{reply['type']} has no field {error}"
    except (TypeError, ValueError, AttributeError) as error:
        problem = f"{reply['type']} cannot be read: {error}"
    return Completed(op.operation, "fail" if op.f in READS else "info", error=problem)


def _failed(workload: str, op: Invocation, reply: Body) -> Completed:
    code = reply.get("code")
    if workload == "lin_kv" and op.f == "read" and code == MISSING:
        return Completed(op.operation, "ok", None)
    if workload == "lin_kv" and op.f == "cas" and code in (MISSING, MISMATCH):
        return Completed(op.operation, "ok", False)
    number = code if isinstance(code, int) else 0
    name = DEFINITE.get(number) or INDEFINITE.get(number) or "an error of its own"
    words = f"error {code}: {name}" + (f": {text}" if (text := reply.get("text")) else "")
    return Completed(op.operation, "fail" if number in DEFINITE or op.f in READS else "info", error=words)


def _number(op: Invocation) -> int:
    """The key of a register as Maelstrom has them: x, y, z, k3 are 0, 1, 2, 3."""
    key = str(op.key)
    return "xyz".index(key) if key in "xyz" else int(key[1:])


def _swap(op: Invocation) -> Body:
    assert isinstance(op.input, tuple)
    return {"type": "cas", "key": _number(op), "from": op.input[0], "to": op.input[1]}


def _nothing(op: Invocation, reply: Body) -> None:
    return None


COUNTER = {
    "add": Kind(lambda op: {"type": "add", "delta": op.input}, _nothing),
    "read": Kind(lambda op: {"type": "read"}, lambda op, reply: reply["value"]),
}
REQUESTS: Mapping[str, Mapping[str, Kind]] = {
    "echo": {"ping": Kind(lambda op: {"type": "echo", "echo": op.input}, lambda op, reply: reply["echo"])},
    "unique_ids": {"generate": Kind(lambda op: {"type": "generate"}, lambda op, reply: reply["id"])},
    "broadcast": {
        "add": Kind(lambda op: {"type": "broadcast", "message": op.input}, _nothing),
        "read": Kind(lambda op: {"type": "read"}, lambda op, reply: list(reply["messages"])),
    },
    "g_set": {
        "add": Kind(lambda op: {"type": "add", "element": op.input}, _nothing),
        "read": Kind(lambda op: {"type": "read"}, lambda op, reply: list(reply["value"])),
    },
    "g_counter": COUNTER,
    "pn_counter": COUNTER,
    "lin_kv": {
        "read": Kind(lambda op: {"type": "read", "key": _number(op)}, lambda op, reply: reply["value"]),
        "write": Kind(lambda op: {"type": "write", "key": _number(op), "value": op.input}, _nothing),
        "cas": Kind(_swap, lambda op, reply: True),
    },
    "maelstrom_kafka": {
        "send": Kind(lambda op: {"type": "send", "key": op.key, "msg": op.input}, lambda op, reply: reply["offset"]),
        "poll": Kind(
            lambda op: {"type": "poll", "offsets": {op.key: op.input}},
            lambda op, reply: [[offset, message] for offset, message in reply["msgs"].get(op.key, ())],
        ),
        "commit": Kind(lambda op: {"type": "commit_offsets", "offsets": {op.key: op.input}}, _nothing),
        "committed": Kind(
            lambda op: {"type": "list_committed_offsets", "keys": [op.key]},
            lambda op, reply: reply["offsets"].get(op.key, 0),
        ),
    },
}
"""By workload and f."""
