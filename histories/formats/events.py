"""The format `events`: JSON Lines, one invocation, completion or fault per line, in real-time order.

    {"process": 5, "type": "invoke", "f": "cas", "key": "x", "value": [1, 5], "t": 1273576117207, "node": 3}
    {"process": 5, "type": "ok", "f": "cas", "key": "x", "value": false, "t": 1273578614803, "node": 3}
    {"process": "nemesis", "type": "fault", "f": "kill-leader", "value": "kill -9 n1", "t": 1276528267050}

`type` of a completion is `ok`, `fail` or `info`, and its `value` the output or the input again. Lines of type
`connect-error` are no operations. `key`, `value`, `node` and `error` may be absent, and so may `f` on completions;
other fields are passed over. Processes are integers or names, times nanoseconds.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec

from ..event import NemesisEvent
from ..history import History
from .head import Head
from .lines import Lines, history_of
from .plain import read_events
from .recording import Recording, Row

UNDOES: Final = {"heal": "partition", "restart": "kill", "sigcont": "sigstop"}
"""What a fault's name begins with that ends another one, and with what the other's name begins."""

OBSERVES: Final = "who"
"""What the name of a nemesis line begins with that is no fault: somebody asked who leads."""

_decode = msgspec.json.Decoder(Row).decode


def recognises(head: Head) -> bool:
    """Whether a file that begins like this is in this format."""
    return {"process", "type", "t"} <= head.object.keys()


def read(path: str, data: bytes) -> History:
    """The history in the file's bytes. A torn last line is left out with a warning.

    Raises `HistoryError` with path, line and reason.
    """
    if plain := read_events(data):
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            teller = Nemesis()
            nemesis = [event for line in plain.others for event in teller.events(_decode(line))]
            return History.from_columns(plain.columns, nemesis, plain.warnings)
    lines = Lines(path, data, _decode, may_be_torn=True)
    rows = [(lines.number, row) for row in lines]
    return history_of(lines, Recording(lines, rows, Nemesis().events).events())


class Nemesis:
    """Turns the rows of the nemesis into its events."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, str]] = []
        """Unit and name of every fault that has begun and not ended."""
        self.units = 0

    def events(self, row: Row) -> Iterator[NemesisEvent]:
        name = row.f or row.type
        if name.startswith(OBSERVES):
            return
        detail = None if row.value is None else str(row.value)
        undone = next((fault for undo, fault in UNDOES.items() if name.startswith(undo)), None)
        if undone is None:
            self.faults.append((self.units, name))
            yield NemesisEvent(what="start", time=row.t, unit=self.units, fault=name, detail=detail)
            self.units += 1
            return
        ended = [fault for fault in self.faults if fault[1].startswith(undone)]
        for unit, fault in ended:
            self.faults.remove((unit, fault))
            yield NemesisEvent(what="stop", time=row.t, unit=unit, fault=fault, detail=detail)
        if not ended:
            yield NemesisEvent(what="stop", time=row.t, fault=name, detail=detail)
