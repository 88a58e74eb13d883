"""Registers: one value that is read, written, and compared and set.

`read` → the value. `write` of a value. `cas` of (expected, new): sets the value to new and answers True where it is
expected, else changes nothing and answers False.
"""

from collections.abc import Hashable, Sequence
from math import inf
from typing import cast

from msgspec.structs import replace

from ...errors import AnswerError, HistoryError
from ...histories.operation import Operation, Value
from .model import ANY, Access, Anomaly, Model, State, Step, unnamed
from .values import canonical, same


def register(initial: Value = None) -> Model:
    """A register with `read` and `write`."""
    return _model("register", frozenset({"read", "write"}), initial)


def cas_register(initial: Value = None) -> Model:
    """A register with `read`, `write` and `cas`."""
    return _model("cas-register", frozenset({"read", "write", "cas"}), initial)


def _model(name: str, functions: frozenset[str], initial: Value) -> Model:
    return Model(
        name=name,
        functions=functions,
        initial=initial,
        step=step,
        is_read=is_read,
        is_reset=is_reset,
        observes=observes,
        access=access,
        blind=blind,
        anomaly=lambda culprit, kept, operations: anomaly(canonical(initial), culprit, kept, operations),
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What a register does, in any state."""
    if operation.f == "read":
        return ((cast(Value, state), state),)
    if operation.f == "write":
        return ((ANY, operation.input),)
    expected, new = arguments(operation)
    return ((True, new),) if same(state, expected) else ((False, state),)


def arguments(operation: Operation) -> tuple[Value, Value]:
    """Expected and new value of a `cas`. Raises HistoryError if its input is no pair, or its answer not a truth."""
    pair = operation.input
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise HistoryError(f"operation {operation.index}: the input of a cas is a pair (expected, new), not {pair!r}")
    if operation.outcome == "ok" and not isinstance(operation.output, bool):
        answer = operation.output
        raise AnswerError(f"operation {operation.index}: the output of a cas is true or false, not {answer!r}")
    return pair[0], pair[1]


def access(operation: Operation) -> Access:
    """What the operation reads and writes, given its answer."""
    if operation.f == "read":
        return Access(reads=canonical(operation.output)) if operation.outcome == "ok" else Access()
    if operation.f == "write":
        return Access(writes=canonical(operation.input))
    expected, new = arguments(operation)
    if operation.outcome == "ok" and operation.output is False:
        return Access(differs=canonical(expected))
    return Access(reads=canonical(expected), writes=canonical(new))


def is_read(operation: Operation) -> bool:
    """A read, or a compare-and-set that answered False."""
    return operation.f == "read" or (operation.f == "cas" and operation.outcome == "ok" and operation.output is False)


def is_reset(operation: Operation) -> bool:
    """A write, or a successful compare-and-set: either way the value afterwards is the new one."""
    return operation.f == "write" or (operation.f == "cas" and operation.outcome == "ok" and operation.output is True)


def observes(operation: Operation, mutator: Operation) -> bool:
    """Who found a value observes all who may have put it there; who found it to be another, everything."""
    found, done = access(operation), access(mutator)
    if done.writes is ANY:
        return False
    return found.differs is not ANY or (found.reads is not ANY and found.reads == done.writes)


def blind(operation: Operation) -> Operation | None:
    """A write of the value that was there when the operation had taken effect."""
    done = access(operation)
    if done.writes is not ANY:
        value = operation.input if operation.f == "write" else arguments(operation)[1]
    elif done.reads is not ANY:
        value = operation.output
    else:
        return None
    return replace(operation, f="write", input=value, output=None)


def anomaly(
    initial: Hashable, culprit: Operation, kept: Sequence[Operation], operations: Sequence[Operation]
) -> Anomaly:
    """What is wrong with the value that the culprit found."""
    found = access(culprit).reads
    if found is ANY:
        return unnamed(culprit, kept, operations)
    writers = [each for each in operations if each.outcome != "fail" and access(each).writes == found]
    others = [each for each in writers if each.index != culprit.index]
    if found != initial:
        if not others:
            refused = [each for each in operations if _refused(each) == found]
            return ("refused, yet visible", tuple(refused[:3])) if refused else ("value nobody wrote", ())
        if all(culprit.precedes(writer) for writer in others):
            return "read before its write", (others[0],)
    if culprit.f == "cas" and len(writers) + (found == initial) == 1:
        rivals = [each for each in kept if each.f == "cas" and each.index != culprit.index]
        if any(access(rival).reads == found for rival in rivals):
            return "two successful compare-and-sets of one value", ()
    return _passed(culprit, kept, operations, others)


def _passed(
    culprit: Operation, kept: Sequence[Operation], operations: Sequence[Operation], writers: Sequence[Operation]
) -> Anomaly:
    """A stale read if the register had moved on; a lost write if nobody ever found what it had moved on to."""
    found = access(culprit).reads
    answered = [each for each in operations if each.outcome == "ok"]
    begun = [writer for writer in writers if not culprit.precedes(writer)]
    ends = [inf if writer.return_ is None else writer.return_ for writer in begun]
    if len(ends) == 1:
        ends += [each.return_ for each in answered if each.return_ is not None and access(each).reads == found]
    written = (min(ends) if len(begun) == 1 else max(ends)) if ends else -1
    later = [each for each in kept if each.outcome == "ok" and each.precedes(culprit) and each.call > written]
    moved_on = [each for each in later if _value_after(each) not in (ANY, found)]
    if not moved_on:
        return unnamed(culprit, kept, operations)
    seen = {access(each).reads for each in answered}
    lost = any(not is_read(each) and _value_after(each) not in seen for each in moved_on)
    return "lost write" if lost else "stale read", tuple(begun[-1:])


def _value_after(operation: Operation) -> Hashable:
    done = access(operation)
    return done.reads if done.writes is ANY else done.writes


def _refused(operation: Operation) -> Hashable:
    """The value that a refused operation would have written; ANY of others."""
    if operation.outcome == "fail" and operation.f == "write":
        return canonical(operation.input)
    if operation.f == "cas" and (operation.outcome == "fail" or is_read(operation)):
        return canonical(arguments(operation)[1])
    return ANY
