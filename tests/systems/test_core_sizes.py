"""The cores of Paxos and Raft stay small enough to be read: lines without comments, docstrings, blank lines."""

import ast
import io
import tokenize
from collections.abc import Sequence
from pathlib import Path

import pytest

SYSTEMS = Path(__file__).resolve().parents[2] / "systems"
CORE = 400
"""The most lines of a core."""

IGNORED = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def code_lines(path: Path) -> int:
    """How many lines of the file have code on them."""
    text = path.read_text()
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in IGNORED:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


@pytest.mark.parametrize(
    ("system", "modules"),
    [
        ("paxos", ("synod", "replica")),
        ("raft", ("log", "state", "snapshots", "replication", "election")),
    ],
)
def test_what_is_in_the_paper_is_within_400_lines(system: str, modules: Sequence[str]) -> None:
    assert sum(code_lines(SYSTEMS / system / f"{module}.py") for module in modules) <= CORE


def test_what_counts_as_code(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text('"""What."""\n\n# why\nx = 1  # because\n"""Of x."""\ny = (\n    2,\n)\n')
    assert code_lines(tmp_path / "module.py") == 4
