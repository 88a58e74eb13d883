"""What the models allow, and what they say of operations."""

import pytest

from splitbrain.checkers.models import NAMES, by_name, infer
from splitbrain.checkers.models.model import State
from splitbrain.checkers.models.values import canonical, same, show
from splitbrain.errors import HistoryError, UsageError
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Outcome, Value


def operation(f: str, given: Value = None, output: Value = None, outcome: Outcome = "ok") -> Operation:
    return_ = None if outcome == "info" else 1
    return Operation(
        index=0, process=0, f=f, input=given, output=output, outcome=outcome, call=0, return_=return_, invoked=0
    )


def test_by_name_finds_each_model_and_names_them_all_otherwise() -> None:
    assert [by_name(name).name for name in NAMES] == list(NAMES)
    with pytest.raises(
        UsageError, match="no model named 'stack': choose one of register, cas-register, kv, set, counter"
    ):
        by_name("stack")


@pytest.mark.parametrize(
    ("functions", "name"),
    [
        ([], "register"),
        (["read"], "register"),
        (["read", "cas"], "cas-register"),
        (["get", "append"], "kv"),
        (["add"], "set"),
        (["inc", "read"], "counter"),
        (["enqueue"], "queue"),
        (["acquire", "release"], "mutex"),
    ],
)
def test_infer_goes_by_the_functions(functions: list[str], name: str) -> None:
    assert infer(History(tuple(operation(f) for f in functions))).name == name


@pytest.mark.parametrize(("answer", "name"), [((1,), "set"), ((), "set"), (1, "counter"), (None, "set")])
def test_infer_tells_a_set_from_a_counter_by_what_was_read(answer: Value, name: str) -> None:
    assert infer(History((operation("add", 1), operation("read", output=answer)))).name == name


def test_infer_says_what_no_model_knows() -> None:
    with pytest.raises(UsageError, match="no model knows all of enqueue, read"):
        infer(History((operation("read"), operation("enqueue"))))


@pytest.mark.parametrize(
    ("state", "done", "after"),
    [
        (3, operation("read", output=3), (3,)),
        (3, operation("read", output=4), ()),
        (3, operation("write", 4), (4,)),
        (3, operation("write", 4, output="whatever"), (4,)),
        (3, operation("cas", (3, 4), True), (4,)),
        (3, operation("cas", (3, 4), False), ()),
        (3, operation("cas", (5, 4), False), (3,)),
        (3, operation("cas", (5, 4), True), ()),
        (3, operation("cas", (3, 4), None, "info"), (4,)),
        (3, operation("cas", (5, 4), None, "info"), (3,)),
        (1, operation("read", output=True), ()),
        (1, operation("read", output=1.0), ()),
        (True, operation("cas", (1, 2), True), ()),
        ((1, (0,)), operation("read", output=(1, (False,))), ()),
    ],
)
def test_register_steps(state: Value, done: Operation, after: tuple[Value, ...]) -> None:
    assert by_name("cas-register").after(state, done) == after


@pytest.mark.parametrize(
    ("done", "after"),
    [
        (operation("get", output="ab"), ("ab",)),
        (operation("get", output="a"), ()),
        (operation("put", "c"), ("c",)),
        (operation("append", "c"), ("abc",)),
        (operation("append", "c", "abc"), ("abc",)),
        (operation("append", "c", "c"), ()),
        (operation("append", "c", None, "info"), ("abc",)),
    ],
)
def test_kv_steps(done: Operation, after: tuple[Value, ...]) -> None:
    assert by_name("kv").after("ab", done) == after


@pytest.mark.parametrize(
    ("name", "state", "done", "after"),
    [
        ("set", frozenset({1, 2}), operation("read", output=(2, 1)), (frozenset({1, 2}),)),
        ("set", frozenset({1, 2}), operation("read", output=(2, 1, 1)), ()),
        ("set", frozenset({1, 2}), operation("read", output=(2,)), ()),
        ("set", frozenset({1}), operation("read", output=(True,)), ()),
        ("set", frozenset({1}), operation("add", 2), (frozenset({1, 2}),)),
        ("set", frozenset({1}), operation("add", 1), (frozenset({1}),)),
        ("queue", (1, 2), operation("dequeue", output=1), ((2,),)),
        ("queue", (1, 2), operation("dequeue", output=2), ()),
        ("queue", (1, 2), operation("dequeue", None, None, "info"), ((2,),)),
        ("queue", (), operation("dequeue"), ((),)),
        ("queue", (1,), operation("dequeue"), ()),
        ("queue", (1,), operation("enqueue", 2), ((1, 2),)),
        ("counter", 3, operation("read", output=3), (3,)),
        ("counter", 3, operation("inc"), (4,)),
        ("counter", 3, operation("decr"), (2,)),
        ("counter", 3, operation("decr", 2, 1), (1,)),
        ("counter", 3, operation("add", -5), (-2,)),
        ("counter", 3, operation("add", 5, 9), ()),
        ("mutex", None, operation("acquire"), (0,)),
        ("mutex", 0, operation("acquire"), ()),
        ("mutex", 0, operation("release"), (None,)),
        ("mutex", 1, operation("release"), ()),
        ("mutex", None, operation("release"), ()),
    ],
)
def test_steps_of_collections_counters_and_locks(
    name: str, state: State, done: Operation, after: tuple[State, ...]
) -> None:
    assert by_name(name).after(state, done) == after


@pytest.mark.parametrize(
    ("name", "malformed", "message"),
    [
        ("queue", operation("enqueue"), "operation 0 enqueues nil"),
        ("counter", operation("add"), "operation 0: the input of add is an integer, not None"),
        ("counter", operation("inc", True), "operation 0: the input of inc is an integer, not True"),
        ("cas-register", operation("cas", 3, True), "operation 0: the input of a cas is a pair"),
        ("cas-register", operation("cas", (1, 2), 1), "operation 0: the output of a cas is true or false, not 1"),
        ("kv", operation("append", 3), "operation 0: the input of append is a string, not 3"),
    ],
)
def test_malformed_operations_are_named(name: str, malformed: Operation, message: str) -> None:
    model = by_name(name)
    with pytest.raises(HistoryError, match=message):
        model.after(model.initial, malformed)


def test_values_of_different_types_are_never_the_same() -> None:
    values: list[Value] = [
        None,
        True,
        1,
        1.0,
        "1",
        (1,),
        (True,),
        ((1,),),
        0,
        False,
        0.0,
        "",
        (),
        ("bool", 1),
        ("tuple", 1),
    ]
    for a in values:
        for b in values:
            assert same(a, b) == (a is b) == (canonical(a) == canonical(b)), (a, b)


@pytest.mark.parametrize(
    ("done", "text"),
    [
        (operation("read", output=None), "read() → nil"),
        (operation("write", 3), "write(3)"),
        (operation("cas", (1, "x"), False), 'cas(1, "x") → false'),
        (operation("write", 3, outcome="info"), "write(3) → ?"),
        (operation("write", None), "write(nil)"),
        (operation("append", "x", outcome="fail"), 'append("x") → refused'),
    ],
)
def test_operations_are_described_in_a_line(done: Operation, text: str) -> None:
    assert by_name("register").describe(done) == text


def test_show() -> None:
    assert show((None, True, 'a"b', 2)) == '(nil, true, "a\\"b", 2)'
