"""Models that are nothing but a `step`, nondeterministic ones among them, random histories, and an oracle for them."""

import random
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from splitbrain.checkers.models.model import ANY, Model, State, Step
from splitbrain.histories.operation import Operation


def counter(state: State, operation: Operation) -> tuple[Step, ...]:
    assert isinstance(state, int)
    return ((state, state),) if operation.f == "get" else ((ANY, (state + 1) % 4),)


def queue(state: State, operation: Operation) -> tuple[Step, ...]:
    assert isinstance(state, tuple)
    if operation.f == "put":
        return ((ANY, (*state, operation.input)),)
    return ((state[0], state[1:]),) if state else ((None, state),)


def lossy(state: State, operation: Operation) -> tuple[Step, ...]:
    """A register whose writes may be lost."""
    assert isinstance(state, int)
    return ((state, state),) if operation.f == "get" else ((ANY, operation.input), (ANY, state))


def stale(state: State, operation: Operation) -> tuple[Step, ...]:
    """A register with two values, of which a read may find either."""
    assert isinstance(state, tuple)
    if operation.f == "get":
        return tuple((value, state) for value in dict.fromkeys(state))
    return ((ANY, (state[1], operation.input)),)


def guarded(state: State, operation: Operation) -> tuple[Step, ...]:
    """A lock that cannot be taken twice."""
    if operation.f == "get":
        return ((None, 1),) if state == 0 else ()
    return ((None, 0),) if state == 1 else ()


MODELS = {
    "counter": (counter, 0),
    "queue": (queue, ()),
    "lossy": (lossy, 0),
    "stale": (stale, (0, 0)),
    "guarded": (guarded, 0),
}


def model_of(name: str, hint: bool = False) -> Model:
    step, initial = MODELS[name]
    reads: Callable[[Operation], bool] = lambda operation: hint and operation.f == "get"  # noqa: E731
    return Model(name, frozenset({"get", "put"}), initial, step, is_read=reads)


def histories(name: str, count: int, size: int) -> Iterator[list[Operation]]:
    """Random histories of an object of the model, some answers replaced."""
    step, initial = MODELS[name]
    for number in range(count):
        choose = random.Random(f"{name} {number}")
        state: State = initial
        wrong = choose.choice([0, 0.2, 0.5])
        operations: list[Operation] = []
        running: list[tuple[int, bool]] = []
        position = 0
        for _ in range(6 * size):
            if len(operations) < size and len(running) < 4 and (not running or choose.random() < 0.4):
                index, given = len(operations), choose.randint(1, 3)
                f = choose.choice(["get", "put"])
                operation = Operation(index=index, process=index, f=f, call=position, invoked=0)
                operations.append(replace(operation, input=given if f == "put" else None))
                running.append((index, False))
                position += 1
            elif running:
                index, done = running.pop(choose.randrange(len(running)))
                steps = step(state, operations[index])
                if done:
                    operations[index] = replace(operations[index], outcome="ok", return_=position)
                    position += 1
                elif choose.random() < 0.9 and steps:
                    output, state = choose.choice(steps)
                    if output is not ANY:
                        operations[index] = replace(operations[index], output=output)
                    running.append((index, True))
        for each in operations:
            if each.outcome != "ok":
                operations[each.index] = replace(each, output=None)
            elif each.output is not None and choose.random() < wrong:
                operations[each.index] = replace(each, output=choose.randint(0, 3))
            elif name == "guarded" and choose.random() < wrong:
                operations[each.index] = replace(each, f="get")
        yield operations


def is_linearizable(model: Model, operations: list[Operation]) -> bool:
    """The oracle: tries every order, state by state."""
    required = {each.index for each in operations if each.outcome == "ok"}
    seen = set()
    work: list[tuple[frozenset[int], State]] = [(frozenset(), model.initial)]
    while work:
        done, state = work.pop()
        if required <= done:
            return True
        left = [each for each in operations if each.index not in done]
        for each in left:
            if not any(other.precedes(each) for other in left):
                for following in model.after(state, each):
                    item = done | {each.index}, following
                    if item not in seen:
                        seen.add(item)
                        work.append(item)
    return False
