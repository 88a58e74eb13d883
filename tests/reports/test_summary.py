"""The terminal's summary: the same words as the page."""

from handmade import Step, build, judge, record

from splitbrain.nemesis.fault import Effect
from splitbrain.reports.summary import paint, summary

STEPS: list[Step] = [
    (0, "write", 4, None, "ok", 0, 10),
    (1, "write", 7, None, "ok", 20, 30),
    (2, "read", None, 4, "ok", 40, 50),
]


def test_what_it_says_and_in_which_order() -> None:
    history = build(STEPS)
    lines = summary(record(), history, [judge(history, "stale read", [0, 1, 2])])
    text = "\n".join(line.text for line in lines)
    expected = [
        "INVALID  x is not linearizable",
        "  system  primary_backup",
        "stale read: process 2 read x = 4 at 0.050 s, although the write of 7 by process 1 had been acknowledged",
        "  > process 2  read     4     0.040–0.050 s",
        "linearizable: invalid. stale read on a key",
        "invariant one primary broken (s2, 0.035 s): s1 and s2 are primaries",
        "liveness: 3 operations were not answered in time",
        "write       ok",
        "0 partition  s1, s2  0.020–0.060 s    12 messages dropped",
        "1 node killed (downgraded: one node, not two)",
        "warning: fault 2 (pause) had no effect",
        "  splitbrain replay runs/7",
    ]
    places = [text.find(each) for each in expected]
    assert -1 not in places, expected[places.index(-1)]
    assert places == sorted(places)
    assert lines[0].tone == "bad"
    assert lines[-1].tone == "command"


def test_only_the_first_pieces_of_evidence_are_spelt_out() -> None:
    history = build(STEPS)
    verdicts = [judge(history, "stale read", [0, 1, 2])] * 8
    text = [line.text for line in summary(record(), history, verdicts)]
    assert sum(line.startswith("stale read: ") for line in text) == 5
    assert "  … and evidence for 3 more keys in the report" in text


def test_nothing_can_steer_the_terminal() -> None:
    history = build([(0, "write", "\x1b[2J\x9b", None, "ok", 0, 10), (1, "read", None, "\r\u202e", "ok", 20, 30)])
    lines = summary(record(warnings=("\x07",)), history, [judge(history, "value nobody wrote", [0, 1])])
    assert all(line.text.isprintable() for line in lines)


def test_painting_keeps_the_text() -> None:
    lines = summary(record(), build(STEPS), [])
    assert paint(lines).plain == "\n".join(line.text for line in lines)


def test_effects_in_words() -> None:
    assert Effect(unit=0, family="kill", count=1).done == "1 node killed"
    assert Effect(unit=0, family="messages.delay", count=1200).done == "1,200 messages delayed"
    assert Effect(unit=0, family="partition", count=2, packets=True).done == "2 packets dropped"
    assert Effect(unit=0, family="pause").done == "no effect"
