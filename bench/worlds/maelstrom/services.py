"""The services that Maelstrom offers to nodes: stores of keys and a source of timestamps, as further nodes.

What they do is decided by the random source that each is given.
"""

from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

import msgspec

from .requests import Body

REPLICAS = 5
"""Of the store in which the last write wins."""
STALE = 0.5
"""How often a read of the sequential store is answered from the past."""


class Service(Protocol):
    """A service: what it answers to a request of a node."""

    def answer(self, src: str, body: Body) -> Body: ...


def services(random: Mapping[str, Random]) -> dict[str, Service]:
    """Fresh services by name; `random` has a source for each of `NAMES`."""
    return {
        "lin-kv": Linearizable(),
        "seq-kv": Sequential(random["seq-kv"]),
        "lww-kv": LastWriteWins(random["lww-kv"]),
        "lin-tso": Timestamps(),
    }


NAMES = ("lin-kv", "seq-kv", "lww-kv", "lin-tso")


class Linearizable:
    """A store whose requests take effect one after the other."""

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}

    def answer(self, src: str, body: Body) -> Body:
        return carry_out(self._data, body)


class Sequential:
    """A store in which everybody sees the same order of updates, some of them late.

    Updates act on the newest state, which their client has seen from then on. Reads see any state that is not older
    than what their client has seen before.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._states: list[dict[str, Any]] = [{}]
        self._seen: dict[str, int] = {}

    def answer(self, src: str, body: Body) -> Body:
        newest = len(self._states) - 1
        if body["type"] == "read":
            seen = self._seen.get(src, 0)
            at = self._random.randint(seen, newest) if self._random.random() < STALE else newest
            self._seen[src] = at
            return carry_out(self._states[at], body)
        state = dict(self._states[newest])
        answer = carry_out(state, body)
        if answer["type"] != "error":
            self._states.append(state)
        self._seen[src] = len(self._states) - 1
        return answer


class LastWriteWins:
    """A store of several replicas, each of which answers by itself; two of them merge now and then."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._clock = 0
        self._replicas: list[dict[str, tuple[int, Any]]] = [{} for _ in range(REPLICAS)]

    def answer(self, src: str, body: Body) -> Body:
        self._clock += 1
        self._gossip()
        replica = self._random.choice(self._replicas)
        data = {key: value for key, (_, value) in replica.items()}
        answer = carry_out(data, body)
        if body["type"] != "read" and answer["type"] != "error":
            key = key_of(body)
            replica[key] = self._clock, data[key]
        return answer

    def _gossip(self) -> None:
        one, other = self._random.sample(self._replicas, 2)
        for key in one.keys() | other.keys():
            one[key] = other[key] = max((side[key] for side in (one, other) if key in side), key=lambda entry: entry[0])


class Timestamps:
    """Numbers that grow with every request."""

    def __init__(self) -> None:
        self._last = -1

    def answer(self, src: str, body: Body) -> Body:
        if body["type"] != "ts":
            return unknown(body)
        self._last += 1
        return {"type": "ts_ok", "ts": self._last}


def carry_out(data: dict[str, Any], body: Body) -> Body:
    """Do what the request asks for to the values by key, and give the reply."""
    type_ = body["type"]
    if type_ not in ("read", "write", "cas"):
        return unknown(body)
    wanted = {"read": ("key",), "write": ("key", "value"), "cas": ("key", "from", "to")}[type_]
    missing = [field for field in wanted if field not in body]
    if missing:
        return error(12, f"{type_} has no field {missing[0]}")
    key = key_of(body)
    if type_ == "write":
        data[key] = body["value"]
        return {"type": "write_ok"}
    if key not in data and not (type_ == "cas" and body.get("create_if_not_exists")):
        return error(20, "key does not exist")
    if type_ == "read":
        return {"type": "read_ok", "value": data[key]}
    if key in data and data[key] != body["from"]:
        return error(22, f"expected {body['from']!r}, but had {data[key]!r}")
    data[key] = body["to"]
    return {"type": "cas_ok"}


def key_of(body: Body) -> str:
    """The key of a request. The number 1 and the text "1" are two of them."""
    return msgspec.json.encode(body["key"]).decode()


def unknown(body: Body) -> Body:
    """The reply to a request that a service does not know."""
    return error(10, f"there is no request {body['type']} here")


def error(code: int, text: str) -> Body:
    """An error as a reply."""
    return {"type": "error", "code": code, "text": text}
