"""Small random histories of each model that has an engine of its own, and an oracle that tries every order.

Histories come from the model itself: operations take effect at a random moment while they are open, crash, or are
refused; then some answers are replaced.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from splitbrain.checkers.models.model import ANY, Model, State
from splitbrain.histories.operation import Operation, Value

TEXTS = ("a", "b", "c", "d", "e", "f", "g", "h")
UNEVEN_TEXTS = ("a", "ba", "bba", "bbba", "ca", "cba", "da", "dba")
"""None ends another one when reversed, yet some begin others: they can be cut from the end only if turned around."""


@dataclass
class Shape:
    """What a history is to be like."""

    size: int
    processes: int
    crash: float
    refuse: float
    wrong: float
    twice: float


def tiny(choose: random.Random) -> Shape:
    return Shape(
        size=choose.randint(1, 8),
        processes=choose.randint(1, 4),
        crash=choose.choice([0, 0, 0.2, 0.5]),
        refuse=choose.choice([0, 0.1]),
        wrong=choose.choice([0, 0, 0.2, 0.5]),
        twice=choose.choice([0, 0, 0, 0, 0.3]),
    )


def medium(choose: random.Random) -> Shape:
    return Shape(
        size=choose.randint(12, 40),
        processes=choose.randint(2, 5),
        crash=choose.choice([0, 0.05, 0.1]),
        refuse=choose.choice([0, 0.1]),
        wrong=choose.choice([0, 0, 0.03, 0.1]),
        twice=0,
    )


@dataclass
class Maker:
    """Makes random histories of one object of the model."""

    model: Model
    choose: random.Random
    shape: Shape
    operations: list[Operation] = field(default_factory=list)
    written: list[Value] = field(default_factory=list)
    position: int = 0

    def __post_init__(self) -> None:
        self.texts = self.choose.choice((TEXTS, UNEVEN_TEXTS, tuple(each[::-1] for each in UNEVEN_TEXTS)))

    def history(self) -> list[Operation]:
        """Operations in the order of their calls, some with wrong answers."""
        idle, fresh = list(range(self.shape.processes)), self.shape.processes
        running: list[tuple[int, bool]] = []  # and whether it took effect
        state: State = self.model.initial
        while running or len(self.operations) < self.shape.size:
            if idle and len(self.operations) < self.shape.size and (not running or self.choose.random() < 0.4):
                process = idle.pop(self.choose.randrange(len(idle)))
                running.append((len(self.operations), False))
                self.operations.append(self.invoked(process))
                continue
            index, done = running.pop(self.choose.randrange(len(running)))
            operation = self.operations[index]
            chance = self.choose.random()
            if chance < self.shape.crash / 2:
                idle.append(fresh)
                fresh += 1
                continue
            steps = () if done else self.model.step(state, operation)
            if done:
                self.complete(index, "ok")
            elif chance > 1 - self.shape.refuse or not steps:
                self.complete(index, "fail")
            else:
                silent = self.model.name == "counter" and not self.shape.twice
                output, state = steps[0] if silent else self.choose.choice(steps)
                if isinstance(output, frozenset):
                    output = tuple(self.choose.sample(sorted(output), len(output)))
                self.operations[index] = replace(operation, output=None if output is ANY else output)
                running.append((index, True))
                continue
            idle.append(operation.process)
        self.operations = [each if each.outcome == "ok" else replace(each, output=None) for each in self.operations]
        return self.moved([self.spoilt(each) for each in self.operations])

    def invoked(self, process: int) -> Operation:
        last = next((each.f for each in reversed(self.operations) if each.process == process), "")
        f = self.choose.choice(sorted(self.model.functions - (set() if self.shape.twice else {"decr"})))
        if self.model.name == "mutex" and self.choose.random() < 0.7:
            f = "release" if last == "acquire" else "acquire"
        index = len(self.operations)
        self.position += 1
        return Operation(
            index=index, process=process, f=f, input=self.given(f), call=self.position - 1, invoked=0, outcome="info"
        )

    def complete(self, index: int, outcome: str) -> None:
        self.operations[index] = replace(self.operations[index], outcome=outcome, return_=self.position)
        self.position += 1

    def given(self, f: str) -> Value:
        if self.model.name == "counter":
            return self.choose.choice((1, 2, -1) if self.shape.twice else (1,)) if f == "add" else None
        if f in ("put", "append", "add", "enqueue"):
            if self.written and self.choose.random() < self.shape.twice:
                return self.choose.choice(self.written)
            number = len(self.written)
            value: Value = number
            if self.model.name == "kv":
                value = self.texts[number] if number < len(self.texts) else f"{number:03}"
            self.written.append(value)
            return value
        return None

    def spoilt(self, operation: Operation) -> Operation:
        """The operation, perhaps with another answer."""
        if self.choose.random() >= self.shape.wrong:
            return operation
        if self.model.name == "mutex":
            return replace(operation, outcome="ok" if operation.outcome == "fail" else operation.outcome)
        if operation.outcome != "ok":
            return operation
        some = self.choose.sample(self.written, self.choose.randint(0, min(3, len(self.written))))
        found = operation.output
        if operation.f == "dequeue":
            return replace(operation, output=some[0] if some else None)
        if operation.f == "get" or isinstance(found, str):
            longer = str(found) + self.choose.choice(["", "a", *map(str, some)])
            return replace(operation, output=self.choose.choice(["".join(map(str, some)), longer, longer[:-1]]))
        if isinstance(found, tuple):
            return replace(operation, output=self.choose.choice([tuple(some), (*found, *some), found[:-1]]))
        if isinstance(found, int):
            return replace(operation, output=found + self.choose.choice([-1, 1, 1, 2]))
        return operation

    def moved(self, operations: list[Operation]) -> list[Operation]:
        """The operations, perhaps with two that took place when the other one did."""
        if len(operations) < 2 or self.choose.random() >= self.shape.wrong:
            return operations
        one, other = self.choose.sample(range(len(operations)), 2)
        a, b = operations[one], operations[other]
        if (a.return_ is None) == (b.return_ is None):
            operations[one] = replace(a, call=b.call, return_=b.return_)
            operations[other] = replace(b, call=a.call, return_=a.return_)
        in_order = sorted(operations, key=lambda each: each.call)
        return [replace(each, index=index) for index, each in enumerate(in_order)]


def histories(model: Model, count: int, shape: Callable[[random.Random], Shape] = tiny) -> Iterator[list[Operation]]:
    """As many different histories, always the same."""
    source = random.Random(f"{model.name} {count}")
    for _ in range(count):
        choose = random.Random(source.getrandbits(64))
        yield Maker(model, choose, shape(choose)).history()


def is_linearizable(model: Model, operations: list[Operation]) -> bool:
    """The oracle: tries every order, by nothing but the model's steps."""
    present = [operation for operation in operations if operation.outcome != "fail"]
    before = [
        sum(1 << place for place, earlier in enumerate(present) if earlier.precedes(operation)) for operation in present
    ]
    required = sum(1 << place for place, operation in enumerate(present) if operation.return_ is not None)
    seen: set[tuple[int, State]] = set()
    work: list[tuple[int, State]] = [(0, model.initial)]
    while work:
        done, state = work.pop()
        if done & required == required:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        for place, operation in enumerate(present):
            if not done >> place & 1 and before[place] & ~done == 0:
                work += [(done | 1 << place, following) for following in model.after(state, operation)]
    return False
