"""Recording: every event is one whole line at once, and nothing recorded is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from splitbrain.errors import HistoryError, RunDirectoryError
from splitbrain.histories.event import Completion, Event, Invocation, NemesisEvent
from splitbrain.histories.history import History
from splitbrain.histories.journal import FileJournal, Journal, MemoryJournal
from splitbrain.histories.store import load

EVENTS: tuple[Event, ...] = (
    Invocation(operation=0, process=0, f="cas", key=("a", 1), input=(None, 2**70), time=1, node="c0"),
    NemesisEvent(what="start", time=2, unit=0, fault="partition", targets=("s1", "s2"), detail="s1, s2 | s3"),
    Completion(operation=0, process=0, outcome="ok", output=False, time=3),
    Invocation(operation=1, process=0, f="write", key="x", input=1.5, time=4),
    Completion(operation=1, process=0, outcome="fail", time=5, error="not the primary"),
    NemesisEvent(what="heal", time=6),
    Invocation(operation=2, process=1, f="read", key="x", time=6),
    Completion(operation=2, process=1, outcome="info", time=7, error="no answer"),
    Invocation(operation=3, process=0, f="read", key="x", time=7),
)


def record(journal: Journal) -> None:
    for event in EVENTS:
        journal.write(event)
    journal.close()


def test_memory_and_file_hold_the_same_history(tmp_path: Path) -> None:
    memory = MemoryJournal()
    record(memory)
    record(FileJournal(tmp_path / "history.jsonl"))
    assert load(tmp_path / "history.jsonl") == History.from_events(memory.events)


def test_each_line_is_there_once_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    journal = FileJournal(path)
    for number, event in enumerate(EVENTS, 2):
        journal.write(event)
        assert path.read_bytes().count(b"\n") == number
    journal.close()
    assert path.read_text().splitlines()[:4] == [
        '{"format":"splitbrain","version":1}',
        '{"type":"invoke","operation":0,"process":0,"time":1,"f":"cas",'
        '"key":["a",1],"input":[null,1180591620717411303424],"node":"c0"}',
        '{"type":"nemesis","what":"start","time":2,"unit":0,"fault":"partition",'
        '"targets":["s1","s2"],"detail":"s1, s2 | s3"}',
        '{"type":"ok","operation":0,"process":0,"time":3,"output":false}',
    ]


def test_a_journal_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("precious")
    with pytest.raises(RunDirectoryError) as raised:
        FileJournal(path)
    assert str(raised.value) == f"{path}: a journal exists already: remove it or choose another place"
    assert path.read_text() == "precious"


def test_a_journal_that_cannot_be_created(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "history.jsonl"
    with pytest.raises(RunDirectoryError) as raised:
        FileJournal(path)
    assert str(raised.value) == f"{path}: cannot create the journal: No such file or directory"


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "history.jsonl")
    journal.close()
    journal.close()
    with pytest.raises(RunDirectoryError, match="the journal is closed and takes no more events"):
        journal.write(EVENTS[0])


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (float("nan"), "nan is not a value"),
        ("\ud800", "half of a surrogate pair"),
        (10**5000, "more than 4300 digits"),
    ],
    ids=["nan", "surrogate", "huge"],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, output: float | str, reason: str) -> None:
    journal = FileJournal(tmp_path / "history.jsonl")
    with pytest.raises(HistoryError, match=reason):
        journal.write(Completion(operation=0, process=0, outcome="ok", output=output, time=0))
    record(journal)
    assert len(load(tmp_path / "history.jsonl")) == 4


WRITER = """
import resource, sys
from splitbrain.errors import RunDirectoryError
from splitbrain.histories.event import Invocation
from splitbrain.histories.journal import FileJournal

if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
journal = FileJournal(sys.argv[1])
number = 0
try:
    while True:
        journal.write(Invocation(operation=number, process=number, f="write", key="x", input="y" * 100, time=number))
        number += 1
        if number % 100 == 0:
            print(number, flush=True)
except RunDirectoryError as error:
    print(number, error)
try:
    journal.write(Invocation(operation=number, process=number, f="write", time=number))
except RunDirectoryError as error:
    print(error)
"""


def test_a_killed_process_loses_at_most_part_of_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = 0
        while told < 2000:
            told = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
    history = load(path)
    assert len(history) >= told
    assert [op.invoked for op in history] == list(range(len(history)))


def test_a_full_disk_is_one_error_and_keeps_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    run = subprocess.run([sys.executable, "-c", WRITER, path, "5000"], capture_output=True, text=True, check=True)
    full, closed = run.stdout.splitlines()
    recorded, _, reason = full.partition(" ")
    assert reason == f"{path}: cannot write the journal: File too large; what was recorded so far is kept"
    assert closed == f"{path}: the journal is closed and takes no more events"
    assert path.read_bytes().endswith(b"\n")
    history = load(path)
    assert len(history) == int(recorded) > 20
    assert history.warnings == ()
