"""Native code, its twin in Python, porcupine and an oracle that tries every order must agree."""

import os
import random
import shutil
import signal
import sysconfig
import threading
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from agreement import by_porcupine, check, check_all, is_linearization
from random_columns import Shape, final_states, histories, is_linearizable, medium, prefix

from splitbrain.checkers.linearizability import general, kernel, rank, windowed
from splitbrain.checkers.linearizability.columns import NEVER, RegisterColumns, Times
from splitbrain.checkers.linearizability.general import Answer
from splitbrain.checkers.linearizability.meter import NO_LIMITS, Limits, Meter, Reason, SpentError
from splitbrain.checkers.linearizability.rank import NO_TIME
from splitbrain.checkers.linearizability.segments import segment
from splitbrain.checkers.linearizability.windowed import ALL_RULES, Rule, Way

EVERY_WAY = (Way.DEPTH, Way.BREADTH, Way.BOTH)


def test_native_code_is_used_where_it_can_be_built() -> None:
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    if not compiler or not header.exists() or os.environ.get("SPLITBRAIN_KERNEL") == "python":
        pytest.skip("no compiler, or native code is turned off")
    assert kernel.NATIVE


@pytest.mark.parametrize("part", range(4))
def test_tiny_histories(part: int) -> None:
    seen = {True: 0, False: 0}
    for columns in histories(f"tiny {part}", 5_000):
        expected = is_linearizable(columns)
        check_all(columns, expected)
        assert by_porcupine(columns) is expected
        seen[expected] += 1
    assert min(seen.values()) > 800


def test_medium_histories() -> None:
    seen = {True: 0, False: 0}
    for columns in histories("medium", 2_000, medium):
        expected = by_porcupine(columns)
        check_all(columns, expected)
        seen[expected] += 1
    assert min(seen.values()) > 400


def test_what_a_segment_shows_holds_of_the_whole() -> None:
    """From one of its starts the segment of a linearizable history has an order."""
    choose = random.Random("segments")
    partial = 0
    for columns in histories("segment", 1_500):
        if is_linearizable(columns):
            events = windowed.in_order(columns.times)
            part = segment(columns, events, choose.randrange(len(events)), choose.randint(0, len(events)))
            assert any(is_linearizable(replace(part.columns, initial=start)) for start in part.starts), columns
            partial += part.begin > 0
    assert partial > 500


def test_segments_find_what_is_wrong() -> None:
    found = {kernel.search: 0, general.search: 0}
    for columns in histories("stuck", 1_000, medium):
        for search in found:
            answer = search(columns, patience=1)
            if answer.way is Way.SEGMENT:
                assert answer.valid is False
                assert answer.operation is not None
                assert answer.since is not None
                assert columns.times.return_[answer.operation] != NEVER
                found[search] += 1
    assert min(found.values()) > 40


def test_ranking() -> None:
    choose = random.Random("rank")
    for size in [*range(12), 300]:
        for span in (3, 50, 10**15):
            calls = array("q", [choose.randint(-span, span) for _ in range(size)])
            ends = [call + choose.randint(0, span) for call in calls]
            returns = array("q", [NO_TIME if choose.random() < 0.2 else end for end in ends])
            kind, a = array("B", [0]) * size, array("i", range(size))
            columns = RegisterColumns(Times(calls, returns), kind, a, array("i", reversed(a)), size, 0)
            found, order = kernel.ranked(columns)
            assert (found, order) == rank.ranked(columns, Meter(NO_LIMITS))
            assert list(order) == sorted(range(size), key=calls.__getitem__)
            assert (found.a, found.b) == (order, array("i", [columns.b[each] for each in order]))
            end = [found.times.return_[order.index(each)] for each in range(size)]
            start = [found.times.call[order.index(each)] for each in range(size)]
            positions = start + [each for each in end if each != NEVER]
            assert sorted(positions) == list(range(len(positions)))
            for each in range(size):
                assert (end[each] == NEVER) == (returns[each] == NO_TIME)
                assert all((end[each] < start[other]) == (returns[each] < calls[other]) for other in range(size))


def test_ranking_refuses_a_return_before_the_call() -> None:
    times = Times(array("q", [5]), array("q", [4]))
    columns = RegisterColumns(times, array("B", [0]), array("i", [0]), array("i", [0]), 1, 0)
    with pytest.raises(ValueError, match="before its call"):
        kernel.ranked(columns)
    with pytest.raises(ValueError, match="before its call"):
        rank.ranked(columns, Meter(NO_LIMITS))


def test_what_is_called_a_linearization_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = random.Random("verify")
    seen = {True: 0, False: 0}
    for columns in histories("verify", 2_000):
        order = list(kernel.search(columns).order) or list(range(len(columns.kind)))
        for change in range(4):
            changed = list(order)
            if change == 1:
                choose.shuffle(changed)
            elif change == 2:
                changed.insert(choose.randrange(len(order) + 1), choose.randint(-1, len(columns.kind)))
            elif change == 3:
                changed.pop(choose.randrange(len(order)))
            inside = set(changed) <= set(range(len(columns.kind)))
            expected = inside and is_linearization(columns, changed)
            for native in {False, kernel.NATIVE}:
                with monkeypatch.context() as patch:
                    patch.setattr(kernel, "NATIVE", native)
                    assert kernel.is_linearization(columns, changed) is expected, (columns, changed)
            seen[expected] += 1
    assert min(seen.values()) > 1_500


def test_every_set_of_rules() -> None:
    for number, columns in enumerate(histories("rules", 1_600)):
        expected = is_linearizable(columns)
        rules = Rule(number % 32)
        for way in (Way.DEPTH, Way.BREADTH):
            check(columns, kernel.search(columns, rules=rules, way=way), expected)
            check(columns, general.search(columns, rules=rules, way=way), expected)


def test_the_shortest_prefix_that_fails_and_the_states_before() -> None:
    found = 0
    for columns in histories("prefix", 2_000):
        if is_linearizable(columns):
            continue
        events = windowed.in_order(columns.times)
        ends = (end for end, event in enumerate(events) if event < 0)
        end = next(end for end in ends if not is_linearizable(prefix(columns, events[: end + 1])))
        possible = final_states(prefix(columns, events[:end]))
        for search in (kernel.search, general.search):
            for way in EVERY_WAY:
                answer = search(columns, rules=ALL_RULES & ~Rule.LIVE, way=way, patience=1)
                assert answer.valid is False
                assert answer.operation == ~events[end]
                if answer.way is Way.BREADTH:
                    assert answer.states
                    assert set(answer.states) <= possible
        found += 1
    assert found > 400


def test_more_open_operations_and_more_crashed_ones_than_a_word_has_bits() -> None:
    wide = Shape(size=400, values=0, clients=150, crash=0.5, wrong=0, unique=True, cas=False, ties=False)
    decided = {True: 0, False: 0}
    for wrong in (0, 0.01):
        for columns in histories(f"wide {wrong}", 4, lambda _, wrong=wrong: replace(wide, wrong=wrong)):
            window = windowed.Window(columns, windowed.in_order(columns.times), ALL_RULES)
            assert max(window.bit).bit_length() > 64
            assert len(window.members) > 64
            expected = kernel.zones(columns)
            assert expected is not None
            for search in (kernel.search, general.search):
                for way in (Way.DEPTH, Way.BREADTH):
                    answer = search(columns, Limits(configurations=1_000), way=way)
                    assert answer.valid in (None, expected.valid)
                    assert not answer.valid or is_linearization(columns, answer.order)
                    if answer.valid is not None:
                        decided[answer.valid] += 1
    assert min(decided.values()) >= 5


@pytest.mark.parametrize("search", [kernel.search, general.search])
@pytest.mark.parametrize("way", EVERY_WAY)
def test_limits(search: object, way: Way) -> None:
    assert callable(search)
    hard = Shape(size=400, values=5, clients=40, crash=0.02, wrong=0, unique=False, cas=True, ties=False)
    (columns,) = histories("hard", 1, lambda _: hard)
    answer = search(columns, Limits(configurations=50), way=way)
    assert (answer.valid, answer.reason) == (None, Reason.CONFIGURATIONS)
    assert answer.operation is not None
    assert answer.configurations <= 50
    assert search(columns, Limits(seconds=0), Rule.GREEDY, way).reason is Reason.TIME
    assert search(columns, Limits(stop=bytearray(b"\1")), Rule.GREEDY, way).reason is Reason.STOPPED


@pytest.mark.parametrize("search", [kernel.search, general.search])
@pytest.mark.parametrize("way", [Way.DEPTH, Way.BREADTH])
def test_memory_is_limited(search: object, way: Way) -> None:
    assert callable(search)
    hard = Shape(size=60, values=5, clients=30, crash=0, wrong=0.5, unique=False, cas=True, ties=False)
    (columns,) = histories("memory", 1, lambda _: hard)
    answer = search(columns, Limits(bytes=500_000, configurations=1_000_000), Rule(0), way)
    assert (answer.valid, answer.reason) == (None, Reason.MEMORY)


ENDLESS = Shape(size=3_000, values=5, clients=60, crash=0.1, wrong=0.2, unique=False, cas=True, ties=False)


@pytest.mark.parametrize("search", [kernel.search, general.search])
def test_a_search_is_ended_by_another_thread(search: Callable[..., Answer]) -> None:
    """Which shows that native code lets other threads run, too."""
    (columns,) = histories("endless", 1, lambda _: ENDLESS)
    limits = Limits()
    stopper = threading.Timer(0.02, limits.stop.__setitem__, (0, 1))
    stopper.start()
    assert search(columns, limits, Rule(0)).reason is Reason.STOPPED


@pytest.mark.parametrize("search", [kernel.search, general.search])
def test_a_search_is_interrupted_by_a_signal(search: Callable[..., Answer]) -> None:
    (columns,) = histories("endless", 1, lambda _: ENDLESS)

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            search(columns, Limits(), Rule(0))
    finally:
        signal.signal(signal.SIGALRM, before)


def test_each_part_keeps_to_its_limits() -> None:
    shape = Shape(size=2_000, values=0, clients=5, crash=0, wrong=0, unique=True, cas=False, ties=False)
    (columns,) = histories("limits", 1, lambda _: shape)
    answer = kernel.zones(columns)
    assert answer is not None
    late = Limits(seconds=0)
    stopped = kernel.zones(columns, late)
    assert stopped is not None
    assert (stopped.valid, stopped.reason) == (None, Reason.TIME)
    times = Times(array("q", columns.times.call), array("q", columns.times.return_))
    for part in (
        lambda: kernel.tightened(columns, late),
        lambda: kernel.is_linearization(columns, answer.order, late),
        lambda: kernel.ranked(replace(columns, times=times), late),
    ):
        with pytest.raises(SpentError):
            part()


def test_columns_that_make_no_sense_are_refused() -> None:
    if not kernel.NATIVE:
        pytest.skip("native code only")
    good = RegisterColumns(Times(array("i", [0]), array("i", [1])), array("B", [0]), array("i", [0]), array("i"), 1, 0)
    with pytest.raises(ValueError, match="different lengths"):
        kernel.search(good)
    with pytest.raises(ValueError, match="out of range"):
        kernel.search(replace(good, a=array("i", [7]), b=array("i", [0])))
    with pytest.raises(ValueError, match="before its call"):
        kernel.zones(replace(good, b=array("i", [0]), times=Times(array("i", [5]), array("i", [1]))))
    with pytest.raises(ValueError, match="wrong type"):
        kernel.search(replace(good, b=memoryview(b"12345678")[1:5]))  # type: ignore[arg-type]


def test_no_operations() -> None:
    none = RegisterColumns(Times(array("i"), array("i")), array("B"), array("i"), array("i"), 1, 0)
    check_all(none, expected=True)
