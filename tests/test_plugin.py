"""The package of tests/plugin, installed as a reader of docs/plugging-in.md would install their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(PLUGIN, directory / "source")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(directory / "site")]
    done = subprocess.run([*install, str(source)], capture_output=True, text=True)
    if done.returncode and "No module named pip" in done.stderr:
        pytest.skip("there is no pip in this environment")
    assert done.returncode == 0, done.stderr
    return directory / "site"


def splitbrain(site: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "120"}
    command = [sys.executable, "-m", "splitbrain", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=site.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_installed_systems_are_listed(installed: Path) -> None:
    listed = splitbrain(installed, "list", "systems")
    assert "example_nodes " in listed
    assert "example_server" in listed


@pytest.mark.parametrize("name", ["example_nodes", "example_server"])
def test_installed_systems_run(installed: Path, name: str) -> None:
    said = splitbrain(installed, "run", name, "--seed", "1", "--operations", "100", "--time", "2s", "--faults", "kill")
    assert said.startswith("VALID")
    assert "kill" in said


def test_a_program_that_speaks_maelstrom_runs(installed: Path) -> None:
    program = f"{sys.executable} {PLUGIN / 'splitbrain_example' / 'maelstrom_node.py'}"
    words = ["--workload", "g_set", "--faults", "none", "--seed", "1", "--operations", "50", "--time", "1s"]
    assert splitbrain(installed, "run", "maelstrom", "--bin", program, *words).startswith("VALID")


def test_the_page_shows_the_code_that_is_tested() -> None:
    page = (PLUGIN.parents[1] / "docs" / "plugging-in.md").read_text()
    for name in ("nodes", "database", "maelstrom_node"):
        code = (PLUGIN / "splitbrain_example" / f"{name}.py").read_text()
        shown = code.partition('"""\n\n')[2].strip()
        assert shown in page, name
        assert sum(1 for line in shown.splitlines() if line.strip()) <= 40, name
