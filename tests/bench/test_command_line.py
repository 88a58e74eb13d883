"""The command line as a user meets it: what it prints, and every exit code for every reason."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from splitbrain.bench.cli import main
from splitbrain.bench.directory import read_recorded
from splitbrain.bench.registry import system
from splitbrain.checkers.linearizability import kernel

HERE = Path(__file__).parent
STALE_READ = """{"format":"splitbrain","version":1}
{"type":"invoke","operation":0,"process":0,"f":"write","key":"x","input":1,"time":1}
{"type":"ok","operation":0,"process":0,"time":2}
{"type":"invoke","operation":1,"process":1,"f":"read","key":"x","time":3}
{"type":"ok","operation":1,"process":1,"output":1,"time":4}
"""


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for every test, from which `faulty_systems` can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(HERE), *sys.path])
    monkeypatch.setenv("COLUMNS", "100")


def splitbrain(*arguments: object) -> int:
    return main.run([str(argument) for argument in arguments])


def ping(system: str, *arguments: object) -> int:
    return splitbrain("run", f"faulty_systems:{system}", "--faults", "none", "--operations", 10, *arguments)


def history(name: str, text: str) -> Path:
    path = Path(name)
    path.write_text(text)
    return path


NATIVE = "native" if kernel.NATIVE else "not native"
VALID, INVALID = STALE_READ, STALE_READ.replace('"output":1', '"output":null')


def test_0_for_a_valid_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "ping-pong", "--seed", 1) == 0
    out = capsys.readouterr().out
    assert out.startswith("VALID  ")
    assert "splitbrain run ping_pong --workload ping --faults swarm --world simulated --seed 1" in out


def test_0_for_a_valid_history(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("check", history("h.jsonl", VALID)) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"VALID    h.jsonl  2 operations on 1 key linearizable (model register; engine zones, {NATIVE})"
    ]


def test_check_writes_a_page_on_one_history(capsys: pytest.CaptureFixture[str]) -> None:
    path = history("h.jsonl", INVALID)
    assert splitbrain("check", path, "--report", "page.html") == 1
    page = Path("page.html").read_text()
    assert "h.jsonl" in page
    assert "not linearizable" in page
    assert splitbrain("check", path, path, "--report", "page.html") == 254
    assert splitbrain("check", path, "--report", "nowhere/page.html") == 254
    assert "nowhere/page.html: No such file or directory" in capsys.readouterr().err


def test_1_for_a_history_that_is_not_linearizable(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("check", history("h.jsonl", INVALID)) == 1
    out = capsys.readouterr().out
    assert out.startswith("INVALID  h.jsonl  ")
    assert "the write of 1 by process 0 had been acknowledged" in out


def test_1_for_a_planted_bug_and_the_command_shows_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--bug", "previous-ping", "--faults", "none")
    assert splitbrain("run", "ping_pong", "--seed", 1, *options) == 1
    out = capsys.readouterr().out
    command = next(line.strip() for line in out.splitlines() if line.startswith("  splitbrain run"))
    assert splitbrain(*command.split()[1:]) == 1
    assert capsys.readouterr().out == out


def test_1_for_an_answer_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert ping("parrot") == 1
    assert "the output of a cas is true or false, not (" in capsys.readouterr().out


def test_1_for_a_broken_invariant(capsys: pytest.CaptureFixture[str]) -> None:
    assert ping("broken") == 1
    assert "invariant never broken at s1: it does not hold" in capsys.readouterr().out


def test_1_for_a_system_that_is_not_live_after_heal(capsys: pytest.CaptureFixture[str]) -> None:
    assert ping("tired") == 1
    assert "client c0: no ping was ok within 1 s" in capsys.readouterr().out


def test_2_for_a_vacuous_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert ping("silent", "--beyond-tolerance") == 2
    assert capsys.readouterr().out.startswith("VACUOUS  none of the 15 operations was ok")


def test_2_for_an_inert_run(capsys: pytest.CaptureFixture[str]) -> None:
    late = [{"family": "kill", "on": "s1", "at": 10**15, "lasts": 1}]
    Path("late.json").write_text(json.dumps(late))
    assert splitbrain("run", "faulty_systems:echo", "--faults", "late.json") == 2
    assert capsys.readouterr().out.startswith("INERT  1 fault was planned, and it had no effect")


def hard(values: int) -> str:
    """Concurrent compare-and-sets from every value to every other, all of them done, but three that lead away from one.

    An order of them is a trail through a graph that uses each edge once, and there is none. Nothing but a search of
    an exponential number of configurations tells that to who does not know of graphs.
    """
    pairs = [(a, b) for a in range(values) for b in range(values) if a != b and (a, b) not in ((1, 2), (1, 3), (1, 4))]
    calls = [
        f'{{"type":"invoke","operation":{number},"process":{number},"f":"cas","key":"x","input":[{a},{b}],"time":1}}\n'
        for number, (a, b) in enumerate([(None, 0), *pairs])
    ]
    returns = [
        f'{{"type":"ok","operation":{number},"process":{number},"output":true,"time":2}}\n'
        for number in range(len(calls))
    ]
    return "".join(['{"format":"splitbrain","version":1}\n', *calls, *returns]).replace("None", "null")


def test_2_for_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("check", history("h.jsonl", hard(9)), "--time", "1ns") == 2
    assert capsys.readouterr().out.startswith("UNKNOWN")


def test_2_for_an_interrupted_run_whose_history_can_be_checked() -> None:
    arguments = ["run", "primary_backup", "--seed", "1", "--operations", "200000", "--time", "2h", "--keys", "1000"]
    with start(arguments) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert process.stderr.readline() == "running primary_backup, seed 1\n"
        assert " operations, faults phase, " in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        err = process.stderr.read()
    assert process.returncode == 2, (out, err)
    assert out.startswith("INTERRUPTED  ")
    assert "Traceback" not in err
    command = out.splitlines()[-1].partition("check it with: splitbrain ")[2]
    assert splitbrain(*command.split()) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument 'SYSTEM'"),
        (["dance"], "No such command 'dance'"),
        (["run", "ping_pong", "--clients", "0"], "Invalid value for '--clients'"),
        (["run", "ping_pong", "--time", "soon"], "'soon' is not a length of time"),
        (["run", "primary_bakcup"], "no system named 'primary_bakcup': did you mean primary_backup?"),
        (["run", "nowhere:system"], "there is no module nowhere here"),
        (["run", ":nobody"], "system ':nobody': give module:attribute, both of them"),
        (["run", "quits:system"], "importing quits failed: SystemExit: 0"),
        (["run", "faulty_systems:nobody"], "'nobody' in faulty_systems does not exist"),
        (["run", "faulty_systems:aimless"], "give --workload module:attribute"),
        (["run", "faulty_systems:Echo"], "'Echo' in faulty_systems is a type: it must be a"),
        (["run", "ping_pong", "--faults", "meteor"], "there is no 'meteor'"),
        (["run", "ping_pong", "--faults", "no.json"], "no.json: cannot be read"),
        (["run", "ping_pong", "--faults", HERE / "empty.json"], "empty.json: there is no fault in it"),
        (["run", "ping_pong", "--workload", "kvv"], "no workload named 'kvv': did you mean kv?"),
        (["run", "ping_pong", "--workload", "kv"], "does not serve the workload kv: choose ping"),
        (["run", "ping_pong", "--bug", "sloth"], "has no bug named 'sloth'"),
        (["replay", "nothing"], "nothing: no such run"),
        (["replay", "n" * 300], ": no such run"),
        (["check", "n" * 300], "cannot be read: File name too long"),
        (["check", "two\nlines"], "two\\nlines: no such file"),
        (["check", "nothing.jsonl"], "nothing.jsonl: no such file"),
        (["check", "--model", "abacus", "x"], "no model named 'abacus': choose one of register, cas-register"),
        (["list", "planets"], "'planets' is not one of"),
    ],
)
def test_254_for_bad_arguments_in_one_line(
    arguments: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert splitbrain(*arguments) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.splitlines()[-1]
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("hello\n", "h.jsonl:1: "),
        (VALID.replace('"time":4', '"time":"four"'), "h.jsonl:5: "),
        (VALID.replace('"operation":1,"process":1,"output"', '"operation":7,"process":1,"output"'), "h.jsonl:5: "),
        (VALID.replace('"f":"read"', '"f":"stare"'), "h.jsonl: no model knows all of"),
    ],
)
def test_254_for_a_malformed_history(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("check", history("h.jsonl", text)) == 254
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err


def test_a_torn_last_line_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("check", history("h.jsonl", VALID + '{"type":"inv')) == 0
    assert "warning: " in capsys.readouterr().out


def test_254_for_a_place_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs").mkdir()
    Path("runs/default").write_text("in the way")
    assert splitbrain("run", "ping_pong", "--seed", 1) == 254
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith("splitbrain: runs/default/")
    assert err[-1].endswith("cannot be written: Not a directory")


def test_254_for_a_full_disk_and_what_was_recorded_can_be_checked() -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    with start(["run", "primary_backup", "--seed", "1"], before=little_room) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (254, "")
    assert "cannot write the journal" in err.splitlines()[-1]
    assert splitbrain("check", next(Path("runs/default").iterdir())) == 0


def test_another_folder_is_never_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "ping_pong", "--seed", 1) == 0
    (place,) = Path("runs/default").iterdir()
    (place / "test.json").rename(place / "mine.json")
    assert splitbrain("run", "ping_pong", "--seed", 1) == 254
    assert "exists and is not a run directory" in capsys.readouterr().err
    assert (place / "mine.json").exists()


def test_255_for_an_error_of_the_system(capsys: pytest.CaptureFixture[str]) -> None:
    assert ping("faulty") == 255
    err = capsys.readouterr().err
    assert "broke the node contract" in err.splitlines()[-1]
    assert "ZeroDivisionError" in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("exits", "called sys.exit in mid-run"),
        ("half_a_character", "client c0 answered ping of operation 0: a string holds half of a surrogate pair"),
        ("numbers_errors", "the error is a int: say it in words"),
        ("undeployable", "deploy failed: ZeroDivisionError"),
        ("deploys_nothing", "deploy gave a NoneType"),
    ],
)
def test_255_for_a_system_that_breaks_the_contract(
    attribute: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ping(attribute) == 255
    out, err = capsys.readouterr()
    assert out == ""
    assert "the system under test broke the node contract: " in err.splitlines()[-1]
    assert message in err.splitlines()[-1]


def test_nothing_that_a_system_says_can_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert ping("hostile") == 1
    out = capsys.readouterr().out
    assert "\\x1b[2J" in out
    assert all(line.isprintable() for line in out.splitlines())


def test_a_node_may_have_any_name_and_log_any_text() -> None:
    assert ping("hostile") == 1
    (log,) = Path("runs/latest/nodes").iterdir()
    assert log.name == "dc1%2Fs1.log"
    assert "\\ud800" in log.read_text()


def test_255_for_our_own_error_with_the_way_to_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("splitbrain.bench.registry.system", fail)
    assert splitbrain("run", "ping_pong") == 255
    assert capsys.readouterr().err == (
        "splitbrain: internal error: RuntimeError: two lines (set SPLITBRAIN_TRACEBACK=1 for the traceback)\n"
    )
    monkeypatch.setenv("SPLITBRAIN_TRACEBACK", "1")
    assert splitbrain("run", "ping_pong") == 255
    assert "Traceback" in capsys.readouterr().err


def test_of_several_histories_every_line_is_printed_and_the_worst_code_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    good, bad = history("good.jsonl", VALID), history("bad.jsonl", INVALID)
    assert splitbrain("check", good, "missing.jsonl", bad, good) == 1
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines() if ".jsonl" in line] == ["VALID", "INVALID", "VALID"]
    assert "missing.jsonl: no such file" in err
    assert splitbrain("check", good, "missing.jsonl") == 254


def test_check_answers_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("check", "--json", history("a.jsonl", VALID), history("b.jsonl", INVALID)) == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["history"], first["grade"], first["evidence"]) == ("a.jsonl", "valid", [])
    assert (second["grade"], second["model"], len(second["evidence"])) == ("invalid", "register", 1)


def test_a_reader_that_goes_away_is_no_verdict() -> None:
    with start(["run", "ping_pong", "--seed", "1", "--seeds", "3"]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 2, err
    assert err == "running ping_pong, 3 seeds from 1\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_254_if_the_output_cannot_be_written() -> None:
    command = [sys.executable, "-m", "splitbrain", "list", "systems"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (254, "splitbrain: standard output: No space left on device\n")
        assert subprocess.run([*command[:-1], "planets"], stderr=full).returncode == 254


def test_several_seeds_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "ping_pong", "--seed", 5, "--seeds", 3, "--faults", "none") == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in out[:3]] == [["VALID", "seed", str(seed)] for seed in (5, 6, 7)]
    assert out[3:] == ["3 valid"]
    assert not Path("runs").exists()
    bug = ("--bug", "previous-ping", "--faults", "none")
    assert splitbrain("run", "ping_pong", "--seed", 5, "--seeds", 2, *bug) == 1
    assert len(list(Path("runs/default").iterdir())) == 2


def test_a_seed_is_drawn_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    splitbrain("run", "ping_pong")
    out, err = capsys.readouterr()
    seed = err.split("seed ")[1].split()[0]
    assert "(drawn)" in err
    assert f"--seed {seed} " in out


def test_the_run_directory_holds_everything() -> None:
    assert splitbrain("run", "primary_backup", "--seed", 1) == 0
    place = Path("runs/latest")
    assert place.is_symlink()
    names = {path.name for path in place.iterdir()} - {"nodes"}
    assert names == {
        *("test.json", "history.jsonl", "faults.jsonl", "messages.jsonl", "results.json", "report.html"),
    }
    assert read_recorded(place).test.seed == 1
    for path in place.glob("*"):
        assert path.is_dir() or str(Path.cwd()) not in path.read_text()


def test_replay_says_whether_the_same_happened(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "primary_backup", "--seed", 3) == 0
    recorded = Path("runs/latest").resolve()
    before = {path.name: path.read_bytes() for path in recorded.iterdir() if path.is_file()}
    for name in ("latest", recorded.name, str(recorded)):
        assert splitbrain("replay", name) == 0
        assert "Same as recorded" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in recorded.iterdir() if path.is_file()} == before


def test_an_interrupted_run_is_nothing_to_compare_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "faulty_systems:interrupted", "--faults", "none", "--seed", 3) == 2
    recorded = Path("runs/latest").resolve()
    test = (recorded / "test.json").read_text()
    (recorded / "test.json").write_text(test.replace("faulty_systems:interrupted", "faulty_systems:echo"))
    capsys.readouterr()
    assert splitbrain("replay", "latest") == 0
    assert "one of the two runs was interrupted" in capsys.readouterr().out


def test_254_for_a_recorded_test_without_clients(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "ping_pong", "--seed", 3) == 0
    recorded = Path("runs/latest/test.json")
    recorded.write_text(recorded.read_text().replace('"clients": 5', '"clients": 0'))
    assert splitbrain("replay", "latest") == 254
    assert "clients is 0" in capsys.readouterr().err


def test_replay_by_other_code_warns_and_exact_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "primary_backup", "--seed", 3) == 0
    place = Path("runs/latest").resolve()
    recorded = read_recorded(place)
    commits = {**recorded.provenance.commits, "splitbrain": "0" * 40}
    other = msgspec.structs.replace(
        recorded, provenance=msgspec.structs.replace(recorded.provenance, commits=commits, python="3.5.1")
    )
    (place / "test.json").write_bytes(msgspec.json.encode(other))
    results = json.loads((place / "results.json").read_text())
    results["record"]["event_log"] = "f" * 32
    (place / "results.json").write_text(json.dumps(results))
    capsys.readouterr()

    assert splitbrain("replay", place) == 0
    out, err = capsys.readouterr()
    assert "splitbrain at commit 0000000000, now " in err
    assert "Python 3.5, now 3." in err
    assert "NOT the same as recorded" in out

    assert splitbrain("replay", place, "--exact") == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert "replay without --exact" in err


def test_exact_replays_where_the_code_is_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert splitbrain("run", "ping_pong", "--seed", 3) == 0
    monkeypatch.setattr("splitbrain.bench.cli.replay.differences", lambda before, now: ())
    assert splitbrain("replay", "latest", "--exact") == 0
    assert "Same as recorded" in capsys.readouterr().out


def test_a_run_directory_can_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("run", "primary_backup", "--seed", 3) == 0
    capsys.readouterr()
    assert splitbrain("check", "runs/latest") == 0
    assert capsys.readouterr().out.startswith("VALID    runs/latest  ")


@pytest.mark.parametrize("kind", ["systems", "workloads", "faults", "checkers", "bugs"])
def test_lists(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("list", kind) == 0
    out = capsys.readouterr().out
    expected = {
        "systems": ("ping_pong", "primary_backup"),
        "workloads": ("register", "kv", "ping"),
        "faults": ("partition", "kill", "pause", "messages.loss", "swarm"),
        "checkers": ("linearizable", "stats"),
        "bugs": tuple(system("primary_backup").bugs),
    }
    for name in expected[kind]:
        assert name in out
    assert max(map(len, out.splitlines())) <= 100


def test_one_broken_plug_in_hides_no_other(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"gone": "nowhere:system", "echo": "faulty_systems:echo"}
    monkeypatch.setattr("splitbrain.bench.registry.system_names", lambda: known)
    assert splitbrain("list", "systems") == 0
    out, err = capsys.readouterr()
    assert out.startswith("echo  ")
    assert "there is no module nowhere" in err


def test_the_demo_finds_the_bug_and_passes_the_correct_twin(capsys: pytest.CaptureFixture[str]) -> None:
    assert splitbrain("demo") == 0
    out = capsys.readouterr().out
    assert "INVALID" in out
    assert "stale read" in out
    assert out.index("with the bug taken out") < out.index("\nVALID  ")
    reports = [line.removeprefix("Report: ") for line in out.splitlines() if line.startswith("Report: ")]
    assert len(reports) == 2
    assert all(Path(report).is_file() for report in reports)
    command = next(line.strip() for line in out.splitlines() if line.startswith("  splitbrain run"))
    assert splitbrain(*command.split()[1:]) == 1


def test_the_demo_fails_loudly_if_the_bug_is_not_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from splitbrain.bench.cli import demo

    monkeypatch.setattr(demo, "DEMO", msgspec.structs.replace(demo.DEMO, faults="messages.delay", operations=1))
    assert splitbrain("demo") == 255
    assert "the demo failed: " in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from splitbrain.bench.cli.main import run; run(['--help']);"
        "print({'pandas', 'networkx', 'rich', 'jinja2', 'msgspec'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "set()\n"
    assert "Usage: splitbrain" in done.stdout


def test_equal_tests_give_equal_bytes_whatever_the_hash_seed() -> None:
    runs = []
    for hash_seed in ("1", "2"):
        arguments = ["run", "primary_backup", "--seed", "11", "--bug", "no-backup-ack", "--runs-dir", hash_seed]
        with start(arguments, PYTHONHASHSEED=hash_seed) as process:
            process.communicate()
        (place,) = Path(hash_seed, "default").iterdir()
        runs.append({path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()})
    assert len(runs[0]) >= 6
    assert runs[0] == runs[1]


def start(
    arguments: Sequence[str], before: Callable[[], None] | None = None, **environment: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "splitbrain", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
        env={**os.environ, **environment},
    )
