"""What a history that is not linearizable still is: said by `check` and `run`, in words, in JSON and in the report."""

import json
from pathlib import Path

import msgspec
import pytest

from splitbrain.bench.cli import main
from splitbrain.bench.cli.demo import DEMO
from splitbrain.bench.run import run

STALE = """{"format":"splitbrain","version":1}
{"type":"invoke","operation":0,"process":0,"f":"write","key":"x","input":1,"time":1}
{"type":"ok","operation":0,"process":0,"time":2}
{"type":"invoke","operation":1,"process":0,"f":"write","key":"x","input":2,"time":3}
{"type":"ok","operation":1,"process":0,"time":4}
{"type":"invoke","operation":2,"process":1,"f":"read","key":"x","time":5}
{"type":"ok","operation":2,"process":1,"output":1,"time":6}
"""
SENTENCE = 'not linearizable, but sequentially consistent; the stalest reads were 1 write old, on key "x"'


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("stale.jsonl").write_text(STALE)
    Path("fresh.jsonl").write_text(STALE.replace('"output":1', '"output":2'))


def test_check_says_it_of_an_invalid_history_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["check", "stale.jsonl"]) == 1
    assert f"  {SENTENCE}\n  session guarantees: all kept\n" in capsys.readouterr().out
    assert main.run(["check", "fresh.jsonl"]) == 0
    assert "sequential" not in capsys.readouterr().out


def test_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["check", "stale.jsonl", "fresh.jsonl", "--json"])
    stale, fresh = map(json.loads, capsys.readouterr().out.splitlines())
    assert fresh["beyond"] is None
    assert stale["beyond"]["sentence"] == SENTENCE
    assert stale["beyond"]["sequential"]["validity"] == "valid"
    assert stale["beyond"]["staleness"]["ages"] == {"1": 1}


def test_in_the_report_beside_the_lints() -> None:
    Path("stale.jsonl").write_text(
        STALE
        + '{"type":"invoke","operation":3,"process":2,"f":"write","key":"x","input":3,"time":7}\n'
        + '{"type":"fail","operation":3,"process":2,"time":8,"error":"deadline exceeded"}\n'
    )
    main.run(["check", "stale.jsonl", "--report", "report.html"])
    page = Path("report.html").read_text()
    assert "not linearizable, but sequentially consistent" in page
    assert "leaves the outcome open" in page


def test_run_keeps_and_shows_it() -> None:
    result = run(DEMO, Path("kept"))
    assert result.record.beyond[0].startswith("not linearizable, but sequentially consistent; ")
    results = json.loads(Path("kept/results.json").read_text())
    assert results["beyond"]["sentence"] == results["record"]["beyond"][0] == result.record.beyond[0]
    assert result.record.beyond[0].split(";")[0] in Path("kept/report.html").read_text()
    assert run(msgspec.structs.replace(DEMO, bug=None)).record.beyond == ()
