"""Programs that speak Maelstrom's protocol."""

import sys
from pathlib import Path
from random import Random

import pytest

from splitbrain.bench.run import RunResult, run
from splitbrain.bench.test import SECOND, Test
from splitbrain.bench.worlds.local.owned import root
from splitbrain.bench.worlds.maelstrom.node import parsed
from splitbrain.bench.worlds.maelstrom.operations import Asked, operations_of, reply_of
from splitbrain.bench.worlds.maelstrom.requests import completed, request
from splitbrain.bench.worlds.maelstrom.services import services
from splitbrain.bench.worlds.maelstrom.topology import TOPOLOGIES
from splitbrain.errors import ContractError, UsageError
from splitbrain.histories.event import Invocation
from splitbrain.histories.operation import Value

NODES = Path(__file__).parent / "maelstrom_nodes"
SERVICES = ("lin-kv", "seq-kv", "lww-kv", "lin-tso")

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="programs are run on Linux only")


def ran(program: str, workload: str, **more: object) -> RunResult:
    """A short run of a node of the tests, or of another program."""
    name, *arguments = program.split()
    path = NODES / name
    command = f"{sys.executable} {path} {' '.join(arguments)}" if name.endswith(".py") else program
    test = Test(
        **{  # type: ignore[arg-type]
            "system": "maelstrom",
            "workload": workload,
            "seed": 1,
            "world": "local",
            "faults": "none",
            "operations": 60,
            "rate": 200,
            "time": 2 * SECOND,
            "binaries": (("node", command),),
            **more,
        }
    )
    return run(test)


def op(f: str, value: Value = None, key: Value = None) -> Invocation:
    """An operation."""
    return Invocation(operation=7, process=0, f=f, key=key, input=value, time=0, node="c0")


@linux
def test_echo_and_what_is_left_behind() -> None:
    before = set(root().iterdir())
    result = ran("echo.py", "echo")
    assert result.record.grade == "valid"
    assert set(root().iterdir()) <= before
    assert ("messages", "130, 0 of them between nodes: 0.00 for each operation") in result.record.facts


@linux
def test_ids_that_are_given_out_twice_are_found() -> None:
    assert ran("echo.py", "unique_ids").record.grade == "valid"
    assert ran("echo.py bad", "unique_ids").record.grade == "invalid"


@linux
def test_a_proxy_is_no_more_consistent_than_its_service() -> None:
    assert ran("proxy.py lww-kv", "lin_kv", operations=150).record.grade == "invalid"
    stale = ran("proxy.py seq-kv", "lin_kv", operations=150)
    assert stale.record.grade == "invalid"
    assert any("sequentially consistent" in sentence for sentence in stale.record.beyond)


@linux
def test_a_broadcast_that_is_told_once_does_not_survive_a_partition() -> None:
    faults = {"faults": "partition", "operations": 120, "rate": 100}
    assert ran("broadcast.py", "broadcast", **faults).record.grade == "valid"
    assert ran("broadcast.py once", "broadcast", **faults).record.grade == "invalid"


@linux
def test_nodes_are_killed_and_paused_where_the_program_survives_it() -> None:
    result = ran(
        "proxy.py lin-kv", "lin_kv", system="maelstrom_restarts", faults="kill,pause,partition,messages", operations=150
    )
    assert result.record.grade == "valid"
    assert any(effect.count for effect in result.record.effects)
    with pytest.raises(UsageError, match="beyond the system's fault model"):
        ran("proxy.py lin-kv", "lin_kv", faults="kill")


@linux
@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("sh -c 'echo hello; cat'", "n. wrote to standard output what is no message: hello"),
        ("sh -c 'echo no library >&2; exit 3'", "n. ended by itself before it had answered init: no library"),
        (
            'sh -c \'echo {\\"src\\":\\"n9\\",\\"dest\\":\\"c0\\",\\"body\\":{\\"type\\":\\"x\\"}}; cat\'',
            "whose src is 'n9'",
        ),
    ],
)
def test_a_program_that_breaks_the_protocol_is_an_error_of_one_line(program: str, problem: str) -> None:
    with pytest.raises(ContractError, match=problem) as raised:
        ran(program, "echo")
    assert "\n" not in str(raised.value)


@linux
def test_a_program_that_is_not_there_is_an_error_of_one_line() -> None:
    with pytest.raises(UsageError, match=r"\./nothing is not a program that can be run"):
        ran("./nothing", "echo")


@linux
def test_a_bundled_system_as_a_node() -> None:
    result = ran(f"{sys.executable} -m splitbrain maelstrom-node raft", "lin_kv", rate=100, faults="partition")
    assert result.record.grade == "valid"


def test_errors_say_whether_the_operation_has_happened() -> None:
    def outcome(workload: str, asked: Invocation, code: int) -> tuple[str, Value]:
        ended = completed(workload, asked, {"type": "error", "code": code, "text": "why"})
        return ended.outcome, ended.output

    write = op("write", 1, "x")
    assert [outcome("lin_kv", write, code)[0] for code in (1, 10, 11, 12, 14, 20, 21, 22, 30)] == ["fail"] * 9
    assert [outcome("lin_kv", write, code)[0] for code in (0, 13, 99, 1000)] == ["info"] * 4
    assert outcome("lin_kv", op("read", None, "x"), 20) == ("ok", None)
    assert outcome("lin_kv", op("read", None, "x"), 13)[0] == "fail"
    assert [outcome("lin_kv", op("cas", (1, 2), "x"), code) for code in (20, 22)] == [("ok", False)] * 2
    assert completed("lin_kv", op("read", None, "x"), {"type": "read_ok"}).outcome == "fail"
    assert completed("broadcast", op("read"), {"type": "read_ok", "messages": 3}).outcome == "fail"


@pytest.mark.parametrize(
    ("workload", "asked"),
    [
        ("echo", op("ping", 3)),
        ("unique_ids", op("generate")),
        ("broadcast", op("add", 3)),
        ("g_set", op("add", 3)),
        ("pn_counter", op("add", -3)),
        ("lin_kv", op("read", None, 1)),
        ("lin_kv", op("write", 3, 1)),
        ("lin_kv", op("cas", (3, 4), 1)),
        ("maelstrom_kafka", op("send", 3, "x")),
        ("maelstrom_kafka", op("poll", 3, "x")),
        ("maelstrom_kafka", op("commit", 3, "x")),
        ("maelstrom_kafka", op("committed", None, "x")),
    ],
)
def test_a_bundled_system_is_asked_for_what_the_bench_asks(workload: str, asked: Invocation) -> None:
    key = "xyz"[asked.key] if isinstance(asked.key, int) else asked.key
    body = request(workload, op(asked.f, asked.input, key))
    assert operations_of(body) == [Asked(asked.f, asked.key, asked.input)]


def test_replies_of_bundled_systems_are_those_of_the_protocol() -> None:
    def there_and_back(workload: str, asked: Invocation, output: Value) -> tuple[str, Value]:
        body = request(workload, asked)
        operations = operations_of(body)
        assert operations is not None
        ended = completed(workload, asked, reply_of(body, operations, [output]))
        return ended.outcome, ended.output

    assert there_and_back("broadcast", op("read"), (1, 2)) == ("ok", (1, 2))
    assert there_and_back("pn_counter", op("read"), -2) == ("ok", -2)
    assert there_and_back("lin_kv", op("read", None, "x"), None) == ("ok", None)
    assert there_and_back("lin_kv", op("cas", (1, 2), "x"), False) == ("ok", False)
    assert there_and_back("lin_kv", op("cas", (1, 2), "x"), True) == ("ok", True)
    assert there_and_back("maelstrom_kafka", op("poll", 0, "x"), ((0, 5), (1, 6))) == ("ok", ((0, 5), (1, 6)))
    assert there_and_back("maelstrom_kafka", op("committed", None, "x"), 4) == ("ok", 4)


@pytest.mark.parametrize("name", SERVICES[:3])
def test_stores_answer_what_the_protocol_says(name: str) -> None:
    store = services({service: Random(1) for service in SERVICES})[name]
    missing = store.answer("n0", {"type": "read", "key": "k"})
    assert (missing["type"], missing["code"]) == ("error", 20)
    assert store.answer("n0", {"type": "cas", "key": "k", "from": 1, "to": 2})["code"] == 20
    create = {"type": "cas", "key": "k", "from": 1, "to": 2, "create_if_not_exists": True}
    assert store.answer("n0", create)["type"] == "cas_ok"
    assert store.answer("n0", {"type": "write", "key": "k"})["code"] == 12
    assert store.answer("n0", {"type": "delete", "key": "k"})["code"] == 10
    assert store.answer("n0", {"type": "write", "key": "k", "value": [1]})["type"] == "write_ok"


def test_the_sequential_store_shows_everybody_a_past_that_goes_on() -> None:
    store = services({service: Random(1) for service in SERVICES})["seq-kv"]
    for value in range(20):
        store.answer("n0", {"type": "write", "key": "k", "value": value})
    assert store.answer("n0", {"type": "read", "key": "k"})["value"] == 19
    seen = [store.answer("n1", {"type": "read", "key": "k"}).get("value", -1) for _ in range(20)]
    assert seen == sorted(seen)
    assert seen[0] < 19
    assert store.answer("n1", {"type": "cas", "key": "k", "from": 19, "to": 20})["type"] == "cas_ok"


def test_timestamps_grow() -> None:
    oracle = services({service: Random(1) for service in SERVICES})["lin-tso"]
    assert [oracle.answer(src, {"type": "ts"})["ts"] for src in ("n0", "n1", "n0")] == [0, 1, 2]


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_topologies_join_all_both_ways(name: str) -> None:
    names = [f"n{number}" for number in range(7)]
    neighbours = TOPOLOGIES[name](names)
    assert all(one in neighbours[other] for one in names for other in neighbours[one])
    reached, waiting = {"n0"}, ["n0"]
    while waiting:
        new = set(neighbours[waiting.pop()]) - reached
        reached |= new
        waiting += new
    assert reached == set(names)


def test_a_grid_is_a_grid() -> None:
    grid = TOPOLOGIES["grid"]([f"n{number}" for number in range(6)])
    assert grid["n1"] == ["n0", "n2", "n4"]
    assert grid["n3"] == ["n0", "n4"]


def test_a_line_that_is_no_message_is_shown_in_part() -> None:
    with pytest.raises(ContractError, match=r"x{100}…"):
        parsed(b"x" * 500, "n0")
