"""Smaller register histories with the same answer; in Python what `_native/tighten.hpp` does.

Rule T. First, a pending operation is left out if no operation that certainly happened, or may have, finds what it
wrote. Second, a value that only one operation can have written was written before anybody who found it had returned,
and was found after its writer was called: intervals shrink to that. (prepare.py does the same for any model.)
"""

from .columns import CAS, DIFFERS, NEVER, READ, WRITE, RegisterColumns
from .meter import Meter


def tightened(columns: RegisterColumns, meter: Meter) -> tuple[list[int], list[int], list[int]]:
    """The operations that are left, with their calls and returns: linearizable exactly if the given ones are.

    Raises what the meter does.
    """
    kept = _observed(columns)
    meter.look()
    call, return_ = list(columns.times.call), list(columns.times.return_)
    source = _sources(columns, kept)
    meter.look()
    for reader in sorted(source, key=return_.__getitem__):
        meter.tick()
        operation = reader
        while operation in source and return_[source[operation]] > return_[operation]:
            return_[source[operation]] = return_[operation]
            operation = source[operation]
    if not _raise(call, source) or any(return_[each] < call[each] for each in kept):
        call, return_ = list(columns.times.call), list(columns.times.return_)  # The engine will find out without this.
    return kept, [call[each] for each in kept], [return_[each] for each in kept]


def _observed(columns: RegisterColumns) -> list[int]:
    """All operations but the pending ones that nobody observes."""
    last_found: dict[int, int] = {}
    last_differs = -1
    writers: dict[int, list[int]] = {}
    left_out = set()
    for operation, (kind, end) in enumerate(zip(columns.kind, columns.times.return_, strict=True)):
        if end == NEVER:
            left_out.add(operation)
            if kind in (WRITE, CAS):
                writers.setdefault(columns.b[operation], []).append(operation)
        elif kind in (READ, CAS):
            last_found[columns.a[operation]] = max(end, last_found.get(columns.a[operation], -1))
        elif kind == DIFFERS:
            last_differs = max(end, last_differs)
    work = list(writers)
    while work:
        value = work.pop()
        for operation in writers.get(value, ()):
            if operation in left_out and columns.times.call[operation] <= max(last_found.get(value, -1), last_differs):
                left_out.discard(operation)
                if columns.kind[operation] == CAS:
                    last_found[columns.a[operation]] = NEVER
                    work.append(columns.a[operation])
    return [operation for operation in range(len(columns.kind)) if operation not in left_out]


def _sources(columns: RegisterColumns, kept: list[int]) -> dict[int, int]:
    """For each operation that found a value, the only operation that can have written it, where there is just one."""
    writer: dict[int, int | None] = {columns.initial: None}
    for operation in kept:
        if columns.kind[operation] in (WRITE, CAS):
            value = columns.b[operation]
            writer[value] = None if value in writer else operation
    found = {each: writer.get(columns.a[each]) for each in kept if columns.kind[each] in (READ, CAS)}
    return {reader: source for reader, source in found.items() if source is not None and source != reader}


def _raise(call: list[int], source: dict[int, int]) -> bool:
    """Let calls be no earlier than those of their sources. False where operations need each other in a circle."""
    done: set[int] = set()
    for start in source:
        path: dict[int, None] = {}
        operation = start
        while operation in source and operation not in done:
            if operation in path:
                return False
            path[operation] = None
            operation = source[operation]
        for each in reversed(path):
            call[each] = max(call[each], call[source[each]])
        done.update(path)
    return True
