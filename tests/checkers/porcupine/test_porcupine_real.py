"""porcupine-py on Porcupine's own test histories, where they are at hand."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from splitbrain.checkers.porcupine import (
    Event,
    EventKind,
    Model,
    Operation,
    UnknownOutput,
    check_events,
    check_events_verbose,
)

DATA = Path(os.environ.get("SPLITBRAIN_DATA") or Path(__file__).resolve().parents[4] / "shared" / "data") / "porcupine"


def expected_verdicts() -> list[tuple[str, str]]:
    index = DATA / "INDEX.tsv"
    if not index.exists():
        return []
    rows = [line.split("\t") for line in index.read_text().splitlines()[1:]]
    return [(row[0], row[1]) for row in rows]


pytestmark = pytest.mark.skipif(not expected_verdicts(), reason=f"no data in {DATA}")


def cas_register_step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    function, *values = input
    if function == "read":
        return output == state, state
    if function == "write":
        return True, values[0]
    swapped = state == values[0]
    return output == swapped, values[1] if swapped else state


CAS_REGISTER = Model(init=lambda: None, step=cas_register_step)


def store_step(state: str, input: Any, output: Any) -> tuple[bool, str]:
    function, _, value = input
    if function == "get":
        return output == state, state
    return True, value if function == "put" else state + value


def by_key(operations: Sequence[Operation]) -> list[list[Operation]]:
    parts: dict[str, list[Operation]] = {}
    for operation in operations:
        parts.setdefault(operation.input[1], []).append(operation)
    return list(parts.values())


def events_by_key(events: Sequence[Event]) -> list[list[Event]]:
    key_of = {event.id: event.value[1] for event in events if event.kind is EventKind.CALL}
    parts: dict[str, list[Event]] = {}
    for event in events:
        parts.setdefault(key_of[event.id], []).append(event)
    return list(parts.values())


STORE = Model(init=lambda: "", step=store_step, partition=by_key, partition_event=events_by_key)


def paired(lines: Iterator[tuple[int, str, Any]]) -> list[Event]:
    """Events from (process, type, value). An `info` is no return; a `fail` without a value never happened."""
    events: list[Event] = []
    never: set[int] = set()
    open_calls: dict[int, int] = {}
    for process, kind, value in lines:
        if kind == "invoke":
            open_calls[process] = len(events)
            events.append(Event(process, EventKind.CALL, value, len(events)))
        elif kind == "fail" and value is None:
            never.add(open_calls.pop(process))
        elif kind != "info":
            events.append(Event(process, EventKind.RETURN, value, open_calls.pop(process)))
    return [event for event in events if event.id not in never]


def number(text: str) -> int | None:
    return None if text == "nil" else int(text)


def jepsen_lines(text: str) -> Iterator[tuple[int, str, Any]]:
    """A failed compare-and-set answers that it found another value."""
    for line in text.splitlines():
        match = re.search(r"(\d+)\s+:(\w+)\s+:(\w+)\s+(.*)$", line)
        if match is None:
            continue
        process, kind, function, value = int(match[1]), match[2], match[3], match[4]
        if kind == "invoke":
            arguments = [] if function == "read" else [number(word) for word in value.strip("[]").split()]
            yield process, kind, (function, *arguments)
        elif value != ":timed-out":
            yield process, kind, number(value) if function == "read" else kind == "ok"
        else:
            yield process, kind, None


def store_lines(text: str) -> Iterator[tuple[int, str, Any]]:
    pattern = re.compile(r':process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (nil|"(.*)")}')
    for line in text.splitlines():
        match = pattern.search(line)
        assert match, line
        process, kind, function, key, value = int(match[1]), match[2], match[3], match[4], match[6]
        yield process, kind, (function, key, value) if kind == "invoke" else value


def load(file: str) -> tuple[Model, list[Event]]:
    text = (DATA / file).read_text()
    if file.startswith("kv/"):
        return STORE, paired(store_lines(text))
    return CAS_REGISTER, paired(jepsen_lines(text))


@pytest.mark.parametrize(("file", "verdict"), expected_verdicts())
def test_verdict_is_the_expected_one(file: str, verdict: str) -> None:
    model, history = load(file)
    assert str(check_events(model, history, max_steps=3_000_000)) == verdict


@pytest.mark.parametrize("file", ["kv/c10-bad.txt", "jepsen/etcd_000.log"])
def test_partial_linearizations_replay(file: str) -> None:
    model, history = load(file)
    _, info = check_events_verbose(model, history, max_steps=3_000_000)
    for partials in info.partial_linearizations_operations():
        for partial in partials:
            state = model.init()
            for operation in partial:
                output = UnknownOutput([]) if operation.return_ is None else operation.output
                legal, state = model.step(state, operation.input, output)
                assert legal
