"""The page is one file, equal to the byte for equal runs, and nothing in it can be more than text."""

import json
import re
from html.parser import HTMLParser

import pytest
from handmade import MS, Step, build, judge, record

from splitbrain.checkers.verdict import Validity, Verdict
from splitbrain.histories.event import NemesisEvent
from splitbrain.histories.history import History
from splitbrain.nemesis.fault import Effect
from splitbrain.reports.page import render, render_check

STEPS: list[Step] = [
    (0, "write", 4, None, "ok", 0, 10),
    (1, "write", 7, None, "ok", 20, 30),
    (2, "read", None, 4, "ok", 40, 50),
    (0, "cas", (7, 8), False, "ok", 60, 70),
    (1, "write", 9, None, "info", 60, 90),
    (2, "write", 5, None, "fail", 60, 70),
]
NEMESIS = [
    NemesisEvent(what="start", time=20 * MS, unit=0, fault="partition", targets=("s1", "s2"), detail="s1 | s2"),
    NemesisEvent(what="stop", time=60 * MS, unit=0, fault="partition", targets=("s1", "s2")),
    NemesisEvent(what="heal", time=150 * MS),
]


def page(steps: list[Step] = STEPS, error: str | None = None, **changed: object) -> str:
    history = build(steps, nemesis=NEMESIS, error=error)
    return render(record(**changed), history, [judge(history, "stale read", [0, 1, 2])])


class Structure(HTMLParser):
    """Collects what a browser would act on: elements, attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1] in ("script", "style"):
            self.scripts.append(data)
        else:
            self.words.append(data)


def run(structure: Structure) -> list[str]:
    """Scripts and styles, without the data."""
    return [script for script in structure.scripts if not script.startswith('{"end":')]


def data_of(text: str) -> dict[str, list[str]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    loaded: dict[str, list[str]] = json.loads(found[1])
    return loaded


def test_equal_runs_give_equal_bytes() -> None:
    assert page() == page()


def test_nothing_depends_on_this_machine() -> None:
    text = page()
    for trace in (__file__.rsplit("/", 3)[0], "/home/", "/tmp/"):
        assert trace not in text


def test_nothing_is_fetched() -> None:
    structure = Structure(page())
    fetching = [value for name, value in structure.attributes if name in ("src", "href", "action", "data", "srcset")]
    assert set(fetching) == {"data:,", "#main"}
    assert any(value and value.startswith("default-src 'none'; ") for _, value in structure.attributes)
    assert "url(" not in page()
    assert "@import" not in page()


def test_the_words_are_there_without_scripts() -> None:
    words = " ".join(" ".join(Structure(page()).words).split())
    for expected in (
        "x is not linearizable",
        "primary_backup",
        "process 2 read x = 4 at 0.050 s, although the write of 7 by process 1 had been acknowledged at 0.030 s",
        "Active meanwhile: partition s1 | s2 (0.020–0.060 s).",
        "splitbrain replay runs/7",
        "s1 and s2 are primaries",
        "3 operations were not answered in time",
        "fault 2 (pause) had no effect",
        "12 messages dropped",
        "downgraded: one node, not two",
        "never began",
        "5f0c",
    ):
        assert expected in words


def test_of_many_faults_the_table_lists_the_first() -> None:
    effects = tuple(Effect(unit=unit, family="kill") for unit in range(1200))
    words = " ".join(" ".join(Structure(page(effects=effects)).words).split())
    assert "199 kill" in words
    assert "200 kill" not in words
    assert "… and 1,000 more faults, which the timeline shows." in words


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "\u2028\u2029",
    "\"'><b>",
    "{{ 7 * 7 }}{% raw %}",
    "]]>",
    "\ud800",
    "\x1b[31m\x00",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_stay_text(hostile: str) -> None:
    value = hostile if hostile != "\ud800" else "lone surrogate"
    steps: list[Step] = [
        (0, "write", value, None, "ok", 0, 10),
        (1, "write", 7, None, "ok", 20, 30),
        (2, "read", None, value, "ok", 40, 50),
        (1, f"write{value}", value, None, "info", 60, 90),
    ]
    said = f"about {hostile}"
    texts = {"sentence": said, "facts": ((said, said),), "command": said, "warnings": (said,), "event_log": said}
    text = page(steps, error=value, **texts)
    text.encode()
    ordinary, with_hostile = Structure(page(STEPS[:3])), Structure(text)
    assert set(with_hostile.elements) == set(ordinary.elements)
    assert {name for name, _ in with_hostile.attributes} <= {name for name, _ in ordinary.attributes} | {"class"}
    assert run(with_hostile) == run(ordinary), "what is run is the same, whatever the values"
    assert text.count("</script>") == page(STEPS[:3]).count("</script>")
    assert data_of(text)["texts"]


def test_large_integers_keep_every_digit() -> None:
    large = 2**63 - 25
    text = page([(0, "write", large, None, "ok", 0, 10), *STEPS[1:]])
    assert f"write {large}" in data_of(text)["texts"]
    assert f"write {large}" in text


def test_long_values_are_shortened() -> None:
    text = page([(0, "write", "v" * 100_000, None, "ok", 0, 10), *STEPS[1:]])
    assert "(100,002 characters)" in text
    assert "v" * 300 not in text


def test_a_valid_run_has_no_evidence() -> None:
    history = build(STEPS[:1])
    text = render(
        record(grade="valid", sentence="fine", effects=(), findings=(), warnings=()),
        history,
        [Verdict("linearizable", Validity.VALID, "1 key")],
    )
    assert "What went wrong" not in text
    assert data_of(text)["evidence"] == []


def test_a_run_without_operations_has_no_timeline() -> None:
    text = render(record(grade="vacuous"), History(), [])
    assert "<canvas" not in text
    assert 'id="data"' not in text


def test_a_history_from_elsewhere() -> None:
    history = build(STEPS, nemesis=NEMESIS)
    text = render_check("history.jsonl", history, [judge(history, "stale read", [0, 1, 2])])
    assert "history.jsonl" in text
    assert "s1 | s2" in text
    assert render_check("h", build([]), []).count("Unknown") == 0
