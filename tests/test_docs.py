"""What the documents say of the code is true."""

import re
from pathlib import Path
from typing import get_args

import pytest

from splitbrain.bench.cli.main import run
from splitbrain.nemesis.families import FAMILIES, PATTERNS
from splitbrain.nemesis.fault import Moment
from splitbrain.nemesis.handwritten import load_schedule
from splitbrain.nemesis.partitions import SHAPES
from splitbrain.nemesis.resolve import MESSAGES

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("histories", "checkers", "systems", "nemesis", "reports", "bench")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def test_the_map_of_the_architecture_names_every_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"[a-z_]+\.py", text))
    modules = {
        path.name
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.py")
        if path.name != "__init__.py" and "porcupine" not in path.parts
    }
    assert modules <= named
    assert named - modules <= {"__init__.py", "__main__.py", "errors.py", "test_layout.py"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_the_faults_are_all_described_and_the_schedule_loads(tmp_path: Path) -> None:
    text = (ROOT / "docs/faults.md").read_text()
    for name in (*FAMILIES, *PATTERNS, *SHAPES, *filter(None, MESSAGES), *get_args(Moment)):
        assert f"`{name}`" in text, name
    (schedule,) = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "schedule.json").write_text(schedule)
    assert len(load_schedule(tmp_path / "schedule.json")) == 3


def test_the_example_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = re.search(r"```\n(\{\"format\".*?)```", (ROOT / "docs" / "histories.md").read_text(), re.DOTALL)
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert history
    assert example
    (tmp_path / "history.jsonl").write_text(history[1])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(example[1], names)
    assert getattr(names["verdict"], "validity", None) == "valid"


def test_the_model_in_the_docs_finds_the_history_beside_it_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "checking.md").read_text()
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    history = re.search(r"```\n(\{\"format\".*?)```", text, re.DOTALL)
    assert example
    assert history
    (tmp_path / "account.jsonl").write_text(history[1])
    monkeypatch.chdir(tmp_path)
    exec(example[1], {})
    assert capsys.readouterr().out.startswith("invalid ")


def test_the_demo_prints_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = re.search(r"```\n(A key-value store.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown
    monkeypatch.chdir(tmp_path)
    assert run(["demo"]) == 0
    assert capsys.readouterr().out == shown[1]
