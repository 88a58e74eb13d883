"""The event log of a run: a rolling hash that two runs can be compared by, and the trace for people."""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from ....errors import ContractError
from ....systems.codec import tag
from ....systems.node import Message

Record = tuple[int, str, str, "str | None", object, int]
"""Time (nanoseconds), kind, node, source, what was handled, and for a message the time at which it was sent."""

CHUNK = 1024


class EventLog:
    """Append-only; `pending` holds what is not hashed yet, and is flushed by its owner once it reaches CHUNK."""

    def __init__(self, keep: bool) -> None:
        self.pending: list[Record] = []
        self._kept: list[Record] | None = [] if keep else None
        self._count = 0
        self._hash = hashlib.blake2b(digest_size=16)
        self._encode = msgspec.msgpack.Encoder().encode

    def flush(self) -> None:
        """Hash what is pending, and keep it if a trace was asked for."""
        self._hash.update(self._bytes())
        self._count += len(self.pending)
        if self._kept is not None:
            self._kept += self.pending
        self.pending.clear()

    def __len__(self) -> int:
        return self._count + len(self.pending)

    def hexdigest(self) -> str:
        """The hash of everything up to now."""
        whole = self._hash.copy()
        whole.update(self._bytes())
        return whole.hexdigest()

    def records(self) -> Iterator[dict[str, Any]]:
        """The kept events, in order, as JSON-like records: time, kind, src, dst, type, fields, and when it was sent."""
        for kept in (self._kept or (), self.pending if self._kept is not None else ()):
            for time, kind, node, src, subject, sent in kept:
                record: dict[str, Any] = {"time": time, "kind": kind, "src": src, "dst": node}
                if isinstance(subject, Message):
                    record |= {"sent": sent, "type": type(subject).__name__, "fields": _fields(subject)}
                else:
                    record |= {"type": str(subject) if isinstance(subject, str) else kind, "fields": _plain(subject)}
                yield record

    def _bytes(self) -> bytes:
        try:
            return self._encode(self.pending)
        except (OverflowError, TypeError, ValueError):
            raise self._unencodable() from None

    def _unencodable(self) -> ContractError:
        for time, _, node, src, subject, _ in self.pending:
            try:
                self._encode(subject)
            except (OverflowError, TypeError, ValueError) as error:
                what = tag(type(subject)) if isinstance(subject, Message) else "a value"
                return ContractError(f"{src or node} sent {what} to {node} at {time} ns that has no encoding: {error}")
        raise AssertionError("every event can be encoded by itself")


def _fields(message: Message) -> dict[str, object]:
    return {name: _plain(getattr(message, name)) for name in message.__struct_fields__}


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return {"type": type(value).__name__, **_fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    return value
