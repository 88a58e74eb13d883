"""Every engine on one history of a register, native code and its twin in Python, held against the known verdict."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from splitbrain.checkers import porcupine
from splitbrain.checkers.linearizability import blocks, general, kernel, tighten
from splitbrain.checkers.linearizability.columns import NEVER, NOWHERE, RegisterColumns
from splitbrain.checkers.linearizability.general import Answer
from splitbrain.checkers.linearizability.meter import NO_LIMITS, Meter
from splitbrain.checkers.linearizability.windowed import Way


def check(columns: RegisterColumns, answer: Answer, expected: bool) -> None:
    """The verdict is the expected one, and a linearization is one."""
    assert answer.valid is expected, (columns, answer)
    if expected:
        assert is_linearization(columns, answer.order), (columns, answer)
        assert kernel.is_linearization(columns, answer.order)


def is_linearization(columns: RegisterColumns, order: Sequence[int]) -> bool:
    """The definition, word by word."""
    call, return_ = columns.times.call, columns.times.return_
    state = columns.initial
    for place, operation in enumerate(order):
        state = columns.step(state, operation)
        if state == NOWHERE or any(return_[later] < call[operation] for later in order[place + 1 :]):
            return False
    return sorted(order) == sorted({*order} | {i for i, end in enumerate(return_) if end != NEVER})


def check_all(columns: RegisterColumns, expected: bool) -> None:
    """The kernel and its twin in Python give the expected verdict, and what can have one outcome only is the same."""
    check_kernel(columns, expected)
    check_search(columns, expected, general.search)
    answer = kernel.zones(columns)
    try:
        order = blocks.decide(columns, Meter(NO_LIMITS))
    except blocks.InapplicableError:
        assert answer is None
    else:
        assert answer is not None
        assert list(answer.order) == (order or [])
        assert (order is not None) is expected
    smaller, kept = kernel.tightened(columns)
    by_twin = tighten.tightened(columns, Meter(NO_LIMITS))
    assert (list(kept), list(smaller.times.call), list(smaller.times.return_)) == by_twin


def check_kernel(columns: RegisterColumns, expected: bool) -> None:
    """Every engine of the kernel gives the expected verdict: searches both ways, segments, zones, tightening."""
    check_search(columns, expected, kernel.search)
    answer = kernel.zones(columns)
    if answer is not None:
        check(columns, answer, expected)
    smaller, kept = kernel.tightened(columns)
    answer = kernel.search(smaller)
    check(columns, replace(answer, order=[kept[number] for number in answer.order]), expected)


def check_search(columns: RegisterColumns, expected: bool, search: Callable[..., Answer]) -> None:
    """Each way to search gives the expected verdict."""
    for way in (Way.DEPTH, Way.BREADTH):
        check(columns, search(columns, way=way), expected)
    for patience in (1, general.PATIENCE):
        check(columns, search(columns, patience=patience), expected)


def by_porcupine(columns: RegisterColumns) -> bool:
    """The verdict of porcupine-py."""

    def step(state: int, operation: int, _output: object) -> tuple[bool, int]:
        following = columns.step(state, operation)
        return following != NOWHERE, following

    times = zip(columns.times.call, columns.times.return_, strict=True)
    operations = [
        porcupine.Operation(number, number, call, None, None if end == NEVER else end)
        for number, (call, end) in enumerate(times)
    ]
    return porcupine.check_operations(porcupine.Model(init=lambda: columns.initial, step=step), operations).name == "Ok"
