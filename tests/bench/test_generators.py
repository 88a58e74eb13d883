"""Generators, run dry: scripted clients without a world."""

import heapq
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest

from splitbrain.bench.generators import (
    DONE,
    Context,
    Done,
    Each,
    EachThread,
    Generator,
    Limit,
    Mix,
    PerKey,
    Phases,
    Repeat,
    Request,
    Reserve,
    Stagger,
    TimeLimit,
    UntilOk,
    Update,
    Wait,
)
from splitbrain.bench.test import Test
from splitbrain.bench.workloads import kv, register
from splitbrain.bench.workloads.workload import Workload
from splitbrain.histories.event import Completion, Invocation
from splitbrain.histories.operation import Outcome, Value

Client = Callable[[Invocation], tuple[int, Outcome, Value]]
"""Answers an operation: after how long (nanoseconds), how, and with what."""


def perfect(op: Invocation) -> tuple[int, Outcome, Value]:
    return 10, "ok", None


def imperfect(op: Invocation) -> tuple[int, Outcome, Value]:
    """Answers ok, fail and info in turn."""
    outcomes: tuple[Outcome, ...] = ("ok", "fail", "info")
    return 10, outcomes[op.operation % 3], None


def dry_run(generator: Generator, client: Client = perfect, threads: int = 3, end: int = 10**12) -> list[Update]:
    """Everything that is invoked and completed, in order."""
    now, free = 0, list(range(threads))
    updates: list[Update] = []
    due: list[tuple[int, int, Update]] = []

    def tell(update: Update) -> None:
        updates.append(update)
        generator.update(update)

    while now < end:
        step = generator.next(Context(now, tuple(free), tuple(range(threads)))) if free else Wait()
        if isinstance(step, Request):
            thread = free[0] if step.thread is None else step.thread
            free.remove(thread)
            op = Invocation(operation=len(updates), process=thread, f=step.f, key=step.key, input=step.input, time=now)
            after, outcome, output = client(op)
            completion = Completion(
                operation=op.operation, process=thread, outcome=outcome, output=output, time=now + after
            )
            tell(Update(thread, op))
            heapq.heappush(due, (completion.time, op.operation, Update(thread, op, completion)))
            continue
        if isinstance(step, Done) and not due:
            return updates
        until = step.until if isinstance(step, Wait) else None
        if due and (until is None or due[0][0] <= until):
            now, _, update = heapq.heappop(due)
            free.append(update.thread)
            tell(update)
        else:
            assert until is not None, "waits for an update that never comes"
            assert until > now, "waits for the past"
            now = until
    return updates


def invoked(updates: list[Update]) -> list[Invocation]:
    return [update.op for update in updates if update.completion is None]


def names(updates: list[Update]) -> str:
    return "".join(op.f for op in invoked(updates))


def forever(f: str) -> Generator:
    return Repeat(lambda: Request(f))


def letters(text: str) -> Generator:
    return Each([Request(f) for f in text])


def test_each_invokes_its_requests_in_order() -> None:
    assert names(dry_run(letters("abcde"))) == "abcde"


def test_limit() -> None:
    assert names(dry_run(Limit(4, forever("a")))) == "aaaa"


def test_the_thread_that_was_free_longest_goes_first() -> None:
    assert [op.process for op in invoked(dry_run(Limit(6, forever("a"))))] == [0, 1, 2, 0, 1, 2]


def test_time_limit_counts_from_the_first_time_it_is_asked() -> None:
    generator = TimeLimit(100, forever("a"))
    assert isinstance(generator.next(Context(1000, (0,), (0,))), Request)
    assert isinstance(generator.next(Context(1099, (0,), (0,))), Request)
    assert generator.next(Context(1100, (0,), (0,))) == DONE


def test_time_limit_cuts_a_wait_short() -> None:
    generator = TimeLimit(100, Stagger(10**9, Random(1), forever("a")))
    assert generator.next(Context(0, (0,), (0,))) == Wait(100)


def test_mix_follows_the_weights_and_ends_with_the_last() -> None:
    counts = Counter(names(dry_run(Limit(1000, Mix(Random(1), (3, forever("a")), (1, forever("b")))))))
    assert 700 < counts["a"] < 800
    assert sorted(names(dry_run(Mix(Random(1), (3, letters("aa")), (1, letters("bbb")))))) == list("aabbb")


def test_stagger_keeps_the_mean_interval_with_bursts_and_pauses() -> None:
    times = [op.time for op in invoked(dry_run(Limit(3000, Stagger(1_000_000, Random(1), forever("a"))), threads=99))]
    gaps = [after - before for before, after in pairwise(times)]
    assert 900_000 < sum(gaps) / len(gaps) < 1_100_000
    assert min(gaps) < 10_000
    assert max(gaps) > 5_000_000


def test_phases_wait_for_all_threads_before_the_next_begins() -> None:
    updates = dry_run(Phases(letters("aaaa"), letters("bb")))
    assert names(updates) == "aaaabb"
    first_b = next(update.op.time for update in updates if update.op.f == "b")
    assert all(update.completion.time <= first_b for update in updates if update.completion and update.op.f == "a")


def test_per_key_keeps_keys_apart_and_uses_the_first_more() -> None:
    generator = PerKey(Random(1), {key: Limit(100, forever("a")) for key in "xyz"})
    ops = invoked(dry_run(generator))
    assert Counter(op.key for op in ops) == {"x": 100, "y": 100, "z": 100}
    early = Counter(op.key for op in ops[:90])
    assert early["x"] > early["y"] > early["z"] > 0


def test_reserve_keeps_threads_for_their_generators() -> None:
    updates = dry_run(
        Reserve((1, Limit(5, forever("a"))), (2, Limit(5, forever("b"))), rest=Limit(5, forever("c"))), threads=5
    )
    threads: dict[str, set[int]] = {"a": set(), "b": set(), "c": set()}
    for update in updates:
        threads[update.op.f].add(update.thread)
    assert threads == {"a": {0}, "b": {1, 2}, "c": {3, 4}}
    assert Counter(names(updates)) == {"a": 5, "b": 5, "c": 5}


def test_reserve_with_fewer_threads_than_groups() -> None:
    assert names(dry_run(Reserve((1, letters("aa")), (2, letters("bb")), rest=letters("c")), threads=1)) == "aa"


def test_each_thread_has_its_own() -> None:
    updates = dry_run(EachThread(lambda thread: letters("ab")))
    for thread in range(3):
        assert names([update for update in updates if update.thread == thread]) == "ab"


def test_until_ok_tries_again_until_it_succeeds() -> None:
    def third_time(op: Invocation) -> tuple[int, Outcome, Value]:
        return 10, "ok" if op.time >= 20 else "fail", None

    updates = dry_run(UntilOk(forever("a")), third_time)
    assert [update.completion.outcome for update in updates if update.completion] == ["fail", "fail", "ok"]


def test_until_ok_looks_at_its_own_requests_only() -> None:
    def client(op: Invocation) -> tuple[int, Outcome, Value]:
        return 10, "ok" if op.f == "b" or op.time > 100 else "fail", None

    updates = dry_run(Mix(Random(1), (1, UntilOk(forever("a"))), (1, Limit(20, forever("b")))), client)
    outcomes = [update.completion.outcome for update in updates if update.completion and update.op.f == "a"]
    assert outcomes == ["fail"] * (len(outcomes) - 1) + ["ok"]


@pytest.mark.parametrize("client", [perfect, imperfect])
@pytest.mark.parametrize("workload", [register.WORKLOAD, kv.WORKLOAD])
def test_workloads_write_unique_values_to_few_keys(workload: Workload, client: Client) -> None:
    calls = workload.calls(Test(system="", workload="", seed=1), Random(1))
    ops = invoked(dry_run(Limit(300, calls.faults), client))
    assert {op.key for op in ops} == {"x", "y", "z"}
    written = [op.input[1] if isinstance(op.input, tuple) else op.input for op in ops if op.input is not None]
    assert len(written) > 100
    assert len(set(written)) == len(written)
    probes = [probe() for probe in calls.probes]
    assert {probe.f for probe in probes} == {op.f for op in ops}
    assert not {probe.input for probe in probes if probe.input} & set(written)


def test_compare_and_set_expects_the_value_seen_last() -> None:
    state: dict[Value, Value] = {}

    def client(op: Invocation) -> tuple[int, Outcome, Value]:
        if op.f == "read":
            return 10, "ok", state.get(op.key)
        if op.f == "write":
            state[op.key] = op.input
            return 10, "ok", None
        assert isinstance(op.input, tuple)
        swap = state.get(op.key) == op.input[0]
        if swap:
            state[op.key] = op.input[1]
        return 10, "ok", swap

    calls = register.WORKLOAD.calls(Test(system="", workload="", seed=1), Random(1))
    updates = dry_run(Limit(300, calls.faults), client, threads=1)
    assert all(update.completion.output for update in updates if update.completion and update.op.f == "cas")


def test_equal_seeds_give_equal_requests() -> None:
    def run(seed: int) -> list[Update]:
        calls = kv.WORKLOAD.calls(Test(system="", workload="", seed=seed), Random(seed))
        return dry_run(Limit(50, calls.faults), imperfect)

    assert run(1) == run(1) != run(2)
