"""Writes the history of a row for those who check it: `python -m checking.prepare ROW WHAT FILE`.

WHAT is the series' `given`, or a format of peers.py; exit code NOT_SO where that cannot hold the history.
"""

import pickle
import sys
from pathlib import Path
from typing import Final

from splitbrain.histories.history import History
from splitbrain.histories.store import save

from . import forms, peers
from .rows import Row, Strings
from .shapes import record
from .strings import appends

NOT_SO: Final = 3


def main(row: Row, what: str, path: Path) -> bool:
    """Write the file; whether it could be."""
    if what in peers.FORMATS:
        return peers.write(history_of(row), path, what)
    if what in ("history", "file"):
        save(history_of(row), path)
        return True
    assert not isinstance(row.history, Strings)
    recorded = record(row.history)
    data = forms.unsorted(recorded) if what == "times" else forms.columns(recorded)
    with path.open("wb") as file:
        pickle.dump(data, file, protocol=5)
    return True


def history_of(row: Row) -> History:
    """The row's history as such."""
    shape = row.history
    if isinstance(shape, Strings):
        return appends(shape.operations, shape.clients, shape.seed)
    return forms.history(record(shape))


if __name__ == "__main__":
    sys.exit(0 if main(pickle.loads(Path(sys.argv[1]).read_bytes()), sys.argv[2], Path(sys.argv[3])) else NOT_SO)
