"""An external checker, started on a file in a format that it reads. Its time includes its start and its parser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.store import save

FORMATS: Final = ("splitbrain", "jepsen", "porcupine-kv", "porcupine-register")


def write(history: History, path: Path, format: str) -> bool:
    """Write the history in one of the FORMATS; false where that format cannot hold it.

    `splitbrain` and `jepsen` are ours (docs/histories.md). The others are the two that Porcupine's tests read:
    key-value operations as maps in EDN (put, append, get; all completed), and Jepsen's log of one register.
    """
    if format in ("splitbrain", "jepsen"):
        save(history, path, format)
        return True
    if format == "porcupine-kv":
        fit = all(operation.f != "cas" and operation.return_ is not None for operation in history)
        lines = _kv_lines
    else:
        strings = any(operation.f in ("get", "append") for operation in history)
        fit = not strings and len(history.by_key()) == 1
        lines = _register_lines
    if fit:
        path.write_text("".join(lines(history.events(), history)))
    return fit


_KV_NAMES: Final = {"read": "get", "write": "put"}


def _kv_lines(events: Iterator[Event], history: History) -> Iterator[str]:
    for event in events:
        operation = history.operations[_number(event)]
        kind, value = ("invoke", operation.input) if isinstance(event, Invocation) else ("ok", operation.output)
        if operation.f in ("write", "append"):
            value = operation.input
        text = "nil" if kind == "invoke" and value is None else f'"{"" if value is None else value}"'
        f = _KV_NAMES.get(operation.f, operation.f)
        yield f'{{:process {operation.process}, :type :{kind}, :f :{f}, :key "{operation.key}", :value {text}}}\n'


def _register_lines(events: Iterator[Event], history: History) -> Iterator[str]:
    for event in events:
        operation = history.operations[_number(event)]
        kind, value = "invoke", operation.input
        if isinstance(event, Completion):
            kind = "fail" if operation.f == "cas" and operation.output is False else "ok"
            value = operation.output if operation.f == "read" else value
        text = f"[{value[0]} {value[1]}]" if isinstance(value, tuple) else "nil" if value is None else str(value)
        yield f"INFO  jepsen.util - {operation.process}\t:{kind}\t:{operation.f}\t{text.replace('None', 'nil')}\n"


def _number(event: Event) -> int:
    assert isinstance(event, Invocation | Completion)
    return event.operation
