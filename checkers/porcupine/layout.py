"""Where everything goes in the picture of one partition: rows, columns and the points of linearizations.

A column is one instant at which something begins or ends: times are shown in order, not to scale, and only their exact
text reaches the page. An operation covers the columns from its call to its return, both included, as its interval does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .history import Operation, program_order
from .info import Annotation, Partition
from .model import Model, describe_operation
from .partials import Node, linearization
from .unknown import UnknownOutput, outcomes

MAX_PARTIALS = 20
MAX_TEXT = 300  # characters
MAX_ANNOTATIONS = 500

# Pixels.
_COLUMN, _POINT, _LETTER, _PADDING = 18, 16, 7.3, 16
_MAX_LETTERS = 30


def picture(model: Model, partition: Partition, annotations: Sequence[Annotation], limit: int) -> dict[str, Any]:
    """The picture of a partition, in JSON's types, with at most `limit` operations: those around its first error."""
    operations = partition.operations
    partials = [linearization(end) for end in partition.ends[:MAX_PARTIALS]]
    window = _window(operations, partials[0] if partials else [], limit)
    shown = {position: number for number, position in enumerate(window)}
    notes = _visible(annotations, [operations[position] for position in window], len(window) == len(operations))
    times = sorted(
        {time for position in window for time in _ends(operations[position].call, operations[position].return_)}
        | {time for note in notes for time in _ends(note.start, note.end)}
    )
    column_of = {time: column for column, time in enumerate(times)}
    spans = [_span(operations[position], column_of) for position in window]
    texts = [_describe(model, operations[position]) for position in window]
    states: dict[str, int] = {}
    paths = [_path(model, operations, partial, shown, spans, states) for partial in partials]
    client_rows, note_rows, labels = _rows([operations[position] for position in window], spans, notes, column_of)
    return {
        "operations": [
            _box(model, operations[position], client_rows[number], spans[number], texts[number])
            for number, position in enumerate(window)
        ],
        "annotations": [_note(note, note_rows[number], column_of) for number, note in enumerate(notes)],
        "rows": labels,
        "widths": _widths(len(times) + 1, spans, texts, paths),
        "partials": paths,
        "states": list(states),
        "hidden": len(operations) - len(window),
    }


def shorten(text: str) -> str:
    """A text of bounded length."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _window(operations: Sequence[Operation], longest: list[Node], limit: int) -> list[int]:
    order = program_order(operations)
    if len(order) <= limit:
        return order
    linearized = {node.operation for node in longest}
    stuck = (
        index
        for index, position in enumerate(order)
        if position not in linearized and operations[position].return_ is not None
    )
    first = max(0, min(next(stuck, 0) - limit * 3 // 4, len(order) - limit))
    return order[first : first + limit]


def _visible(annotations: Sequence[Annotation], operations: list[Operation], everything: bool) -> list[Annotation]:
    if not everything:
        first = min(operation.call for operation in operations)
        last = max(time for operation in operations for time in _ends(operation.call, operation.return_))
        annotations = [note for note in annotations if note.start <= last and _ends(note.start, note.end)[-1] >= first]
    return list(annotations[:MAX_ANNOTATIONS])


def _ends(start: int, end: int | None) -> tuple[int, ...]:
    return (start,) if end is None else (start, end)


def _span(operation: Operation, column_of: Mapping[int, int]) -> tuple[int, int]:
    end = len(column_of) if operation.return_ is None else column_of[operation.return_]
    return column_of[operation.call], end


def _describe(model: Model, operation: Operation) -> str:
    if operation.return_ is not None:
        return shorten(model.describe_operation(operation.input, operation.output))
    answers: list[bool] = []
    text = model.describe_operation(operation.input, UnknownOutput(answers))
    if answers:  # the text depends on what the output is: any one answer would be a guess
        text = describe_operation(operation.input, UnknownOutput([]))
    return shorten(text)


def _path(
    model: Model,
    operations: Sequence[Operation],
    partial: list[Node],
    shown: Mapping[int, int],
    spans: Sequence[tuple[int, int]],
    states: dict[str, int],
) -> dict[str, Any]:
    """A partial linearization: points (operation, column, state before, state after), and what cannot be next."""

    def text_of(state: Any) -> int:
        return states.setdefault(shorten(model.describe_state(state)), len(states))

    column, points = 0, []
    for node in partial:
        number = shown.get(node.operation)
        if number is not None:
            column = max(column, spans[number][0])
            before = model.init() if node.before is None else node.before.state
            points.append([number, column, text_of(before), text_of(node.state)])
    state = partial[-1].state
    illegal = [
        [shown[position], max(column, spans[shown[position]][0])]
        for position in _candidates(operations, {node.operation for node in partial})
        if position in shown and not _possible(model, state, operations[position])
    ]
    return {"length": len(partial), "points": points, "illegal": illegal}


def _candidates(operations: Sequence[Operation], linearized: set[int]) -> Iterable[int]:
    """The operations that real-time order allows to be next."""
    rest = [position for position in program_order(operations) if position not in linearized]
    returns = [end for position in rest if (end := operations[position].return_) is not None]
    deadline = min(returns, default=None)
    waiting: set[int] = set()  # clients with an earlier operation among the rest
    for position in rest:
        operation = operations[position]
        if deadline is not None and operation.call <= deadline and operation.client_id not in waiting:
            yield position
        waiting.add(operation.client_id)


def _possible(model: Model, state: Any, operation: Operation) -> bool:
    if operation.return_ is not None:
        return model.step(state, operation.input, operation.output)[0]
    return any(legal for legal, _ in outcomes(model.step, state, operation.input))


def _rows(
    operations: Sequence[Operation],
    spans: Sequence[tuple[int, int]],
    notes: Sequence[Annotation],
    column_of: Mapping[int, int],
) -> tuple[list[int], list[int], list[str]]:
    """The rows of the operations and of the annotations, and the labels of all rows: tags first, then clients."""
    groups: dict[tuple[int, Any, str], list[tuple[tuple[int, int], bool, int]]] = {}
    for number, note in enumerate(notes):
        group = (0, note.tag, note.tag) if note.tag else (1, (note.client_id, 1), f"client {note.client_id}: notes")
        span = column_of[note.start], column_of[_ends(note.start, note.end)[-1]]
        groups.setdefault(group, []).append((span, False, number))
    for number, operation in enumerate(operations):
        group = 1, (operation.client_id, 0), f"client {operation.client_id}"
        groups.setdefault(group, []).append((spans[number], True, number))
    operation_rows, note_rows, labels = [0] * len(operations), [0] * len(notes), list[str]()
    for group in sorted(groups):
        lanes: list[int] = []  # the last column taken in each row of the group: what touches is put on another row
        for (start, end), is_operation, number in sorted(groups[group]):
            lane = next((lane for lane, taken in enumerate(lanes) if taken < start), len(lanes))
            lanes[lane : lane + 1] = [end]
            (operation_rows if is_operation else note_rows)[number] = len(labels) + lane
        labels.extend(shorten(group[2]) if lane == 0 else "" for lane in range(len(lanes)))
    return operation_rows, note_rows, labels


def _widths(
    columns: int, spans: Sequence[tuple[int, int]], texts: Sequence[str], paths: Sequence[dict[str, Any]]
) -> list[int]:
    """Widths that let each column hold its points and each operation the beginning of its text."""
    widths = [_COLUMN] * columns
    for path in paths:
        crowd: dict[int, int] = {}
        for _, column, *_ in path["points"] + path["illegal"]:
            crowd[column] = crowd.get(column, 0) + 1
        for column, points in crowd.items():
            widths[column] = max(widths[column], (points + 1) * _POINT)
    ending_at: dict[int, list[tuple[int, int]]] = {}
    for (start, end), text in zip(spans, texts, strict=True):
        ending_at.setdefault(end, []).append((start, int(min(len(text), _MAX_LETTERS) * _LETTER) + _PADDING))
    left = [0]
    for column in range(columns):
        for start, needed in ending_at.get(column, ()):
            widths[column] = max(widths[column], needed - (left[column] - left[start]))
        left.append(left[column] + widths[column])
    return widths


def _box(model: Model, operation: Operation, row: int, span: tuple[int, int], text: str) -> dict[str, Any]:
    return {
        "row": row,
        "span": span,
        "text": text,
        "client": str(operation.client_id),
        "call": str(operation.call),
        "return": None if operation.return_ is None else str(operation.return_),
        "metadata": None if operation.metadata is None else shorten(model.describe_metadata(operation.metadata)),
    }


def _note(note: Annotation, row: int, column_of: Mapping[int, int]) -> dict[str, Any]:
    return {
        "row": row,
        "span": [column_of[note.start], column_of[_ends(note.start, note.end)[-1]]],
        "text": shorten(note.description),
        "details": shorten(note.details),
        "start": str(note.start),
        "end": None if note.end is None else str(note.end),
        "color": note.text_color,
        "background": note.background_color,
    }
