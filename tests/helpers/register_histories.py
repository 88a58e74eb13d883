"""Random histories of several registers and of processes that do one operation after the other."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Value


@dataclass
class Shape:
    """What histories are like. `wrong` is the probability that a read answers any value that was written."""

    size: int
    processes: int = 3
    keys: int = 1
    cas: bool = True
    unique: bool = True
    crash: float = 0.1
    refuse: float = 0.05
    wrong: float = 0.0


@dataclass
class _Open:
    number: int
    process: int
    f: str
    key: int
    given: Value
    done: bool = False
    output: Value = None


def shapes(seed: str, count: int, **changed: object) -> Iterator[tuple[random.Random, Shape]]:
    """Small ones, each with its own source of randomness."""
    source = random.Random(seed)
    for _ in range(count):
        choose = random.Random(source.getrandbits(64))
        shape = Shape(
            size=choose.randint(1, 8),
            processes=choose.randint(1, 4),
            keys=choose.choice([1, 1, 2, 3]),
            cas=choose.random() < 0.4,
            unique=choose.random() < 0.7,
            crash=choose.choice([0, 0.1, 0.3]),
            refuse=choose.choice([0, 0.1]),
            wrong=choose.choice([0.2, 0.5]),
        )
        for name, value in changed.items():
            setattr(shape, name, value)
        yield choose, shape


def made(choose: random.Random, shape: Shape) -> History:
    """A history of registers on which operations take effect while they are open: linearizable, but for `wrong`."""
    events: list[Event] = []
    states: dict[int, Value] = {}
    threads: dict[int, _Open | None] = dict.fromkeys(range(shape.processes))
    fresh, invoked, written = shape.processes, 0, 0
    while invoked < shape.size or any(threads.values()):
        process = choose.choice(list(threads))
        operation = threads[process]
        time = len(events)
        if operation is None:
            if invoked == shape.size:
                del threads[process]
                continue
            f = choose.choice(["read", "read", "write", "write", "cas" if shape.cas else "read"])
            key = choose.randrange(shape.keys)
            written += f != "read"
            new = written if shape.unique else choose.randint(1, 2)
            given: Value = None if f == "read" else new
            if f == "cas":
                given = (states.get(key) if choose.random() < 0.7 else choose.randint(0, written), new)
            threads[process] = _Open(invoked, process, f, key, given)
            events.append(Invocation(operation=invoked, process=process, f=f, key=key, input=given, time=time))
            invoked += 1
            continue
        if choose.random() < shape.crash:
            if choose.random() < 0.5:
                _complete(events, operation, "info")
            del threads[process]
            threads[fresh] = None
            fresh += 1
        elif not operation.done and choose.random() < shape.refuse:
            _complete(events, operation, "fail")
            threads[process] = None
        elif not operation.done:
            _take_effect(states, operation)
        else:
            if operation.f == "read" and choose.random() < shape.wrong:
                operation.output = choose.choice([None, *range(1, (written if shape.unique else 2) + 1)])
            _complete(events, operation, "ok")
            threads[process] = None
    return History.from_events(events)


def _take_effect(states: dict[int, Value], operation: _Open) -> None:
    state = states.get(operation.key)
    operation.done = True
    if operation.f == "read":
        operation.output = state
    elif operation.f == "write":
        states[operation.key] = operation.given
    else:
        assert isinstance(operation.given, tuple)
        operation.output = state == operation.given[0]
        if operation.output:
            states[operation.key] = operation.given[1]


def _complete(events: list[Event], operation: _Open, outcome: str) -> None:
    output = operation.output if outcome == "ok" else None
    events.append(
        Completion(
            operation=operation.number,
            process=operation.process,
            outcome=outcome,  # type: ignore[arg-type]
            output=output,
            time=len(events),
        )
    )
