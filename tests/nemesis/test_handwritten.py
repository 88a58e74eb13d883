import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from splitbrain.errors import UsageError
from splitbrain.nemesis.fault import Fault, Trigger
from splitbrain.nemesis.handwritten import load_schedule

CUT = {"family": "partition", "shape": "isolate", "on": "primaries", "at": 500, "lasts": 700}
KILL = {"family": "kill", "on": "trigger", "at": {"moment": "role", "type": "primary", "n": 2}, "lasts": 300}

SLOW = {"family": "packets.bandwidth", "at": 1, "lasts": 1, "bandwidth": 1000}


def write(path: Path, content: Any) -> Path:
    file = path / "faults.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_faults_are_numbered_by_their_position(tmp_path: Path) -> None:
    assert load_schedule(write(tmp_path, [CUT, KILL])) == (
        Fault(unit=0, family="partition", shape="isolate", on="primaries", at=500, lasts=700),
        Fault(unit=1, family="kill", on="trigger", at=Trigger(moment="role", type="primary", n=2), lasts=300),
    )


def test_what_was_planned_can_be_loaded_again(tmp_path: Path) -> None:
    faults = (
        Fault(unit=3, family="messages.delay", at=7, lasts=1, rate=0.25, delay=9, on="s1, c0"),
        Fault(unit=5, family="pause", at=Trigger(moment="deliver", n=4, after=2), lasts=1),
        Fault(unit=6, family="kill", at=Trigger(moment="start", follows=5, wait=3), lasts=1, on="others:5"),
        Fault(unit=7, family="messages.hold", at=1, lasts=1, on="role:leader", shape="replies", type="Vote", rate=1.0),
        Fault(unit=8, family="clock.drift", at=1, lasts=1, rate=0.1, until=Trigger(moment="stop", follows=6)),
        Fault(unit=9, family="clock.jump", at=1, lasts=1, delay=5),
        Fault(unit=10, family="messages.duplicate", at=1, lasts=1, rate=1.0, delay=5),
        Fault(unit=11, family="admin", at=1, lasts=1, type="join"),
    )
    file = write(tmp_path, msgspec.json.encode(faults).decode())
    assert load_schedule(file, nodes=["s1", "c0"]) == faults


def test_an_empty_schedule_is_one(tmp_path: Path) -> None:
    assert load_schedule(write(tmp_path, [])) == ()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "not a JSON list of faults: "),
        ({"family": "kill"}, "not a JSON list of faults: "),
        ([CUT, {"at": 1, "lasts": 1}], "fault 1: no family None; use one of partition, kill"),
        ([{**KILL, "family": "kil"}], "fault 0: no family 'kil'; use one of partition, kill"),
        ([{**CUT, "last": 3}], "fault 0: Object contains unknown field `last`"),
        ([{**CUT, "lasts": "3 s"}], "fault 0: Expected `int`, got `str` - at `$.lasts`"),
        ([{**KILL, "at": {"moment": "send"}}], "fault 0: Invalid enum value 'send' - at `$.at.moment`"),
        ([{**CUT, "shape": "half"}], "fault 0: no partition shape 'half'; use one of halves, "),
        ([{**KILL, "shape": "halves"}], "fault 0: a kill has no `shape`"),
        ([{**KILL, "at": 3}], "fault 0: `on` is trigger, but `at` is a time"),
        ([{**KILL, "at": {"moment": "role", "n": 0}}], "fault 0: `n` counts from 1"),
        ([{**CUT, "at": -1}], "fault 0: begins before time 0"),
        ([{**CUT, "lasts": 0}], "fault 0: `lasts` must be a positive number of nanoseconds"),
        (
            [{**CUT, "on": "s1,s9"}],
            "fault 0: no node 's9'; use one, minority, majority, primaries, all, group, trigger, role:…, unit:…, "
            "others:…, or s1",
        ),
        ([{**CUT, "rate": 0.5}], "fault 0: a partition has no `rate`"),
        ([{**CUT, "delay": 5}], "fault 0: a partition has no `delay`"),
        ([{"family": "messages.loss", "at": 1, "lasts": 1}], "fault 0: `rate` must be above 0 and at most 1"),
        ([{"family": "messages.delay", "at": 1, "lasts": 1, "rate": 1}], "fault 0: `delay` must be a positive number"),
        ([{"family": "clock.jump", "at": 1, "lasts": 1}], "fault 0: `delay` must be a positive number"),
        ([{"family": "clock.drift", "at": 1, "lasts": 1, "rate": 1}], "fault 0: `rate` must be above 0 and below 1"),
        ([{"family": "cpu.slow", "at": 1, "lasts": 1}], "fault 0: `rate` must be above 0 and below 1"),
        ([{"family": "files.limit", "at": 1, "lasts": 1, "rate": 0.5}], "fault 0: a files.limit has no `rate`"),
        ([{**SLOW, "bandwidth": 0}], "fault 0: `bandwidth` must be a positive number of bytes a second"),
        ([{**SLOW, "jitter": 1}], "fault 0: `jitter` must not be negative, nor more than `delay`"),
        ([{**SLOW, "rate": 0.5}], "fault 0: a packets.bandwidth has no `rate`"),
        ([{**CUT, "bandwidth": 5}], "fault 0: a partition has no `bandwidth`"),
        ([{"family": "packets.reorder", "at": 1, "lasts": 1, "rate": 1}], "fault 0: `delay` must be a positive"),
        ([{"family": "packets.corrupt", "at": 1, "lasts": 1}], "fault 0: `rate` must be above 0 and at most 1"),
        ([{**CUT, "type": "Vote"}], "fault 0: a partition has no `type`"),
        (
            [{"family": "messages.loss", "at": 1, "lasts": 1, "rate": 1, "shape": "halves"}],
            "fault 0: no messages 'halves'; use one of requests, replies, servers, or leave it out",
        ),
        ([{**CUT, "on": "unit:7"}], "fault 0: 'unit:7': there is no unit 7"),
        ([{**KILL, "at": {"moment": "role", "node": "s9"}}], "fault 0: no node 's9'; use primaries, role:…"),
        ([{**KILL, "at": {"moment": "role", "follows": 3}}], "fault 0: follows unit 3, which there is none of"),
        ([{**KILL, "at": {"moment": "start"}}], "fault 0: `start` needs `follows`, the unit that begins or ends"),
        ([{**CUT, "until": {"moment": "deliver", "n": 0}}], "fault 0: `n` counts from 1"),
        ([{**CUT, "unit": 1}, KILL], "two faults have the same `unit`"),
    ],
)
def test_a_wrong_schedule_is_refused_in_one_line(tmp_path: Path, content: Any, complaint: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(UsageError) as error:
        load_schedule(file, nodes=["s1"])
    assert f"{file}: {complaint}" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.json: cannot be read \(No such file or directory\)"):
        load_schedule(tmp_path / "missing.json")


def test_one_entry_may_stand_for_many_faults(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    kill = '{"family": "kill", "on": "one", "at": 5, "lasts": 1, "times": 3, "every": 10}'
    path.write_text(f'[{kill}, {{"family": "pause", "on": "one", "at": 7, "lasts": 1}}]')
    assert [(fault.unit, fault.family, fault.at) for fault in load_schedule(path)] == [
        (0, "kill", 5),
        (1, "kill", 15),
        (2, "kill", 25),
        (3, "pause", 7),
    ]
    for wrong in (kill.replace("10", "0"), kill.replace('"times": 3, ', ""), kill.replace('"on"', '"unit": 4, "on"')):
        path.write_text(f"[{wrong}]")
        with pytest.raises(UsageError, match="fault 0: `times`"):
            load_schedule(path)
