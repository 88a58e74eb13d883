"""Histories that others published: all of them load, hold what their indexes say, and are judged as listed there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitbrain.bench.cli.main import run
from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import by_name, kv
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.formats import jepsen
from splitbrain.histories.formats.detect import detect
from splitbrain.histories.store import load

BUDGET = Budget(seconds=None, configurations=200_000)

VALID = {"Ok": True, "true": True, "Illegal": False, "false": False}


def porcupine(folder: Path) -> Iterator[list[str]]:
    """File, verdict, operations and those that never returned."""
    return _rows(folder / "porcupine" / "INDEX.tsv")


def knossos(folder: Path) -> Iterator[list[str]]:
    """File, model, operations, crashed operations, the most at one time, verdict."""
    return _rows(folder / "knossos" / "INDEX.tsv")


def _rows(index: Path) -> Iterator[list[str]]:
    return (line.split("\t") for line in index.read_text().splitlines()[1:])


def test_the_logs_and_stores_of_porcupine(real_data: Path) -> None:
    for file, verdict, operations, never_returned in porcupine(real_data):
        history = load(real_data / "porcupine" / file)
        assert len(history) == int(operations), file
        assert sum(operation.return_ is None for operation in history) == int(never_returned), file
        assert history.warnings == (), file
        model = kv() if file.startswith("kv/") else by_name("cas-register")
        found = linearizable(model).check(history, BUDGET).validity
        assert found is (Validity.VALID if VALID[verdict] else Validity.INVALID), file


def test_the_histories_of_knossos(real_data: Path) -> None:
    for file, model, operations, crashed, _, verdict in knossos(real_data):
        history = load(real_data / file)
        unknown = sum(operation.return_ is None for operation in history)
        assert history.warnings == (), file
        if operations:
            assert (len(history), unknown) == (int(operations), int(crashed)), file
        found = linearizable(by_name(model)).check(history, BUDGET).validity
        assert found is (Validity.VALID if VALID[verdict] else Validity.INVALID), file


def test_all_of_them_in_one_call(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = {file: VALID[verdict] for file, _, _, _, _, verdict in knossos(real_data)}
    listed |= {f"porcupine/{file}": VALID[verdict] for file, verdict, _, _ in porcupine(real_data)}
    folders = [str(real_data / folder) for folder in ("adversarial", "knossos", "porcupine")]
    assert run(["check", "--json", *folders, "--model", "*/knossos/cas-register/*=cas-register0"]) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    verdicts = {str(Path(each["history"]).relative_to(real_data)): each["verdict"] == "valid" for each in found}
    assert verdicts == listed
    assert sum(each["grade"] == "vacuous" for each in found) == 2  # nothing at all was ok there


REAL = {
    "etcd-linearizable.jsonl": True,
    "etcd351-set-lost-writes-slice.jsonl": False,
    "nats2151-jetstream-kv-leader-get.events.jsonl": False,
    "postgres-patroni-async.jsonl": False,
    "pysyncobj-local-reads.jsonl": False,
    "redis-sentinel-default.events.jsonl": False,
    "redis-sentinel-default.jsonl": False,
    "zookeeper-plain-reads.jsonl": False,
    "zookeeper-sync-reads.jsonl": False,
}
"""Verdicts of the recordings of real clusters, from the folder's README."""


@pytest.mark.parametrize("file", REAL)
def test_recordings_of_real_clusters(file: str, real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(real_data / "real" / file)]) == (0 if REAL[file] else 1)
    if file.startswith("nats2151"):
        assert "refused, yet visible" in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["porcupine", "knossos", "adversarial", "real"])
def test_what_is_written_as_edn_loads_equal(folder: str, real_data: Path) -> None:
    for path in sorted((real_data / folder).rglob("*.*")):
        if path.suffix in (".log", ".txt", ".edn", ".jsonl") and path.stat().st_size < 400_000:
            history = load(path)
            loaded = jepsen.read(path.name, jepsen.write(history))
            assert loaded.operations == history.operations, path
            assert loaded.nemesis == history.nemesis, path


def test_formats_are_told_apart_by_content(real_data: Path) -> None:
    formats: dict[str, set[str]] = {}
    for path in real_data.rglob("*.*"):
        if path.suffix in (".log", ".txt", ".edn", ".jsonl"):
            module = detect(str(path), path.read_bytes())
            formats.setdefault("".join(path.suffixes), set()).add(
                str(getattr(module, "__name__", "")).rpartition(".")[2]
            )
    assert formats == {
        ".log": {"jepsen_log"},
        ".txt": {"jepsen"},
        ".edn": {"jepsen"},
        ".jsonl": {"paired"},
        ".events.jsonl": {"events"},
    }
