"""Histories as data frames."""

import subprocess
import sys

import pandas as pd

from splitbrain.histories.event import Completion, Invocation
from splitbrain.histories.history import History


def test_one_row_per_operation_and_nothing_lost() -> None:
    late = 2**62 + 1  # more than a float can tell apart
    table = History.from_events(
        [
            Invocation(operation=0, process=0, f="cas", key="x", input=(1, 2), time=0, node="c0"),
            Invocation(operation=1, process=1, f="write", key="x", input=2**80, time=1),
            Completion(operation=0, process=0, outcome="ok", output=False, time=late),
        ]
    ).to_pandas()
    assert table["input"].tolist() == [(1, 2), 2**80]
    assert table["output"].tolist() == [False, None]
    assert table["return"].tolist() == [2, pd.NA]
    assert table["completed"].tolist() == [late, pd.NA]
    assert table["outcome"].tolist() == ["ok", "info"]
    assert table["node"].tolist() == ["c0", pd.NA]


def test_an_empty_history_has_the_same_columns_and_types() -> None:
    full = History.from_events([Invocation(operation=0, process=0, f="read", time=0)]).to_pandas()
    empty = History().to_pandas()
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert [empty[name].dtype.name for name in empty] == [full[name].dtype.name for name in full]


def test_pandas_is_imported_only_for_tables() -> None:
    code = "import sys, splitbrain.histories.store, splitbrain.histories.journal; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
