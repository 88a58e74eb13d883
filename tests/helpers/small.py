"""Small random histories of one object, and an oracle that tries every order.

Histories come from a simulated object on which operations take effect at a random moment while they are open, crash, or
are refused; then, for most tests, some answers are replaced. Half of them write each value once, half choose from two.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from splitbrain.checkers.checker import Budget
from splitbrain.histories.operation import Operation, Value

MODELS = ("register", "cas-register", "kv")
UNLIMITED = Budget(seconds=None, configurations=None)

Spec = Callable[[str, Value, Value], tuple[Value, Value]]
"""State, `f` and input to output and next state."""


def register(state: Value, f: str, given: Value) -> tuple[Value, Value]:
    if f == "read":
        return state, state
    if f == "write":
        return None, given
    assert isinstance(given, tuple)
    return (True, given[1]) if state == given[0] else (False, state)


def kv(state: Value, f: str, given: Value) -> tuple[Value, Value]:
    if f == "get":
        return state, state
    if f == "put":
        return None, given
    longer = f"{state}{given}"
    return longer, longer


@dataclass
class Maker:
    """Makes random histories of one object."""

    model: str
    random: random.Random
    unique: bool
    """Whether each value is written once."""
    written: int = 0

    @property
    def initial(self) -> Value:
        return "" if self.model == "kv" else None

    @property
    def spec(self) -> Callable[[Value, str, Value], tuple[Value, Value]]:
        return kv if self.model == "kv" else register

    def value(self) -> Value:
        self.written += 1
        number = self.written if self.unique else self.random.randint(1, 2)
        return "abcdefgh"[number - 1] if self.model == "kv" else number

    def some_value(self) -> Value:
        """A value that may be there."""
        if self.model == "kv":
            return "".join(self.random.choice("abc") for _ in range(self.random.randint(0, 2)))
        highest = max(self.written, 1) + 1 if self.unique else 2
        return self.random.randint(1, highest) if self.random.random() < 0.8 else None

    def request(self) -> tuple[str, Value]:
        if self.model == "kv":
            f = self.random.choice(["get", "put", "append"])
            return f, None if f == "get" else self.value()
        f = self.random.choice(["read", "write"] + (["cas"] if self.model == "cas-register" else []))
        if f == "cas":
            return f, (self.some_value(), self.value())
        return f, None if f == "read" else self.value()

    def linearizable(self, size: int) -> list[Operation]:
        """`size` operations on a simulated object."""
        choose, state = self.random, self.initial
        operations: list[Operation] = []
        running: list[tuple[int, bool]] = []  # and whether it took effect
        position = 0
        while len(operations) < size or (running and choose.random() < 0.9):
            if len(operations) < size and (not running or choose.random() < 0.4):
                f, given = self.request()
                index = len(operations)
                operations.append(Operation(index=index, process=index, f=f, input=given, call=position, invoked=0))
                running.append((index, False))
                position += 1
                continue
            index, done = running.pop(choose.randrange(len(running)))
            operation = operations[index]
            chance = choose.random()
            if not done and chance < 0.6:
                output, state = self.spec(state, operation.f, operation.input)
                if operation.f == "append" and choose.random() < 0.5:
                    output = None
                operations[index] = replace(operation, output=output)
                running.append((index, True))
            elif done and chance < 0.8:
                operations[index] = replace(operation, outcome="ok", return_=position)
                position += 1
            elif not done and chance < 0.7:
                operations[index] = replace(operation, outcome="fail", return_=position)
                position += 1
            elif chance > 0.9:
                continue  # crashed: before, or after it took effect
            else:
                running.append((index, done))
        return [each if each.outcome == "ok" else replace(each, output=None) for each in operations]

    def corrupted(self, size: int) -> list[Operation]:
        """The same with some answers replaced, if there is one to replace."""
        operations = self.linearizable(size)
        for operation in operations:
            if operation.outcome == "ok" and self.random.random() < 0.4:
                if operation.f in ("read", "get") or (operation.output and operation.f == "append"):
                    operations[operation.index] = replace(operation, output=self.some_value())
                elif operation.f == "cas":
                    operations[operation.index] = replace(operation, output=self.random.random() < 0.5)
        return operations

    def is_linearizable(self, operations: list[Operation]) -> bool:
        """The oracle: tries every order."""
        present = [operation for operation in operations if operation.outcome != "fail"]
        required = {operation.index for operation in present if operation.outcome == "ok"}
        seen: set[tuple[frozenset[int], Value]] = set()

        def go_on(done: frozenset[int], state: Value) -> bool:
            if required <= done:
                return True
            if (done, state) in seen:
                return False
            seen.add((done, state))
            return any(step(done, state, each) for each in present if each.index not in done)

        def step(done: frozenset[int], state: Value, operation: Operation) -> bool:
            if any(each.precedes(operation) for each in present if each.index not in done):
                return False
            output, following = self.spec(state, operation.f, operation.input)
            unseen = operation.outcome == "info" or (operation.f == "append" and operation.output is None)
            if operation.f not in ("write", "put") and not unseen and operation.output != output:
                return False
            return go_on(done | {operation.index}, following)

        return go_on(frozenset(), self.initial)


def makers(model: str, count: int) -> Iterator[Maker]:
    source = random.Random(f"{model} {count}")
    for _ in range(count):
        yield Maker(model, random.Random(source.getrandbits(64)), source.random() < 0.5)
