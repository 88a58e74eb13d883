"""One true sentence for each kind of anomaly.

A candidate sentence is said only if the whole history of the key bears it out; the last candidate, which only repeats
what the checker proved, always holds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from ..histories.operation import Operation, Value
from . import objects
from .meaning import can_be_composed, installs, left, refused, shown
from .words import Clock, name, noun, plain, request, show

MOST_OBSERVERS: Final = 30
"""Of how many operations of the evidence the observations are compared: all, unless it is unusually large."""

LONGEST_TEXT: Final = 2_000
"""Up to how many characters a value is searched for what was appended twice."""


@dataclass(frozen=True)
class Case:
    """An anomaly to be put into words.

    `scope` is every operation of the history on the key of the evidence, `constraints` how many operations of the
    evidence cannot be put in order, `states` what they allow the key to have been just before the culprit returned.
    """

    anomaly: str
    key: Value
    operations: tuple[Operation, ...]
    culprit: Operation | None
    constraints: int
    scope: Sequence[Operation]
    clock: Clock
    states: tuple[str, ...] = ()

    def observers(self) -> tuple[Operation, ...]:
        """The evidence's operations that observed a value, the culprit first, then the last ones called."""
        seen = [operation for operation in reversed(self.operations) if shown(operation)]
        return tuple(sorted(seen, key=lambda operation: operation is not self.culprit))[:MOST_OBSERVERS]

    def may_install(self, value: Value) -> list[Operation]:
        """Every operation that may have left the key with `value`: the refused ones are not among them."""
        return [operation for operation in self.scope if installs(operation, value) and not refused(operation)]

    def try_to_install(self, value: Value) -> list[Operation]:
        """Every operation that would leave the key with `value`, refused or not."""
        return [operation for operation in self.scope if installs(operation, value)]


def headline(case: Case) -> str:
    """One sentence that says what is wrong."""
    finders = (*SENTENCES.get(case.anomaly, ()), *ANY)
    return next(chain.from_iterable(finder(case) for finder in finders), None) or _generic(case)


def _never_written(case: Case) -> Iterator[str]:
    for reader, value in _observations(case):
        attempts = case.try_to_install(value)
        appends = any(operation.f == "append" for operation in case.scope)
        if isinstance(value, str) and appends:
            if not can_be_composed(value, case.scope):
                yield f"{_did(case, reader)}, which no sequence of the puts and appends of this history spells"
        elif not attempts and value is not None:
            yield f"{_did(case, reader)}, but no operation of this history writes {show(value, 40)}"


def _refused_yet_visible(case: Case) -> Iterator[str]:
    for reader, found, verb, attempts in _finds(case):
        if all(refused(attempt) for attempt in attempts):
            if len(attempts) == 1:
                (only,) = attempts
                yield (
                    f"{found}, although the only operation that {verb}, {_whose(only, reader)}, "
                    f"{_refusal(only)}{_at(case, only)}"
                )
            else:
                yield f"{found}, although every operation that {verb} was refused"


def _read_before_write(case: Case) -> Iterator[str]:
    for reader, found, verb, attempts in _finds(case):
        if all(reader.precedes(attempt) for attempt in attempts):
            first = min(attempts, key=lambda attempt: attempt.call)
            which = "the only operation" if len(attempts) == 1 else "the first operation"
            yield f"{found}, but {which} that {verb} was not invoked until {case.clock.at(first.invoked)}"


def _overwritten(case: Case) -> Iterator[str]:
    """The value read was replaced, for certain, before the read began, and nothing wrote it again."""
    candidates = _latest_first(case.operations)
    for reader, value in _observations(case):
        writers = case.may_install(value)
        for newer in candidates:
            replaced = left(newer)
            if replaced is None or replaced.value == value or not newer.precedes(reader):
                continue
            if all(writer.precedes(newer) or reader.precedes(writer) for writer in writers):
                yield (
                    f"{_did(case, reader)}, although {_whose(newer, reader)} had been acknowledged{_at(case, newer)} "
                    f"and {_nothing_wrote(case, value, newer, reader)}"
                )


def _seen_replaced(case: Case) -> Iterator[str]:
    """Another process had seen a newer value before the read began, and nothing wrote the old one again."""
    for reader, value in _observations(case):
        writers = case.may_install(value)
        for other, newer in _observations(case):
            if newer == value or not other.precedes(reader):
                continue
            if all(writer.precedes(other) or reader.precedes(writer) for writer in writers):
                yield (
                    f"{_did(case, reader)}, although {_did(case, other)}, before that, "
                    f"and {_nothing_wrote(case, value, other, reader)}"
                )
            for older, same in _observations(case):
                if same == value and older.precedes(other) and len(writers) == 1:
                    yield (
                        f"{_did(case, reader)}, although {_did(case, older)} and then {_did(case, other)}: "
                        f"{show(value, 40)} had been replaced, and {_only_one_writes(case, value)}"
                    )


def _lost_append(case: Case) -> Iterator[str]:
    appends = [o for o in _latest_first(case.operations) if o.f == "append" and o.outcome == "ok"]
    puts = [o for o in case.scope if o.f not in ("append", "get", "read") and not refused(o)]
    for reader, value in _observations(case):
        for append in appends:
            piece = append.input
            if not isinstance(piece, str) or not isinstance(value, str) or piece in value:
                continue
            if append.precedes(reader) and all(put.precedes(append) for put in puts):
                yield (
                    f"{_did(case, reader)}, although {_whose(append, reader)} had been acknowledged"
                    f"{_at(case, append)} and nothing was put after it"
                )


def _swapped_twice(case: Case) -> Iterator[str]:
    winners = [o for o in case.operations if o.f == "cas" and not refused(o) and o.outcome == "ok"][-MOST_OBSERVERS:]
    for position, first in enumerate(winners):
        for second in winners[position + 1 :]:
            old, other = shown(first), shown(second)
            if old is None or old != other or installs(first, old.value) or installs(second, old.value):
                continue
            writers = case.may_install(old.value)
            if len(writers) > 1 or (writers and old.value is None):
                continue
            why = _only_one_writes(case, old.value) if writers else "nothing wrote it"
            yield (
                f"process {first.process} and process {second.process} both succeeded in replacing"
                f"{_of_key(case, ' ', ' =')} {show(old.value, 40)} ({request(first, 40)}{_at(case, first)}, "
                f"{request(second, 40)}{_at(case, second)}), although {why}"
            )


def _appended_twice(case: Case) -> Iterator[str]:
    inputs = dict.fromkeys(o.input for o in case.operations if o.f == "append")
    pieces = [piece for piece in inputs if isinstance(piece, str) and piece]
    for reader, value in islice(_observations(case), 3):
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            continue
        for piece in pieces:
            sources = [o for o in case.scope if o.f == "append" and o.input == piece]
            twice = value.count(piece) > 1 and len(sources) == 1
            if twice and not can_be_composed(value, case.scope, piece):
                yield (
                    f"{_did(case, reader)}, which holds {show(piece, 40)} more than once, "
                    "although only one operation appends it"
                )


def _generic(case: Case) -> str:
    many = f"these {case.constraints} operations" if case.constraints > 1 else "this operation"
    if case.culprit is not None and shown(case.culprit) and case.states and case.constraints > 1:
        those = " or ".join(plain(state, 40) for state in case.states)
        return (
            f"{_did(case, case.culprit)}: in any order of {many} that respects real time it can only have been {those}"
        )
    if case.culprit is not None and shown(case.culprit):
        return f"{_did(case, case.culprit)}, and no order of {many} that respects real time allows it"
    return f"no order of {many}{_of_key(case, ' on ')} that respects real time explains what they returned"


Finder = Callable[[Case], Iterator[str]]

ANY: Final[tuple[Finder, ...]] = (_overwritten, _seen_replaced, _lost_append, _appended_twice)
"""Tried for every anomaly, once the sentences of its own kind do not hold. Those about values that nobody wrote are
not among them: only the checker knows the initial value."""

SENTENCES: Final[dict[str, tuple[Finder, ...]]] = {
    "value nobody wrote": (_never_written,),
    "refused, yet visible": (_refused_yet_visible,),
    "read before its write": (_read_before_write,),
    "stale read": (_overwritten, _seen_replaced, _lost_append, objects.element_missing),
    "lost element": (objects.element_missing, objects.overtaken),
    "element nobody added": (objects.element_from_nowhere,),
    "element nobody enqueued": (objects.element_from_nowhere,),
    "dequeued twice": (objects.taken_twice,),
    "out of order": (objects.overtaken,),
    "went back": (objects.went_back,),
    "two owners": (objects.held_by_two,),
    "lost write": (_overwritten, _seen_replaced, _lost_append),
    "two successful compare-and-sets of one value": (_swapped_twice,),
    "duplicate append": (_appended_twice,),
}


def _observations(case: Case) -> Iterator[tuple[Operation, Value]]:
    for operation in case.observers():
        seen = shown(operation)
        if seen is not None:
            yield operation, seen.value


def _finds(case: Case) -> Iterator[tuple[Operation, str, str, list[Operation]]]:
    """What was seen and who would have written it: the observer, what it saw in words, and the attempts.

    Where values grow by appending, each piece of the value is looked at by itself. Nothing without attempts.
    """
    appended = dict.fromkeys(o.input for o in case.operations if o.f == "append")
    for reader, value in _observations(case):
        seen = _did(case, reader)
        if not appended:
            attempts = case.try_to_install(value)
            if attempts:
                yield reader, seen, f"writes {show(value, 40)}", attempts
            continue
        for piece in appended:
            if isinstance(piece, str) and piece and isinstance(value, str) and piece in value:
                attempts = [o for o in case.scope if o.f not in ("get", "read") and _mentions(o, piece)]
                if all(attempt.f == "append" for attempt in attempts):
                    yield reader, f"{seen}, which holds {show(piece, 40)}", f"appends {show(piece, 40)}", attempts


def _latest_first(operations: Sequence[Operation]) -> list[Operation]:
    return sorted(
        operations, key=lambda operation: -1 if operation.return_ is None else operation.return_, reverse=True
    )


def _mentions(operation: Operation, piece: str) -> bool:
    return not isinstance(operation.input, str) or piece in operation.input


def _did(case: Case, operation: Operation) -> str:
    """What an observer saw, as in `process 3 read x = 4 at 1.204 s`."""
    seen = shown(operation)
    what = f"{_of_key(case, ' ', ' =')} {show(seen.value if seen else None, 40)}"
    verb = {"read": "read", "get": "got"}.get(operation.f, "found")
    replaced = left(operation) if operation.f == "cas" else None
    if replaced is not None:
        verb, what = "replaced", f"{what} with {show(replaced.value, 40)}"
    elif operation.f == "append":
        verb = f"appended {show(operation.input, 40)} and got"
    return f"process {operation.process} {verb}{what}{_at(case, operation)}"


def _refusal(operation: Operation) -> str:
    return "was refused" if operation.outcome == "fail" else "reported another value instead"


def _nothing_wrote(case: Case, value: Value, after: Operation, until: Operation) -> str:
    """To be said where what may have written the value precedes `after`, or is preceded by `until`."""
    attempts = case.try_to_install(value)
    if not attempts:
        return f"nothing ever wrote {show(value, 40)}"
    when = "between the two" if any(until.precedes(attempt) for attempt in attempts) else "after it"
    if any(not attempt.precedes(after) and not until.precedes(attempt) for attempt in attempts):
        return f"nothing wrote {show(value, 40)} {when}, except operations that were refused"
    return f"nothing wrote {show(value, 40)} {when}"


def _only_one_writes(case: Case, value: Value) -> str:
    return "only one operation writes it" + (" without being refused" if len(case.try_to_install(value)) > 1 else "")


def _whose(operation: Operation, reader: Operation) -> str:
    what = noun(operation, 40)
    return f"its own {what}" if operation.process == reader.process else f"the {what} by process {operation.process}"


def _of_key(case: Case, before: str, after: str = "") -> str:
    return "" if case.key is None else before + name(case.key) + after


def _at(case: Case, operation: Operation) -> str:
    return "" if operation.completed is None else f" at {case.clock.at(operation.completed)}"
