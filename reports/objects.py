"""Sentences about sets, queues, counters and locks, each checked against the whole history before it is said."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..histories.operation import Operation, Value
from .words import name, show

if TYPE_CHECKING:
    from .headlines import Case


def element_missing(case: "Case") -> Iterator[str]:
    """An element of a set had been added when a read was called that did not find it."""
    adds = [each for each in case.operations if each.f == "add" and each.outcome == "ok"]
    for reader in _answered(case, "read") if all(each.f in ("add", "read") for each in case.scope) else ():
        found = {*map(_key, reader.output)} if isinstance(reader.output, tuple) else None
        for add in adds:
            if found is not None and _key(add.input) not in found and add.precedes(reader):
                yield (
                    f"process {reader.process} read{_of(case)} without {show(add.input, 40)}{_at(case, reader)}, "
                    f"although its add by process {add.process} had been acknowledged{_at(case, add)}"
                )


def element_from_nowhere(case: "Case") -> Iterator[str]:
    """A read found an element of a set that nobody added, or a dequeue one that nobody enqueued."""
    for reader in _answered(case, "read", "dequeue"):
        found = reader.output if isinstance(reader.output, tuple) and reader.f == "read" else (reader.output,)
        by = "enqueues" if reader.f == "dequeue" else "adds"
        given = {_key(each.input) for each in case.scope if each.f == by[:-1]}
        strange = next((value for value in found if value is not None and _key(value) not in given), None)
        if strange is not None and (by == "enqueues" or isinstance(reader.output, tuple)):
            verb = "dequeued" if reader.f == "dequeue" else "found"
            where = f"{_of(case, ' from ' if reader.f == 'dequeue' else ' in ')}{_at(case, reader)}"
            yield f"process {reader.process} {verb} {show(strange, 40)}{where}, which no operation of this history {by}"


def taken_twice(case: "Case") -> Iterator[str]:
    """Two dequeues got a value that was enqueued once."""
    taken = list(_answered(case, "dequeue"))
    for place, one in enumerate(taken):
        for other in taken[place + 1 :]:
            enqueued = sum(each.f == "enqueue" and _key(each.input) == _key(one.output) for each in case.scope)
            if one.output is not None and _key(one.output) == _key(other.output) and enqueued == 1:
                yield (
                    f"process {one.process} and process {other.process} both dequeued {show(one.output, 40)}"
                    f"{_of(case, ' from ')} ({_at(case, one)[1:]}, {_at(case, other)[1:]}), "
                    "although it was enqueued only once"
                )


def overtaken(case: "Case") -> Iterator[str]:
    """A value was dequeued although one that had been enqueued before it was still there."""
    enqueues = [each for each in case.operations if each.f == "enqueue" and each.outcome == "ok"]
    unsure = any(each.f == "dequeue" and each.outcome == "info" for each in case.scope)
    for first in enqueues:
        takers = [each for each in case.scope if each.f == "dequeue" and _got(each, first.input)]
        for second in (each for each in enqueues if first.precedes(each)):
            for taker in (each for each in _answered(case, "dequeue") if _got(each, second.input)):
                if unsure or not all(taker.precedes(each) for each in takers):
                    continue
                again = sum(each.f == "enqueue" and _key(each.input) == _key(second.input) for each in case.scope)
                later = "was dequeued only after that" if takers else "was never dequeued"
                if again == 1:
                    yield (
                        f"process {taker.process} dequeued {show(second.input, 40)}{_of(case, ' from ')}"
                        f"{_at(case, taker)}, although {show(first.input, 40)} had been enqueued before it "
                        f"and {later}"
                    )


def went_back(case: "Case") -> Iterator[str]:
    """A counter that nothing decreased was read twice, and less the second time."""
    if not all(_increases(each) for each in case.scope if each.f != "read"):
        return
    reads = [each for each in _answered(case, "read") if type(each.output) is int]
    for later in reads:
        for earlier in reads:
            if earlier.precedes(later) and _number(later) < _number(earlier):
                yield (
                    f"process {later.process} read{_of(case, ' ', ' =')} {later.output}{_at(case, later)}, although "
                    f"process {earlier.process} read {earlier.output}{_at(case, earlier)}, before that, "
                    "and nothing decreased it"
                )


def held_by_two(case: "Case") -> Iterator[str]:
    """A lock was acquired while somebody else held it."""
    acquired = list(_answered(case, "acquire"))
    for second in acquired:
        for first in acquired:
            if first.process == second.process or not first.precedes(second):
                continue
            own = [each for each in case.scope if each.f == "release" and each.process == first.process]
            if not any(first.call < each.call < (second.return_ or 0) for each in own):
                yield (
                    f"process {second.process} acquired the lock{_at(case, second)}, although process {first.process} "
                    f"had acquired it{_at(case, first)} and did not begin to release it until then"
                )


def _answered(case: "Case", *functions: str) -> Iterator[Operation]:
    """The evidence's operations of these functions that were answered, the culprit first."""
    found = [each for each in case.operations if each.f in functions and each.outcome == "ok"]
    yield from sorted(found, key=lambda each: each is not case.culprit)


def _got(operation: Operation, value: Value) -> bool:
    return operation.outcome == "ok" and _key(operation.output) == _key(value)


def _key(value: Value) -> tuple[type, Value]:
    return type(value), value


def _increases(operation: Operation) -> bool:
    amount = 1 if operation.input is None and operation.f == "inc" else operation.input
    return operation.f in ("inc", "add") and type(amount) is int and amount >= 0


def _number(operation: Operation) -> int:
    assert isinstance(operation.output, int)
    return operation.output


def _of(case: "Case", before: str = " ", after: str = "") -> str:
    return "" if case.key is None else before + name(case.key) + after


def _at(case: "Case", operation: Operation) -> str:
    return "" if operation.completed is None else f" at {case.clock.at(operation.completed)}"
