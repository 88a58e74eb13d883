"""The page of porcupine-py: deterministic, offline, escaped, of bounded size."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from splitbrain.checkers.porcupine import (
    Annotation,
    LinearizationInfo,
    Model,
    Operation,
    check_operations_verbose,
    visualize,
    visualize_path,
)

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)> & \u2028\u2029 {{data}} {{visualization.js}} \ud800"
)
MODEL = Model(
    init=lambda: 0,
    step=lambda state, input, output: (output == state, state) if input is None else (True, input),
    describe_state=lambda state: f"state {state}",
)


def page_of(history: list[Operation], *annotations: Annotation, model: Model = MODEL, **options: Any) -> str:
    _, info = check_operations_verbose(model, history, **options)
    info.add_annotations(annotations)
    file = io.StringIO()
    visualize(model, info, file)
    return file.getvalue()


def data_of(page: str) -> Any:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert match
    return json.loads(match[1])


HISTORY = [
    Operation(0, 1, 0, None, 4, metadata={"node": "n1"}),
    Operation(1, 2, 1, None, None),
    Operation(2, None, 2, 2, 5),
    Operation(0, None, 6, 7, 8),
]


def test_says_what_happened() -> None:
    data = data_of(page_of(HISTORY))
    assert data["result"] == "Illegal"
    (partition,) = data["partitions"]
    assert partition["rows"] == ["client 0", "client 1", "client 2"]
    assert [box["text"] for box in partition["operations"]] == ["1 → None", "2 → unknown", "None → 2", "None → 7"]
    assert partition["operations"][0]["metadata"] == "{'node': 'n1'}"
    assert partition["operations"][1]["return"] is None
    longest = partition["partials"][0]
    assert [point[0] for point in longest["points"]] == [0, 1, 2]
    assert [partition["states"][point[3]] for point in longest["points"]] == ["state 1", "state 2", "state 2"]
    assert [number for number, _ in longest["illegal"]] == [3]


def test_points_lie_within_their_operations_in_order() -> None:
    for path in data_of(page_of(HISTORY))["partitions"][0]["partials"]:
        columns = [column for _, column, *_ in path["points"]]
        assert columns == sorted(columns)
    (partition,) = data_of(page_of(HISTORY))["partitions"]
    for path in partition["partials"]:
        for number, column, *_ in path["points"]:
            start, end = partition["operations"][number]["span"]
            assert start <= column <= end < len(partition["widths"])


def test_nothing_from_the_history_becomes_html() -> None:
    hostile = Model(
        init=lambda: 0,
        step=MODEL.step,
        describe_operation=lambda input, output: HOSTILE,
        describe_state=lambda state: HOSTILE,
        describe_metadata=lambda metadata: HOSTILE,
    )
    note = Annotation(start=1, end=2, tag=HOSTILE, description=HOSTILE, details=HOSTILE)
    page = page_of(HISTORY, note, model=hostile)
    harmless = page_of(HISTORY, Annotation(start=1, end=2, tag="t", description="d", details="e"))
    for mark in ("<script", "</script", "<img", "&", "\u2028", "\u2029"):
        assert page.count(mark) == harmless.count(mark)
    page.encode("utf-8")
    (partition,) = data_of(page)["partitions"]
    assert partition["operations"][0]["text"] == HOSTILE
    assert partition["rows"][0] == HOSTILE


def test_the_script_sets_text_only() -> None:
    page = page_of(HISTORY)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in page
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert "default-src 'none'" in page


def test_colours_are_only_colours() -> None:
    Annotation(start=0, client_id=1, description="d", background_color="#ffcc00", text_color="rgb(0, 10, 20)")
    with pytest.raises(ValueError, match="colour"):
        Annotation(start=0, client_id=1, description="d", background_color="url(https://example.org/x)")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"start": 5, "end": 4, "tag": "t"}, "before its start"),
        ({"start": 5}, "tag or a client_id"),
        ({"start": 0.5, "tag": "t"}, "integers"),
    ],
)
def test_malformed_annotations(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Annotation(description="d", **fields)


def test_annotations_have_rows_of_their_own() -> None:
    notes = [
        Annotation(start=1, end=3, tag="nemesis", description="partition"),
        Annotation(start=2, end=9, tag="nemesis", description="kill"),
        Annotation(start=4, client_id=1, description="retry"),
    ]
    (partition,) = data_of(page_of(HISTORY, *notes))["partitions"]
    assert partition["rows"] == ["nemesis", "", "client 0", "client 1", "client 1: notes", "client 2"]
    assert [note["row"] for note in partition["annotations"]] == [0, 1, 4]


def test_nanoseconds_keep_their_digits() -> None:
    start = 2**62 + 1
    history = [Operation(0, 1, start, None, start + 1), Operation(1, None, start + 2, 0, start + 3)]
    (partition,) = data_of(page_of(history))["partitions"]
    assert [box["call"] for box in partition["operations"]] == ["4611686018427387905", "4611686018427387907"]
    assert [box["span"] for box in partition["operations"]] == [[0, 1], [2, 3]]


def test_operations_that_touch_do_not_cover_each_other() -> None:
    history = [Operation(0, 1, 0, None, 5), Operation(0, 2, 5, None, 9), Operation(0, 3, 20, None, 21)]
    (partition,) = data_of(page_of(history))["partitions"]
    assert [box["row"] for box in partition["operations"]] == [0, 1, 0]


def test_the_text_of_a_pending_operation_claims_no_output() -> None:
    model = Model(init=MODEL.init, step=MODEL.step, describe_operation=lambda input, output: "ok" if output else "fail")
    (partition,) = data_of(page_of([Operation(0, 1, 0)], model=model))["partitions"]
    assert partition["operations"][0]["text"] == "1 → unknown"


def test_size_is_bounded() -> None:
    history = [Operation(0, number, 2 * number, None, 2 * number + 1) for number in range(3_000)]
    history.append(Operation(1, None, 5_001, "x" * 100_000, 5_002))
    page = page_of(history)
    (partition,) = data_of(page)["partitions"]
    assert len(partition["operations"]) == 1_000
    assert partition["hidden"] == 2_001
    assert any(number in range(1_000) for number, _ in partition["partials"][0]["illegal"])
    assert len(page) < 1_000_000


def test_partitions_beyond_the_bound_are_counted() -> None:
    model = Model(init=MODEL.init, step=MODEL.step, partition=lambda operations: [[one] for one in operations])
    history = [Operation(number, 1, 0, None, 1) for number in range(5_500)]
    history.append(Operation(9_999, None, 0, 7, 1))
    data = data_of(page_of(history, model=model, all_partitions=True))
    assert data["partitions"][0]["result"] == "Illegal"
    assert data["partitions"][0]["number"] == 5_500
    assert data["hidden_partitions"] == 501


def test_the_reason_of_an_unknown_result_is_shown() -> None:
    data = data_of(page_of(HISTORY, max_steps=2))
    assert data["result"] == "Unknown"
    assert data["reason"] == "max_steps reached in partition 0, after 2 steps"


def test_an_empty_history_has_a_page() -> None:
    assert data_of(page_of([]))["result"] == "Ok"


def test_same_input_gives_same_bytes(tmp_path: Path) -> None:
    program = """
import sys
from splitbrain.checkers.porcupine import *
model = NondeterministicModel(
    init=lambda: ["a", "b", "c"],
    step=lambda state, input, output: ["a", "b", input] if output == "done" else [state] if output == state else [],
).to_model()
history = [Operation(n, "xyz"[n % 3], n // 4, "done", n // 4 + 3) for n in range(0, 24, 4)]
history += [Operation(50, "w", 2), Operation(60, None, 30, "q", 31)]
_, info = check_operations_verbose(model, history)
visualize_path(model, info, sys.argv[1])
"""
    pages = []
    for seed in ("1", "2", "3"):
        path = tmp_path / f"{seed}.html"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", program, str(path)], check=True, env=environment)
        pages.append(path.read_bytes())
    assert len(set(pages)) == 1
    assert b"\r" not in pages[0]


def test_writes_to_a_path(tmp_path: Path) -> None:
    _, info = check_operations_verbose(MODEL, HISTORY)
    assert isinstance(info, LinearizationInfo)
    visualize_path(MODEL, info, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page_of(HISTORY)
