"""Verdicts on histories that others recorded, with evidence for each that is not linearizable."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.linearizability.confirm import is_evidence
from splitbrain.checkers.models import Model, by_name, infer
from splitbrain.checkers.verdict import Validity, Verdict
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Outcome, Value
from splitbrain.histories.store import load

BUDGET = Budget(seconds=None, configurations=2_000_000)

REAL = {
    "etcd-linearizable.jsonl": Validity.VALID,
    "etcd351-set-lost-writes-slice.jsonl": Validity.INVALID,
    "nats2151-jetstream-kv-leader-get.events.jsonl": Validity.INVALID,
    "postgres-patroni-async.jsonl": Validity.INVALID,
    "pysyncobj-local-reads.jsonl": Validity.INVALID,
    "redis-sentinel-default.events.jsonl": Validity.INVALID,
    "redis-sentinel-default.jsonl": Validity.INVALID,
    "zookeeper-plain-reads.jsonl": Validity.INVALID,
    "zookeeper-sync-reads.jsonl": Validity.INVALID,
}


def judged(model: Model, history: History) -> Verdict:
    """The verdict, its evidence checked."""
    verdict = linearizable(model).check(history, BUDGET)
    assert bool(verdict.evidence) == (verdict.validity is Validity.INVALID), verdict.reason
    for evidence in verdict.evidence:
        assert is_evidence(model, history.by_key()[evidence.key], evidence)
    return verdict


@pytest.mark.parametrize("name", REAL)
def test_clusters_under_faults(name: str, real_data: Path) -> None:
    history = load(real_data / "real" / name)
    verdict = judged(infer(history), history)
    assert verdict.validity is REAL[name]
    assert all(len(evidence.operations) <= 10 for evidence in verdict.evidence)
    if name.startswith("nats"):
        assert {evidence.anomaly for evidence in verdict.evidence} == {"refused, yet visible"}


def test_refused_writes_of_which_nobody_knows_whether_they_took_effect(real_data: Path) -> None:
    """Hundreds of operations that never return, in a history that is linearizable if they may have happened."""
    history = load(real_data / "real" / "nats2151-jetstream-kv-leader-get.events.jsonl")
    unsure = History(
        tuple(
            msgspec.structs.replace(each, outcome="info", output=None, return_=None)
            if each.outcome == "fail" and each.f != "read"
            else each
            for each in history.operations
        )
    )
    assert sum(each.return_ is None for each in unsure.operations) > 250
    verdict = judged(infer(unsure), unsure)
    assert verdict.validity is Validity.VALID
    assert list(verdict.details["engines"]) == ["zones"]  # type: ignore[call-overload]


def test_porcupine_logs(real_data: Path) -> None:
    for file, expected in rows(real_data / "porcupine"):
        text = (real_data / "porcupine" / file).read_text()
        history = store_history(text) if file.startswith("kv/") else jepsen_history(text)
        verdict = judged(by_name("kv" if file.startswith("kv/") else "cas-register"), history)
        assert verdict.validity is (Validity.VALID if expected == "Ok" else Validity.INVALID), file


def test_knossos_histories(real_data: Path) -> None:
    for file, model, *_, expected in rows(real_data / "knossos"):
        if model.startswith("cas-register"):
            history = knossos_history((real_data / file).read_text())
            initial = 0 if model.endswith("0") else None
            verdict = judged(replace(by_name("cas-register"), initial=initial), history)
            assert verdict.validity is (Validity.VALID if expected == "true" else Validity.INVALID), file


def rows(folder: Path) -> Iterator[list[str]]:
    for line in (folder / "INDEX.tsv").read_text().splitlines()[1:]:
        columns = line.split("\t")
        yield columns if folder.name == "knossos" else columns[:2]


Line = tuple[int, str, str, Value, Value]
"""Process, type, `f`, key, value."""


def jepsen_history(text: str) -> History:
    """Porcupine reads a `:fail` of a compare-and-set as: it found another value."""
    lines: list[Line] = []
    for match in re.finditer(r"(\d+)\s+:(\w+)\s+:(\w+)\s+(.*)$", text, re.MULTILINE):
        process, kind, f, value = int(match[1]), match[2], match[3], edn(match[4])
        if f == "cas" and kind in ("ok", "fail"):
            kind, value = "ok", kind == "ok"
        lines.append((process, kind, f, None, value))
    return paired(lines)


def store_history(text: str) -> History:
    pattern = re.compile(r':process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (nil|".*")}')
    found = (pattern.search(line) for line in text.splitlines())
    return paired([(int(m[1]), m[2], m[3], m[4], edn(m[5])) for m in found if m])


def knossos_history(text: str) -> History:
    """Knossos takes a read of nil for one that saw nothing, and a `:fail` for something that never happened."""
    lines: list[Line] = []
    for entry in re.findall(r"\{[^{}]*", re.sub(r";.*", "", text)):
        field = dict(re.findall(r":(\w+)\s+(:?[\w-]+|\[[^]]*\])", entry))
        if field.get("process", "").isdigit():
            process, kind, f, value = int(field["process"]), field["type"][1:], field["f"][1:], edn(field["value"])
            if f == "cas" and kind == "ok":
                value = True
            if f == "read" and kind == "ok" and value is None:
                kind = "fail"
            lines.append((process, kind, f, None, value))
    return paired(lines)


def edn(text: str) -> Value:
    if text.startswith("["):
        return tuple(edn(word) for word in text.strip("[]").split())
    if text.startswith('"'):
        return text[1:-1]
    return int(text) if re.fullmatch(r"-?\d+", text) else None


def paired(lines: list[Line]) -> History:
    """A process that goes on after an operation of unknown outcome does so under another number."""
    events: list[Event] = []
    names: dict[int, int] = {}
    running: dict[int, int] = {}
    for time, (process, kind, f, key, value) in enumerate(lines):
        if kind == "invoke":
            if process in running:
                names[process] = names.get(process, process) + 10_000
            running[process] = len(events)
            name = names.get(process, process)
            events.append(Invocation(operation=len(events), process=name, f=f, key=key, input=value, time=time))
        elif kind in ("ok", "fail"):
            outcome: Outcome = "ok" if kind == "ok" else "fail"
            output = value if outcome == "ok" and f in ("read", "get", "cas") else None
            number, name = running.pop(process), names.get(process, process)
            events.append(Completion(operation=number, process=name, outcome=outcome, output=output, time=time))
    return History.from_events(events)
