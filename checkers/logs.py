"""Logs like Kafka's: `send` (input: a message; output: its offset) appends to the log of a key, `poll` (input: an
offset; output: all messages from there on, each with its offset), `commit` (input: an offset), `committed` (output: the
greatest that was committed). Messages are sent once.

What Jepsen's Kafka workload and part 5 of the Gossip Glomers look for, as far as a log without transactions has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .findings import Finding, verdict
from .models.values import canonical
from .verdict import Verdict

FUNCTIONS = frozenset({"send", "poll", "commit", "committed"})


@dataclass(frozen=True)
class _Log:
    name: str = "log"
    whole: bool = True

    def check(self, history: History, budget: Budget) -> Verdict:
        by_key: dict[Value, list[Operation]] = {}
        for operation in history.operations:
            if operation.f in FUNCTIONS:
                by_key.setdefault(operation.key, []).append(operation)
        wrong: list[Finding] = []
        for operations in by_key.values():
            wrong += offsets_given_twice(operations)
            wrong += lost(operations, whole=self.whole)
            if self.whole:
                wrong += out_of_order(operations)
                wrong += commits_that_go_back(operations)
        polls = sum(each.f == "poll" and each.outcome == "ok" for each in history.operations)
        unknown = "" if polls else "no poll was ok, so nothing is known of the logs"
        return verdict(self.name, wrong, f"{polls} polls agree with what was sent", unknown=unknown)


log: Checker = _Log()
"""The checker of logs."""

log_in_parts: Checker = _Log(whole=False)
"""The checker of logs whose polls may answer only the first of the messages from there on, and late ones not at all
(Maelstrom's kafka workload): what a poll skips is lost. Commits are not looked at."""


def offsets_given_twice(operations: Sequence[Operation]) -> list[Finding]:
    """Offsets with two messages, messages at two offsets, and messages that nobody sent or that were refused."""
    sent = {canonical(each.input): each for each in operations if each.f == "send"}
    at: dict[int, tuple[object, Operation]] = {}
    offset_of: dict[object, tuple[int, Operation]] = {}
    wrong: list[Finding] = []
    for operation, offset, value in _placed(operations):
        message = canonical(value)
        send = sent.get(message)
        if send is None or operation.precedes(send):
            wrong.append(Finding("never sent", value, (operation,)))
            continue
        if send.outcome == "fail":
            wrong.append(Finding("refused, yet visible", value, (send, operation)))
        other = at.setdefault(offset, (message, operation))
        if other[0] != message:
            wrong.append(Finding(f"another message at offset {offset}", value, (other[1], operation)))
        before = offset_of.setdefault(message, (offset, operation))
        if before[0] != offset:
            wrong.append(Finding("at two offsets", value, (before[1], operation)))
    return wrong


def lost(operations: Sequence[Operation], *, whole: bool = True) -> list[Finding]:
    """Messages whose offset was known before a poll from there or earlier was called, and which it does not have.

    Unless polls are `whole`, only those count that it skips: it has a later one.
    """
    placed = sorted(_placed(operations), key=lambda place: place[0].return_ or 0)
    known: dict[int, tuple[Operation, Value]] = {}
    wrong: dict[int, Finding] = {}
    done = 0
    for poll in sorted((each for each in operations if _polled(each)), key=lambda each: each.call):
        while done < len(placed) and placed[done][0].precedes(poll):
            operation, offset, value = placed[done]
            known.setdefault(offset, (operation, value))
            done += 1
        found = {offset for offset, _ in _entries(poll)}
        start = poll.input if isinstance(poll.input, int) else 0
        for offset, (operation, value) in known.items():
            if offset >= start and offset not in found and (whole or offset < max(found, default=0)):
                wrong.setdefault(offset, Finding("lost", value, (operation, poll)))
    return list(wrong.values())


def out_of_order(operations: Sequence[Operation]) -> list[Finding]:
    """Messages that were sent after another one's offset was answered, and have a smaller one."""
    sends = [each for each in operations if each.f == "send" and each.outcome == "ok" and isinstance(each.output, int)]
    by_return = sorted(sends, key=lambda each: each.return_ or 0)
    greatest: Operation | None = None
    done = 0
    wrong = []
    for send in sorted(sends, key=lambda each: each.call):
        while done < len(by_return) and by_return[done].precedes(send):
            if greatest is None or _offset(by_return[done]) > _offset(greatest):
                greatest = by_return[done]
            done += 1
        if greatest is not None and _offset(send) <= _offset(greatest):
            wrong.append(Finding("offset not greater than before", send.input, (greatest, send)))
    return wrong


def commits_that_go_back(operations: Sequence[Operation]) -> list[Finding]:
    """Answers to `committed` that are smaller than what was committed, or answered, before, or greater than all."""
    wrong = []
    commits = [
        each for each in operations if each.f == "commit" and each.outcome != "fail" and isinstance(each.input, int)
    ]
    asks = [each for each in operations if each.f == "committed" and each.outcome == "ok"]
    for ask in asks:
        answer = ask.output if isinstance(ask.output, int) else 0
        possible = [each.input for each in commits if not ask.precedes(each) and isinstance(each.input, int)]
        if answer > max(possible, default=0):
            wrong.append(Finding("never committed", answer, (ask,)))
        certain = [
            (each, given)
            for each in (*commits, *asks)
            if each.outcome == "ok"
            and each.precedes(ask)
            and isinstance(given := each.input if each.f == "commit" else each.output, int)
            and given > answer
        ]
        if certain:
            first, _ = max(certain, key=lambda pair: pair[1])
            wrong.append(Finding("committed offset went back", answer, (first, ask)))
    return wrong


def _placed(operations: Sequence[Operation]) -> list[tuple[Operation, int, Value]]:
    """All that answers say about which message is where."""
    found = []
    for each in operations:
        if each.f == "send" and each.outcome == "ok" and isinstance(each.output, int):
            found.append((each, each.output, each.input))
        elif _polled(each):
            found += [(each, offset, value) for offset, value in _entries(each)]
    return found


def _polled(operation: Operation) -> bool:
    return operation.f == "poll" and operation.outcome == "ok"


def _entries(poll: Operation) -> list[tuple[int, Value]]:
    pairs = poll.output if isinstance(poll.output, tuple) else ()
    return [
        (pair[0], pair[1]) for pair in pairs if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], int)
    ]


def _offset(send: Operation) -> int:
    assert isinstance(send.output, int)
    return send.output
