"""The data behind the timeline."""

from typing import Any

from handmade import MS, Step, build, judge, record

from splitbrain.histories.event import NemesisEvent
from splitbrain.histories.history import History
from splitbrain.reports.timeline import timeline

STEPS: list[Step] = [
    (0, "write", 4, None, "ok", 0, 10),
    (1, "write", 7, None, "info", 20, 30),
    (4, "read", None, 4, "ok", 40, 50),
    (2, "read", None, None, "info", 60, None),
]


def data(history: History, **changed: object) -> Any:
    evidence = judge(history, "stale read", [0, 2]).evidence
    return timeline(record(**changed), history, evidence)


def test_a_thread_keeps_its_row_when_its_process_changes() -> None:
    found = data(build(STEPS), clients=3)
    assert [row["name"] for row in found["rows"]] == ["client 0", "client 1", "client 2"]
    assert found["operations"]["row"] == [0, 1, 1, 2]
    assert found["operations"]["process"] == [0, 1, 4, 2]


def test_without_threads_every_process_has_a_row() -> None:
    assert [row["name"] for row in data(build(STEPS), clients=0)["rows"]] == [f"process {n}" for n in (0, 1, 2, 4)]


def test_columns_refer_to_one_table_of_texts() -> None:
    found = data(build(STEPS))
    columns, texts = found["operations"], found["texts"]
    assert [texts[n] for n in columns["request"]] == ["write 4", "write 7", "read", "read"]
    assert [texts[n] for n in columns["answer"]] == ["done", "no answer", "4", "no answer"]
    assert columns["outcome"] == [0, 2, 0, 2]
    assert columns["stop"] == [10 * MS, 30 * MS, 50 * MS, None]
    assert len(set(texts)) == len(texts)


def test_times_are_relative_to_the_start_of_the_run() -> None:
    found = data(build(STEPS), started_at=-5 * MS, healed_at=20 * MS, ended_at=100 * MS)
    assert found["operations"]["start"][0] == 5 * MS
    assert (found["healed"], found["end"]) == (25 * MS, 105 * MS)
    assert (found["evidence"][0]["start"], found["evidence"][0]["stop"]) == (5 * MS, 55 * MS)


def test_faults_that_overlap_have_lanes_of_their_own() -> None:
    times = [(0, "partition", 0, 50), (1, "partition", 20, 30), (2, "partition", 60, 70), (3, "kill", 0, 10)]
    nemesis = [
        NemesisEvent(what=what, time=time * MS, unit=unit, fault=fault, targets=("s1",))
        for unit, fault, start, stop in times
        for what, time in (("start", start), ("stop", stop))
    ]
    nemesis.sort(key=lambda event: event.time)
    found = data(build(STEPS, nemesis=nemesis))["faults"]
    assert [(fault["family"], fault["lane"], fault["start"]) for fault in found] == [
        ("kill", 0, 0),
        ("partition", 1, 0),
        ("partition", 2, 20 * MS),
        ("partition", 1, 60 * MS),
    ]
    assert [fault["count"] for fault in found] == [None, 12, 1, 0]
