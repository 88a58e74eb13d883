"""What was found in databases is found in the histories that were kept of it."""

import gzip
import sys
from pathlib import Path

import pytest

from splitbrain import Budget, load
from splitbrain.bench.registry import workload
from splitbrain.checkers.verdict import Validity

ROOT = Path(__file__).resolve().parents[2]
STORED = sorted((ROOT / "tests" / "findings").glob("*.jsonl.gz"))
sys.path.insert(0, str(ROOT / "benchmarks"))

from cases import CASES  # noqa: E402 - where the command finds it as well


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.name)
def test_what_was_found_is_found_again(path: Path, tmp_path: Path) -> None:
    [case] = [case for case in CASES if f"{case.name}.jsonl.gz" == path.name]
    assert case.finds
    history = tmp_path / "history.jsonl"
    history.write_bytes(gzip.decompress(path.read_bytes()))
    verdicts = [checker.check(load(history), Budget()) for checker in workload(case.workload).checkers]
    assert any(verdict.validity is Validity.INVALID for verdict in verdicts)
