"""Histories that others published: all of them load, hold what their indexes say, and are judged as listed there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import Model, by_name, cas_register, kv
from splitbrain.checkers.models.model import Access, Step
from splitbrain.checkers.models.register import access, step
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.formats import jepsen
from splitbrain.histories.formats.detect import detect
from splitbrain.histories.operation import Operation
from splitbrain.histories.store import load

BUDGET = Budget(seconds=None, configurations=200_000)

VALID = {"Ok": True, "true": True, "Illegal": False, "false": False}


def from_zero() -> Model:
    """The register of Knossos that begins with 0, where a read of nil says nothing."""

    def steps(state: object, operation: Operation) -> tuple[Step, ...]:
        found = step(state, operation)
        return (*found, (None, found[0][1])) if operation.f == "read" else found

    def sees(operation: Operation) -> Access:
        return Access() if operation.f == "read" and operation.output is None else access(operation)

    return replace(cas_register(initial=0), step=steps, access=sees)


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
    models = {"cas-register": by_name("cas-register"), "cas-register0": from_zero()}
    for file, model, operations, crashed, _, verdict in knossos(real_data):
        history = load(real_data / file)
        unknown = sum(operation.return_ is None for operation in history)
        assert history.warnings == (), file
        if operations:
            assert (len(history), unknown) == (int(operations), int(crashed)), file
        if model in models:
            found = linearizable(models[model]).check(history, BUDGET).validity
            assert found is (Validity.VALID if VALID[verdict] else Validity.INVALID), file


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
