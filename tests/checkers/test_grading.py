"""What a history that is not linearizable still is."""

import re
from collections import Counter
from pathlib import Path

import pytest
from register_histories import made, shapes

from splitbrain.checkers import grading
from splitbrain.checkers.checker import Budget
from splitbrain.checkers.grading import as_data, grade, headline, lines, suspects
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import cas_register, infer, kv, register
from splitbrain.checkers.sequential import sequential
from splitbrain.checkers.sessions import sessions
from splitbrain.checkers.staleness import measure
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Value
from splitbrain.histories.store import load


def of(*rows: tuple[int, str, Value, Value, Value]) -> History:
    """Process, `f`, key, input and output of operations one after another."""
    events: list[Event] = []
    for number, (process, f, key, given, output) in enumerate(rows):
        events.append(Invocation(operation=number, process=process, f=f, key=key, input=given, time=2 * number))
        events.append(Completion(operation=number, process=process, outcome="ok", output=output, time=2 * number + 1))
    return History.from_events(events)


def test_a_stale_read_that_is_sequentially_consistent() -> None:
    history = of(
        (0, "write", "x", 1, None), (0, "write", "x", 2, None), (0, "write", "x", 3, None), (1, "read", "x", None, 1)
    )
    graded = grade(history, register(), Budget())
    assert lines(graded) == (
        'not linearizable, but sequentially consistent; the stalest reads were 2 writes old, on key "x"',
        "session guarantees: all kept",
    )


def test_a_broken_guarantee_is_named_and_shown() -> None:
    history = of((0, "write", "x", 1, None), (0, "read", "x", None, None))
    assert lines(grade(history, register(), Budget())) == (
        'neither linearizable nor sequentially consistent; the stalest reads were 1 write old, on key "x"',
        'no sequential order: read-your-writes does not hold on key "x": the initial value is older than that of '
        "write(1) by process 0; write(1) by process 0 came before read() → nil by process 0 (read-your-writes)",
        "session guarantees: read-your-writes broken, monotonic-reads kept, monotonic-writes kept, "
        "writes-follow-reads kept",
    )


def test_keys_by_themselves_are_said_to_be_so() -> None:
    history = of(
        (0, "write", "x", 1, None),
        (0, "read", "y", None, None),
        (1, "write", "y", 1, None),
        (1, "read", "x", None, None),
    )
    graded = grade(history, register(), Budget())
    assert graded.key_by_key
    assert headline(graded).startswith(
        "neither linearizable nor sequentially consistent, but each key by itself is sequentially consistent"
    )


def test_models_that_are_no_registers_are_asked_for_a_sequential_order_only() -> None:
    history = of((0, "put", "x", "a", None), (1, "get", "x", None, ""))
    graded = grade(history, kv(), Budget())
    assert lines(graded) == ("not linearizable, but sequentially consistent",)
    assert as_data(graded)["guarantees"] == {}


def test_the_example_of_the_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "beyond.md").read_text()
    printed, history = re.findall(r"```\n(.*?)```", re.sub(r"```python.*?```", "", text, flags=re.DOTALL), re.DOTALL)
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example
    (tmp_path / "stale.jsonl").write_text(history)
    monkeypatch.chdir(tmp_path)
    exec(example[1], {})
    assert capsys.readouterr().out == printed


def test_values_written_twice_tell_nothing_of_guarantees() -> None:
    history = of(
        (0, "write", "x", 1, None), (0, "write", "x", 2, None), (0, "write", "x", 1, None), (1, "read", "x", None, 2)
    )
    assert lines(grade(history, register(), Budget()))[1] == "session guarantees: all kept"
    history = of(
        (0, "write", "x", 1, None), (0, "write", "x", 1, None), (0, "write", "x", 2, None), (1, "read", "x", None, 1)
    )
    told = "session guarantees: not known, for no read found a value whose writer is certain"
    assert lines(grade(history, register(), Budget()))[1] == told


def test_too_many_operations_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    history = of(
        (0, "write", "x", 1, None),
        (1, "read", "x", None, None),
        (0, "write", "y", 1, None),
        (1, "read", "y", None, None),
    )
    monkeypatch.setattr(grading, "OPERATIONS", 3)
    graded = grade(history, register(), Budget())
    assert graded.keys == ("x",)
    assert graded.left_out == 1
    assert graded.sequential.validity is Validity.UNKNOWN
    assert not graded.key_by_key
    assert lines(graded)[-1] == "1 more key in doubt was not looked at: together they have too many operations"


def test_the_grade_says_what_each_checker_says() -> None:
    """Of all keys, though only those in doubt are looked at."""
    seen: Counter[str] = Counter()
    model = cas_register()
    for choose, shape in shapes("grading", 2_000):
        shape.size = choose.randint(2, 12)
        history = made(choose, shape)
        verdict = linearizable(model).check(history, Budget())
        if verdict.validity is not Validity.INVALID:
            continue
        graded = grade(history, model, Budget(), suspects(verdict))
        assert graded.sequential.validity is sequential(model).check(history, Budget()).validity
        assert graded.guarantees == sessions(model).check(history, Budget()).details["guarantees"]
        measured = measure(model, history)
        assert max(each.least for each in graded.staleness) == max(each.least for each in measured)
        if graded.key_by_key:
            keys = {each.key for each in history.operations}
            each = [History(tuple(one for one in history.operations if one.key == key)) for key in keys]
            assert all(sequential(model).check(one, Budget()).validity is Validity.VALID for one in each)
        seen[graded.sequential.validity] += 1
    assert min(seen[Validity.VALID], seen[Validity.INVALID]) > 50, seen


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("zookeeper-plain-reads", "not linearizable, but sequentially consistent"),
        ("pysyncobj-local-reads", "not linearizable, but sequentially consistent"),
        ("redis-sentinel-default", "neither linearizable nor sequentially consistent"),
        ("postgres-patroni-async", "neither linearizable nor sequentially consistent"),
        ("nats2151-jetstream-kv-leader-get.events", "neither linearizable nor sequentially consistent"),
    ],
)
def test_recorded_histories(real_data: Path, name: str, expected: str) -> None:
    history = load(real_data / "real" / f"{name}.jsonl")
    model = infer(history)
    verdict = linearizable(model).check(history, Budget())
    assert headline(grade(history, model, Budget(), suspects(verdict))).startswith(f"{expected};")
