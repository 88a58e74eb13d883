"""The architecture as a test: layers import downwards only, every package is shipped, modules stay small."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("histories", "checkers", "systems", "nemesis", "reports", "bench")
"""Each layer may import those before it."""
MODULES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name, from the repository's root, of everything that the module imports."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield node.lineno, ".".join((*above, node.module or "")).strip(".")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_layers_import_downwards_only(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    for line, name in imported_modules(path):
        top = name.split(".")[0]
        if top in LAYERS:
            assert LAYERS.index(top) <= LAYERS.index(layer), f"{path}:{line}: {layer} imports {top}"
        assert top != "splitbrain" or name in ("splitbrain.errors",), f"{path}:{line}: import relatively, not {name}"


def test_porcupine_stands_alone() -> None:
    for path in (ROOT / "checkers" / "porcupine").rglob("*.py"):
        for line, name in imported_modules(path):
            inside = name.startswith("checkers.porcupine")
            assert inside or name.split(".")[0] not in (*LAYERS, "splitbrain"), f"{path}:{line}: imports {name}"


def test_every_package_is_declared() -> None:
    declared = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    present = {
        ".".join(("splitbrain", *init.parent.relative_to(ROOT).parts))
        for layer in LAYERS
        for init in (ROOT / layer).rglob("__init__.py")
    }
    assert declared == present | {"splitbrain"}


def test_every_folder_of_code_is_a_package() -> None:
    for path in MODULES:
        assert (path.parent / "__init__.py").exists(), path


def test_links_resolve() -> None:
    for layer in LAYERS:
        assert (ROOT / "splitbrain" / layer).resolve() == ROOT / layer


def test_readme_gives_the_command_that_ci_runs() -> None:
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    assert "pip install -e . && splitbrain demo" in readme
    assert "pip install -e '.[test,databases]' && pytest" in readme
    assert "-e '.[test,databases]'" in ci
    assert ci.rstrip().endswith("pytest")


def test_no_module_is_longer_than_600_lines() -> None:
    for path in MODULES:
        assert len(path.read_text().splitlines()) <= 600, path
