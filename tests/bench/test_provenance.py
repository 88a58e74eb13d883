"""What code ran, and how two runs' codes differ."""

import sys
from pathlib import Path

import msgspec
import pytest

from splitbrain.bench.provenance import Provenance, differences, provenance

RECORDED = Provenance(
    splitbrain="0.1.0", python="3.11.7", commits={"splitbrain": "a" * 40}, dependencies={"msgspec": "0.19"}
)


def changed(**fields: object) -> Provenance:
    return msgspec.structs.replace(RECORDED, **fields)


def test_the_same_code() -> None:
    assert differences(RECORDED, changed(python="3.11.9")) == ()


@pytest.mark.parametrize(
    ("current", "difference"),
    [
        (changed(splitbrain="0.2.0"), "splitbrain 0.1.0, now 0.2.0"),
        (changed(python="3.12.1"), "Python 3.11, now 3.12"),
        (changed(commits={"splitbrain": "b" * 40}), "splitbrain at commit aaaaaaaaaa, now bbbbbbbbbb"),
        (
            changed(commits={"splitbrain": "a" * 40 + "-dirty"}),
            "splitbrain at commit aaaaaaaaaa, now aaaaaaaaaa with uncommitted changes",
        ),
        (changed(commits={}), "splitbrain at commit aaaaaaaaaa, now none"),
        (changed(dependencies={"msgspec": "0.20"}), "msgspec 0.19, now 0.20"),
    ],
)
def test_other_code(current: Provenance, difference: str) -> None:
    assert differences(RECORDED, current) == (difference,)


def test_uncommitted_changes_are_never_surely_the_same() -> None:
    dirty = changed(commits={"system": "c" * 40 + "-dirty"})
    assert differences(dirty, dirty) == ("system at commit cccccccccc with uncommitted changes, which may be others",)


def test_a_module_outside_git_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loose_system.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    __import__("loose_system")
    try:
        found = provenance("loose_system", {})
    finally:
        del sys.modules["loose_system"]
    assert "system" not in found.commits
    assert found.python.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert set(found.dependencies) == {"msgspec", "networkx"}
