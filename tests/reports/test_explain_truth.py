"""Whatever a checker calls evidence, and of what: the sentence that is made of it is true of the history.

Each kind of sentence is read back and checked against the history by other means than those that made it.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

from handmade import Step, build, judge

from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Outcome, Value
from splitbrain.reports.explain import explain

ANOMALIES = (
    "stale read",
    "value nobody wrote",
    "read before its write",
    "refused, yet visible",
    "lost write",
    "two successful compare-and-sets of one value",
    "duplicate append",
    "not linearizable",
    "an anomaly that has no sentence yet",
)


def random_history(draw: random.Random) -> History:
    """Three processes on one register with few values and arbitrary answers."""
    steps: list[Step] = []
    times = iter(range(1, 1000))
    running: dict[int, tuple[int, str, Value]] = {}
    fresh = 3
    processes = [0, 1, 2]
    for _ in range(20):
        thread = draw.randrange(3)
        process = processes[thread]
        if process not in running:
            f = draw.choice(["read", "write", "cas"])
            given: Value = (
                None if f == "read" else draw.randrange(4) if f == "write" else (draw.randrange(4), draw.randrange(4))
            )
            running[process] = (next(times), f, given)
            continue
        start, f, given = running.pop(process)
        outcome: Outcome = draw.choices(["ok", "fail", "info"], [8, 1, 1])[0]  # type: ignore[assignment]
        answers: dict[str, Value] = {
            "read": draw.choice([None, 0, 1, 2, 3, 9]),
            "write": None,
            "cas": draw.random() < 0.6,
        }
        steps.append((process, f, given, answers[f] if outcome == "ok" else None, outcome, start, next(times)))
        if outcome == "info":
            processes[thread], fresh = fresh, fresh + 1
    return build(sorted(steps, key=lambda step: step[5]))


def at(history: History, process: str, seconds: str) -> Operation:
    """The operation of the process that completed at that time."""
    (found,) = (
        o for o in history.operations if o.process == int(process) and o.completed == round(float(seconds) * 1e9)
    )
    return found


def saw(operation: Operation) -> str:
    value = operation.input[0] if isinstance(operation.input, tuple) else operation.output
    assert operation.outcome == "ok"
    assert operation.f == "read" or operation.output is True
    return "null" if value is None else str(value)


def writers(history: History, value: str, *, refused: bool = True) -> list[Operation]:
    """Every attempt to write the value."""
    found = [
        o
        for o in history.operations
        if o.f != "read" and str(o.input[1] if isinstance(o.input, tuple) else o.input) == value
    ]
    return [o for o in found if refused or not (o.outcome == "fail" or (o.outcome == "ok" and o.output is False))]


SEES = r"process (\d+) (?:read|replaced) x = (\w+)(?: with \w+)? at ([\d.]+) s"


def is_overwritten(history: History, text: str) -> bool:
    said = re.fullmatch(
        SEES + r", although (?:its own|the) (.+?)(?: by process (\d+))? had been acknowledged at ([\d.]+) s "
        r"and nothing (ever )?wrote \w+(?: after it)?( between the two)?(, except operations that were refused)?",
        text,
    )
    if not said:
        return False
    process, value, time, what, other, then, ever, between, refused = said.groups()
    reader, newer = at(history, process, time), at(history, other or process, then)
    assert saw(reader) == value
    assert newer.outcome == "ok"
    assert newer.precedes(reader)
    assert not what.endswith(f" {value}")
    assert newer.f == "write" or newer.output is True
    again = writers(history, value, refused=not refused)
    assert all(writer.precedes(newer) or (between and reader.precedes(writer)) for writer in again)
    assert not ever or not again
    return True


def is_seen_replaced(history: History, text: str) -> bool:
    said = re.fullmatch(
        SEES + ", although " + SEES + r", before that, and nothing (ever )?wrote \w+(?: after it)?( between the two)?"
        r"(, except operations that were refused)?",
        text,
    )
    if not said:
        return False
    reader, other = at(history, said[1], said[3]), at(history, said[4], said[6])
    assert (saw(reader), saw(other)) == (said[2], said[5])
    assert said[2] != said[5]
    assert other.precedes(reader)
    again = writers(history, said[2], refused=not said[9])
    assert all(writer.precedes(other) or (said[8] and reader.precedes(writer)) for writer in again)
    assert not said[7] or not again
    return True


def is_seen_again(history: History, text: str) -> bool:
    said = re.fullmatch(
        SEES + ", although " + SEES + " and then " + SEES + r": (\w+) had been replaced, and only one operation "
        r"writes it( without being refused)?",
        text,
    )
    if not said:
        return False
    reader, older, other = (at(history, said[n], said[n + 2]) for n in (1, 4, 7))
    assert (saw(reader), saw(older), saw(other)) == (said[2], said[5], said[8])
    assert said[2] == said[5] == said[10] != said[8]
    assert older.precedes(other)
    assert other.precedes(reader)
    assert len(writers(history, said[2], refused=not said[11])) == 1
    return True


def is_never_written(history: History, text: str) -> bool:
    said = re.fullmatch(SEES + r", but no operation of this history writes (\w+)", text)
    if not said:
        return False
    assert saw(at(history, said[1], said[3])) == said[2] == said[4]
    assert not writers(history, said[2])
    return True


def is_before_write(history: History, text: str) -> bool:
    said = re.fullmatch(
        SEES + r", but the (only|first) operation that writes (\w+) was not invoked until ([\d.]+) s", text
    )
    if not said:
        return False
    reader = at(history, said[1], said[3])
    assert saw(reader) == said[2] == said[5]
    attempts = writers(history, said[2])
    assert all(reader.precedes(attempt) for attempt in attempts)
    assert min(attempt.invoked for attempt in attempts) == round(float(said[6]) * 1e9)
    assert (len(attempts) == 1) == (said[4] == "only")
    return True


def is_refused(history: History, text: str) -> bool:
    said = re.match(SEES + r", although (?:the only operation|(every) operation) that writes (\w+)", text)
    if not said:
        return False
    assert re.search(r"(was refused|reported another value instead)( at [\d.]+ s)?$", text)
    assert saw(at(history, said[1], said[3])) == said[2] == said[5]
    assert (len(writers(history, said[2])) > 1) == (said[4] == "every")
    assert not writers(history, said[2], refused=False)
    return True


def is_swapped_twice(history: History, text: str) -> bool:
    said = re.fullmatch(
        r"process (\d+) and process (\d+) both succeeded in replacing x = (\w+) \(compare-and-set .+ at ([\d.]+) s, "
        r"compare-and-set .+ at ([\d.]+) s\), although (only one operation writes it|nothing wrote it)"
        r"( without being refused)?",
        text,
    )
    if not said:
        return False
    first, second = at(history, said[1], said[4]), at(history, said[2], said[5])
    assert first.index != second.index
    assert first.f == second.f == "cas"
    assert saw(first) == saw(second) == said[3]
    only = said[6].startswith("only")
    assert len(writers(history, said[3], refused=not said[7] and only)) == int(only)
    return True


def is_general(_: History, text: str) -> bool:
    return "that respects real time" in text


CHECKS: tuple[Callable[[History, str], bool], ...] = (
    is_overwritten,
    is_seen_replaced,
    is_seen_again,
    is_never_written,
    is_before_write,
    is_refused,
    is_swapped_twice,
    is_general,
)


def random_cases(number: int) -> Iterator[tuple[History, str]]:
    """Histories and what is said of them if a checker calls arbitrary operations evidence of an arbitrary anomaly."""
    draw = random.Random(7)
    for _ in range(number):
        history = random_history(draw)
        returned = [o.index for o in history.operations if o.return_ is not None]
        if not returned:
            continue
        chosen = draw.sample(range(len(history.operations)), min(5, len(history.operations)))
        culprit = draw.choice(returned)
        indexes = [*(index for index in chosen if index != culprit), culprit]
        yield history, explain(judge(history, draw.choice(ANOMALIES), indexes), history, 0)[0]


def test_no_evidence_however_wrong_makes_it_say_what_is_not_so() -> None:
    said: Counter[str] = Counter()
    for history, text in random_cases(3_000):
        matching = [check.__name__ for check in CHECKS if check(history, text)]
        assert len(matching) == 1, (text, matching)
        said.update(matching)
    assert all(said[check.__name__] >= 5 for check in CHECKS), said
