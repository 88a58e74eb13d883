"""`splitbrain check` on several files, with every option."""

import json
from pathlib import Path

import pytest

from splitbrain.bench.cli import main
from splitbrain.checkers.linearizability import kernel

NATIVE = "native" if kernel.NATIVE else "not native"
OURS = """{"format":"splitbrain","version":1}
{"type":"invoke","operation":0,"process":0,"f":"write","key":"x","input":1,"time":1}
{"type":"ok","operation":0,"process":0,"time":2}
{"type":"invoke","operation":1,"process":1,"f":"read","key":"x","time":3}
{"type":"ok","operation":1,"process":1,"output":1,"time":4}
"""
ZERO = "{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value 0}\n"


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def write(path: str, text: str) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return path


def check(*arguments: str) -> int:
    return main.run(["check", *arguments])


def test_one_line_for_each_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = write("good.jsonl", OURS), write("bad.jsonl", OURS.replace('"output":1', '"output":7'))
    assert check(good, bad, good) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["VALID", good], ["INVALID", bad], ["VALID", good]]
    assert check(bad) == 1
    assert len(capsys.readouterr().out.splitlines()) > 1


def test_a_folder_stands_for_the_histories_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("f/b.edn", "f/runs/one/history.jsonl", "f/deep/er/a.jsonl"):
        write(path, ZERO if path.endswith("edn") else OURS)
    write("f/README.md", "# Histories\n")
    write("f/runs/one/faults.jsonl", "{}\n")
    Path("f/runs/latest").symlink_to("one")
    assert check("f", "--model", "*.edn=register:0") == 0
    out, err = capsys.readouterr()
    assert [line.split()[1] for line in out.splitlines()] == ["f/b.edn", "f/deep/er/a.jsonl", "f/runs/one"]
    assert err == "splitbrain: f/README.md: passed over, it is in none of the known formats\n"


def test_a_folder_without_a_history_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    write("f/README.md", "# Histories\n")
    assert check("f") == 254
    assert capsys.readouterr().err == "splitbrain: f: a folder without a history\n"


def test_a_model_may_be_told_what_it_holds_at_first(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("h.edn", ZERO)
    assert check(path) == 1
    assert "value nobody wrote" in capsys.readouterr().out
    assert check(path, "--model", "register:0") == 0
    assert "(model register:0; " in capsys.readouterr().out
    assert check(path, "--model", "cas-register0") == 0
    assert check(path, "--model", "register:1") == 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("abacus", "no model named 'abacus': choose one of register, "),
        ("*.edn=abacus", "no model named 'abacus': choose one of register, "),
        ("*.edn=", "no model named '*.edn=': choose one of register, "),
        ("kv:1", "the model kv begins empty: register, cas-register, counter may be told what they hold at first"),
        ("register:{}", "'register:{}': what a model holds at first is a value in JSON, as in register:0"),
        ("register:", "'register:': what a model holds at first is a value in JSON, as in register:0"),
        ("counter:1.5", "'counter:1.5': a counter holds an integer"),
    ],
)
def test_models_that_there_are_not(model: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("h.edn", ZERO), "--model", model) == 254
    assert capsys.readouterr().err.startswith(f"splitbrain: {message}")


def test_the_last_pattern_that_fits_counts(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("a/h.edn", ZERO)
    assert check(path, "--model", "register:0", "--model", "a/*=register:1", "--model", "b/*=register") == 1
    assert "(model register:1; " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("engine", "decided"),
    [
        ("zones", f"engine zones, {NATIVE}"),
        ("search", f"engine search, {NATIVE}"),
        ("porcupine", "engine porcupine, not native"),
    ],
)
def test_an_engine_by_name(engine: str, decided: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("h.jsonl", OURS), "--engine", engine) == 0
    assert capsys.readouterr().out.endswith(f"({decided})\n".replace("(", "(model register; "))


def test_an_engine_that_does_not_apply(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("h.jsonl", OURS), "--engine", "queues") == 254
    assert capsys.readouterr().err.startswith('splitbrain: h.jsonl: engine queues does not apply to key "x": ')


def test_a_format_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("h", ZERO)
    assert check(path, "--format", "jepsen", "--model", "register:0") == 0
    assert check(path, "--format", "elle") == 254
    assert capsys.readouterr().err.startswith("splitbrain: h:1: ")


def test_json_tells_the_engine_of_each_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("h.jsonl", OURS), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["grade"], found["model"], found["operations"]) == ("valid", "register", 2)
    assert found["engines"] == {"zones": {"keys": 1, "native": kernel.NATIVE}}
    assert [(each["key"], each["engine"], each["native"]) for each in found["details"]["by_key"]] == [
        ("x", "zones", kernel.NATIVE)
    ]


def test_the_report_names_the_engine() -> None:
    assert check(write("h.jsonl", OURS), "--report", "page.html") == 0
    assert f"engine zones, {NATIVE}" in Path("page.html").read_text()


def test_help_states_the_default_budgets(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--help") == 0
    out = capsys.readouterr().out
    assert "[default: 60s]" in out
    assert "[default: 2G]" in out
    assert "[default: 20000000;" in out


@pytest.mark.parametrize(
    ("given", "fine"), [("1.5G", True), ("500MiB", True), ("1024", True), ("0", False), ("x", False)]
)
def test_amounts_of_memory(given: str, fine: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("h.jsonl", OURS), "--memory", given) == (0 if fine else 254)
    assert ("is not an amount of memory" in capsys.readouterr().err) is not fine


def test_a_malformed_line_gives_file_line_and_reason_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("h.jsonl", OURS.replace('"process":1,"f"', '"process":"one","f"'))
    assert check(path) == 254
    assert capsys.readouterr().err == "splitbrain: h.jsonl:4: field `process`: Expected `int`, got `str`\n"


def test_devices_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("/dev/zero") == 254
    assert capsys.readouterr().err == "splitbrain: /dev/zero: a device, not a file\n"
