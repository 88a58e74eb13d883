"""Maelstrom's requests as operations of the bundled systems, and their outputs as replies."""

from collections.abc import Sequence
from typing import NamedTuple

from ....histories.operation import Outcome, Value
from ....histories.value import to_json, to_value
from .requests import Body
from .services import error

FAILED, UNKNOWN = 14, 13
"""The errors that stand for an operation that has not happened, and for one of which nobody knows."""


class Asked(NamedTuple):
    """An operation: its f, key and input."""

    f: str
    key: Value = None
    input: Value = None


def operations_of(body: Body) -> Sequence[Asked] | None:
    """What a request asks for, one operation after the other; None if there is no such request.

    Raises KeyError if a field is missing, and ValueError or AttributeError if one cannot be read.
    """
    key = to_value(body.get("key"))
    match body["type"]:
        case "echo":
            return [Asked("ping", None, to_value(body["echo"]))]
        case "generate":
            return [Asked("generate")]
        case "broadcast":
            return [Asked("add", None, to_value(body["message"]))]
        case "add":
            return [Asked("add", None, to_value(body["delta"] if "delta" in body else body["element"]))]
        case "read":
            return [Asked("read", key)]
        case "write":
            return [Asked("write", key, to_value(body["value"]))]
        case "cas":
            return [Asked("cas", key, (to_value(body["from"]), to_value(body["to"])))]
        case "send":
            return [Asked("send", key, to_value(body["msg"]))]
        case "poll":
            return [Asked("poll", one, to_value(offset)) for one, offset in body["offsets"].items()]
        case "commit_offsets":
            return [Asked("commit", one, to_value(offset)) for one, offset in body["offsets"].items()]
        case "list_committed_offsets":
            return [Asked("committed", one) for one in body["keys"]]
    return None


def reply_of(body: Body, asked: Sequence[Asked], outputs: Sequence[Value]) -> Body:
    """The reply to a request whose operations had these outputs."""
    type_ = body["type"]
    given = [to_json(output) for output in outputs]
    by_key = dict(zip((one.key for one in asked), given, strict=True))
    fields: Body = {}
    match type_:
        case "echo":
            fields = {"echo": given[0]}
        case "generate":
            fields = {"id": given[0]}
        case "read" if "key" in body and given[0] is None:
            return error(20, "key does not exist")
        case "read":
            fields = {"value": given[0], "messages": given[0]} if isinstance(given[0], list) else {"value": given[0]}
        case "cas" if not given[0]:
            return error(22, f"it was not {body['from']!r}")
        case "send":
            fields = {"offset": given[0]}
        case "poll":
            fields = {"msgs": by_key}
        case "list_committed_offsets":
            fields = {"offsets": by_key}
    return {"type": f"{type_}_ok", **fields}


def failure(outcome: Outcome, words: str | None) -> Body:
    """The reply to a request of which an operation ended otherwise than well."""
    return error(FAILED if outcome == "fail" else UNKNOWN, words or outcome)
