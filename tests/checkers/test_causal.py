"""Causal consistency: known anomalies, and the same verdict as the definition on thousands of small histories."""

import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, permutations

import msgspec
import pytest
from handmade import Step, build

from splitbrain.checkers.causal import causal, causal_per_key
from splitbrain.checkers.checker import Budget
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation

Order = frozenset[tuple[int, int]]


@cache
def partial_orders(count: int) -> tuple[Order, ...]:
    """All strict partial orders of so many elements."""
    if count == 0:
        return (frozenset(),)
    new, found = count - 1, []
    for order in partial_orders(count - 1):
        for below in subsets(new):
            if any((other, each) in order and other not in below for each in below for other in range(new)):
                continue
            for above in subsets(new):
                up = all(other in above for each in above for other in range(new) if (each, other) in order)
                if up and all((each, other) in order for each in below for other in above):
                    found.append(order | {(each, new) for each in below} | {(new, each) for each in above})
    return tuple(found)


def subsets(count: int) -> Iterator[frozenset[int]]:
    for size in range(count + 1):
        yield from map(frozenset, combinations(range(count), size))


def is_causal(operations: Sequence[Operation]) -> bool:
    """The definition: crashed writes may have happened or not; of what happened there is a partial order that extends
    the order of each process, in which the past of each read can be carried out so that it finds what it found."""
    crashed = [each for each in operations if each.outcome == "info" and each.f != "read"]
    certain = [each for each in operations if each.outcome == "ok"]
    for size in range(len(crashed) + 1):
        for some in combinations(crashed, size):
            happened = sorted([*certain, *some], key=lambda each: each.index)
            program = {
                (one, other)
                for one, other in combinations(range(len(happened)), 2)
                if happened[one].process == happened[other].process
            }
            if any(program <= order and explains(order, happened) for order in partial_orders(len(happened))):
                return True
    return False


def explains(order: Order, operations: Sequence[Operation]) -> bool:
    return all(
        any(
            respects(order, sequence) and finds(operations, sequence, read)
            for sequence in permutations([place for place in range(len(operations)) if (place, read) in order])
        )
        for read, operation in enumerate(operations)
        if operation.f == "read"
    )


def respects(order: Order, sequence: Sequence[int]) -> bool:
    return not any((later, earlier) in order for earlier, later in combinations(sequence, 2))


def finds(operations: Sequence[Operation], sequence: Sequence[int], read: int) -> bool:
    value = None
    for place in sequence:
        if operations[place].f != "read" and operations[place].key == operations[read].key:
            value = operations[place].input
    return value == operations[read].output


def chance_history(source: random.Random, count: int, *, deletes: bool) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    ended: set[int] = set()
    values = [source.randrange(1, count + 1) for _ in range(count)]
    for place in range(count):
        process = source.choice([process for process in range(4) if process not in ended])
        f = source.choice(("write", "read", "read", "delete") if deletes else ("write", "read"))
        key = source.choice("xy")
        outcome = source.choice(("ok", "ok", "ok", "info")) if f != "read" else "ok"
        if outcome == "info":
            ended.add(process)
        operations.append(
            Operation(
                index=place,
                process=process,
                f=f,
                key=key,
                input=place + 1 if f == "write" else None,
                output=source.choice([None, *values]) if f == "read" else None,
                outcome=outcome,  # type: ignore[arg-type]
                call=2 * place,
                return_=2 * place + 1,
                invoked=2 * place,
                completed=2 * place + 1,
            )
        )
    return plausible(source, operations)


def plausible(source: random.Random, operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """The same, but most reads find what was written to their key, before or after."""

    def mended(each: Operation) -> Operation:
        written = [other.input for other in operations if other.f == "write" and other.key == each.key]
        if each.f != "read" or source.random() < 0.05:
            return each
        return msgspec.structs.replace(each, output=source.choice([None, *written, *written]))

    return tuple(mended(each) for each in operations)


@pytest.mark.parametrize(("count", "histories"), [(3, 1000), (4, 3000), (5, 150)])
def test_the_verdict_is_that_of_the_definition(count: int, histories: int) -> None:
    source = random.Random(count)
    seen = {True: 0, False: 0}
    for _ in range(histories):
        operations = chance_history(source, count, deletes=False)
        verdict = causal.check(History(operations), Budget())
        expected = is_causal(operations)
        seen[expected] += 1
        assert (verdict.validity is not Validity.INVALID) == expected, (verdict.reason, operations)
    assert min(seen.values()) > histories / 50


def test_with_deletes_nothing_is_found_where_the_definition_holds() -> None:
    source = random.Random(7)
    found = missed = 0
    for _ in range(3000):
        operations = chance_history(source, 4, deletes=True)
        invalid = causal.check(History(operations), Budget()).validity is Validity.INVALID
        expected = is_causal(operations)
        assert not (invalid and expected), operations
        found += invalid
        missed += not invalid and not expected
    assert found > 100
    assert missed < found / 10


def test_the_comment_before_the_photo() -> None:
    """COPS, section 2: who sees what was written later must see what it depends on."""
    photo = build([(0, "write", 1, None, "ok", 0, 1), (2, "read", None, None, "ok", 8, 9)], key="photo")
    comment = build([(0, "write", 2, None, "ok", 2, 3), (2, "read", None, 2, "ok", 6, 7)], key="comment")
    operations = [photo.operations[0], *comment.operations, photo.operations[1]]
    history = History(tuple(operations))
    assert causal.check(history, Budget()).reason.startswith("initial value read causally after it was replaced")
    assert causal_per_key.check(history, Budget()).validity is Validity.VALID


def test_a_stale_read_is_causal() -> None:
    steps: list[Step] = [(0, "write", 1, None, "ok", 0, 1), (1, "read", None, None, "ok", 2, 3)]
    assert causal.check(build(steps), Budget()).validity is Validity.VALID


def test_a_deleted_value_that_comes_back() -> None:
    steps: list[Step] = [
        (0, "write", 1, None, "ok", 0, 1),
        (0, "delete", None, None, "ok", 2, 3),
        (0, "read", None, None, "ok", 4, 5),
        (0, "read", None, 1, "ok", 6, 7),
    ]
    assert "overwritten value" in causal_per_key.check(build(steps), Budget()).reason
    assert causal_per_key.check(build(steps[:3]), Budget()).validity is Validity.VALID


def test_a_read_of_a_failed_write() -> None:
    steps: list[Step] = [(0, "write", 1, None, "fail", 0, 1), (1, "read", None, 1, "ok", 2, 3)]
    assert "value nobody wrote" in causal.check(build(steps), Budget()).reason


def test_a_value_written_twice_says_nothing() -> None:
    steps: list[Step] = [
        (0, "write", 1, None, "ok", 0, 1),
        (0, "write", 1, None, "ok", 2, 3),
        (1, "read", None, 1, "ok", 4, 5),
    ]
    assert causal.check(build(steps), Budget()).validity is Validity.UNKNOWN
