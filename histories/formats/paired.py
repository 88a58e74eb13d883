"""The format `paired`: JSON Lines, one whole operation per line, with the times of its call and its return.

    {"client": 5, "op": "cas", "key": "x", "in": [1, 4], "out": false, "call": 774184081325, "return": 774186699429}

`"return": null` is an unknown outcome. `key`, `in`, `out` and `node` may be absent, other fields are passed over.
Clients are integers or names, times nanoseconds; [call, return] is a closed interval.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import TypeAlias

import msgspec

from ..event import Completion, Event, Invocation
from ..history import History
from .head import Head
from .lines import Int64, Lines, RawValue, history_of
from .plain import read_paired
from .processes import Processes
from .vocabulary import check_input, output_of_ok

Moment: TypeAlias = tuple[int, bool, int]
"""Time, whether it is a return, and the position of the operation."""


class _Row(msgspec.Struct, gc=False):
    client: Int64 | str
    op: str
    call: Int64
    return_: Int64 | None = msgspec.field(name="return")
    key: RawValue = None
    input: RawValue = msgspec.field(name="in", default=None)
    output: RawValue = msgspec.field(name="out", default=None)
    node: Int64 | str | None = None


_decode = msgspec.json.Decoder(_Row).decode


def recognises(head: Head) -> bool:
    """Whether a file that begins like this is in this format."""
    return {"client", "call"} <= head.object.keys()


def read(path: str, data: bytes) -> History:
    """The history in the file's bytes, ordered by the times.

    At equal times calls come before returns, as a closed interval has both its ends; but what one client does at one
    time is in sequence, as far as one order of all events can say both. A torn last line is an error: it held an
    operation that may be visible to the others, and without it they may look impossible.

    Raises `HistoryError` with path, line and reason.
    """
    if plain := read_paired(data):
        return History.from_columns(plain.columns, (), plain.warnings)
    lines = Lines(path, data, _decode)
    rows: list[_Row] = []
    numbers: list[int] = []
    for row in lines:
        if row.return_ is not None and row.return_ < row.call:
            raise lines.blame(f"field `return`: {row.return_} is before the call at {row.call}")
        rows.append(row)
        numbers.append(lines.number)
    return history_of(lines, _events(lines, rows, numbers))


def _events(lines: Lines[_Row], rows: Sequence[_Row], numbers: Sequence[int]) -> Iterator[Event]:
    """The events in real-time order. While one is taken, `lines.number` is the line that it comes from."""
    processes = Processes(row.client for row in rows)
    taken: dict[int, int] = {}
    for time, is_return, position in _ordered(rows):
        row = rows[position]
        lines.number = numbers[position]
        if is_return:
            process = taken[position]
            output = output_of_ok(row.op, row.input, row.output)
            yield Completion(operation=position, process=process, outcome="ok", output=output, time=time)
            processes.give_back(row.client, process)
            continue
        check_input(row.op, row.input)
        process = taken[position] = processes.take(row.client, lines.number)
        node = None if row.node is None else str(row.node)
        yield Invocation(
            operation=position, process=process, f=row.op, key=row.key, input=row.input, time=time, node=node
        )
        if row.return_ is None:
            processes.retire(row.client)
    lines.warnings.extend(processes.warnings())


def _ordered(rows: Sequence[_Row]) -> Iterable[Moment]:
    moments = [(row.call, False, position) for position, row in enumerate(rows)]
    moments += [(row.return_, True, position) for position, row in enumerate(rows) if row.return_ is not None]
    moments.sort()
    if len({time for time, _, _ in moments}) == len(moments):
        return moments
    groups = (list(tied) for _, tied in groupby(moments, key=itemgetter(0)))
    return chain.from_iterable(group if len(group) == 1 else _untie(rows, group) for group in groups)


def _untie(rows: Sequence[_Row], group: list[Moment]) -> list[Moment]:
    """An order of the events of one time: calls first, unless exactly one client returns and then calls again.

    That client's events go in sequence between the calls and the returns of all others. Of two such clients each would
    have to call before the other returns, and after its own return: no order has that. Calls stay first there, which
    claims less.
    """
    by_client: dict[int | str, list[Moment]] = {}
    for moment in group:
        by_client.setdefault(rows[moment[2]].client, []).append(moment)
    sequences = {client: sorted(own, key=partial(_step, rows)) for client, own in by_client.items()}
    again = [client for client, own in by_client.items() if sequences[client] != own]
    if len(again) != 1:
        return group
    client = again[0]
    others = [moment for moment in group if rows[moment[2]].client != client]
    calls = [moment for moment in others if not moment[1]]
    return calls + sequences[client] + others[len(calls) :]


def _step(rows: Sequence[_Row], moment: Moment) -> tuple[int, int, bool]:
    """Sorts one client's events of one time: returns of earlier calls, then what is called and returns, then calls."""
    _, is_return, position = moment
    row = rows[position]
    if row.call == row.return_:
        return 1, position, is_return
    return (0 if is_return else 2), position, is_return
