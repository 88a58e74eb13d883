"""The benchmark of the checker measures what it says: its histories are what they claim to be, and it runs."""

import sys
from dataclasses import replace
from pathlib import Path

import checker
import pytest
from checking import forms, peers, rivals, rows, strings
from checking.measure import Cell
from checking.plot import plot
from checking.shapes import OPEN, Shape, record
from checking.targets import TARGETS, judged
from click.testing import CliRunner
from random_columns import is_linearizable

import splitbrain
from splitbrain.checkers.linearizability import kernel

SMALL = Shape(12, clients=3)
SHAPES = {
    "unique": SMALL,
    "unique-crashed": replace(SMALL, crashed=2),
    "values": replace(SMALL, values=2),
    "values-cas-crashed": replace(SMALL, values=3, cas=True, crashed=2),
    "unique-cas-crashed": replace(SMALL, cas=True, crashed=2),
    "keys": replace(SMALL, keys=3, crashed=1),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_histories_are_linearizable(shape: Shape) -> None:
    for seed in range(20):
        recorded = record(replace(shape, seed=seed))
        assert sum(recorded.return_ == OPEN) == shape.crashed
        assert all(map(is_linearizable, forms.columns(recorded)))


@pytest.mark.parametrize("shape", [SMALL, replace(SMALL, crashed=3), replace(SMALL, values=8, cas=True, crashed=2)])
def test_a_stale_read_cannot_be_explained(shape: Shape) -> None:
    for seed in range(20):
        recorded = record(replace(shape, operations=60, stale=True, seed=seed))
        history = forms.history(recorded)
        assert splitbrain.check(history).validity == "invalid"
        assert rivals.prepared_history(history)() is False
        assert rivals.prepared_columns(forms.columns(recorded))() is False


def test_clients_overlap_as_much_as_there_are_clients() -> None:
    columns = forms.columns(record(Shape(1_000, clients=7)))[0]
    calls, returns = sorted(columns.times.call), sorted(columns.times.return_)
    depth = [place + 1 - sum(end < call for end in returns) for place, call in enumerate(calls)]
    assert max(depth) == 7
    assert sum(depth) / len(depth) > 6.5


def test_all_forms_are_the_same_history() -> None:
    recorded = record(replace(SMALL, operations=200, crashed=5, values=5, cas=True))
    history, (columns,) = forms.history(recorded), forms.columns(recorded)
    assert len(history) == 200
    assert splitbrain.check(history).validity == "valid"
    assert kernel.ranked(forms.unsorted(recorded))[0] == columns


def test_strings_are_linearizable() -> None:
    history = strings.appends(300, 5)
    assert len(history) == 300
    assert splitbrain.check(history).validity == "valid"


@pytest.mark.parametrize("format", peers.FORMATS)
def test_peers_get_the_same_history(format: str, tmp_path: Path) -> None:
    history = forms.history(record(replace(SMALL, operations=50)))
    assert peers.write(history, tmp_path / "file", format)
    written = splitbrain.load(tmp_path / "file")
    assert [operation.call for operation in written] == [operation.call for operation in history]
    assert {operation.outcome for operation in written} == {"ok"}


def test_every_target_is_a_row() -> None:
    present = {(series.name, x) for series in rows.SERIES for x in series.histories}
    assert all((series, x) in present for target in TARGETS for series, x, _ in target.needs)


@pytest.mark.skipif(sys.platform != "linux", reason="it looks at the processor time of other processes as Linux has it")
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = rows.Series("length", "tiny", "operations", "columns", {30: SMALL}, 30, {30: "long ago"})
    monkeypatch.setattr(checker, "SERIES", (tiny,))
    picture = tmp_path / "picture.svg"
    told = CliRunner().invoke(checker.main, ["--quick", "--peer", "cat {file}", "--plot", str(picture)])
    assert told.exit_code == 0, told.output
    assert "long ago" in told.output
    assert told.output.count(" ms ") + told.output.count(" us ") == 4
    assert picture.read_text().startswith("<svg")


def test_targets_are_missed_without_a_figure() -> None:
    cells = {place: Cell(missing="> 60 s") for target in TARGETS for place in target.needs}
    assert not any(target.met(figure) for target, figure in judged(cells))
    assert "<svg" in plot(cells)
