"""Every sentence about a history is true of it."""

import pytest
from handmade import MS, Step, build, judge

from splitbrain.checkers.verdict import Evidence, Validity, Verdict
from splitbrain.histories.event import Completion, Invocation, NemesisEvent
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Outcome, Value
from splitbrain.reports.explain import explain, explanations


def headline(steps: list[Step], anomaly: str, indexes: list[int] | None = None) -> str:
    history = build(steps)
    return explain(judge(history, anomaly, indexes or list(range(len(steps)))), history, 0)[0]


def test_stale_read() -> None:
    steps: list[Step] = [
        (1, "write", 4, None, "ok", 100, 200),
        (2, "write", 7, None, "ok", 300, 950),
        (3, "read", None, 4, "ok", 1000, 1200),
    ]
    assert headline(steps, "stale read") == (
        "process 3 read x = 4 at 1.200 s, although the write of 7 by process 2 had been acknowledged at 0.950 s "
        "and nothing wrote 4 after it"
    )


def test_a_write_that_may_have_come_later_is_not_denied() -> None:
    steps: list[Step] = [
        (1, "write", 4, None, "info", 100, None),
        (2, "write", 7, None, "ok", 300, 950),
        (3, "read", None, 4, "ok", 1000, 1200),
    ]
    assert headline(steps, "stale read") == (
        "process 3 read x = 4 at 1.200 s, and no order of these 3 operations that respects real time allows it"
    )


def test_a_refused_write_is_not_forgotten() -> None:
    steps: list[Step] = [
        (1, "write", 4, None, "ok", 100, 200),
        (2, "write", 7, None, "ok", 300, 950),
        (4, "write", 4, None, "fail", 960, 970),
        (3, "read", None, 4, "ok", 1000, 1200),
    ]
    assert headline(steps, "stale read", [0, 1, 3]).endswith(
        "nothing wrote 4 after it, except operations that were refused"
    )


def test_stale_after_another_read() -> None:
    steps: list[Step] = [
        (0, "write", 4, None, "ok", 0, 50),
        (1, "write", 7, None, "info", 100, None),
        (2, "read", None, 7, "ok", 200, 300),
        (3, "read", None, 4, "ok", 400, 500),
    ]
    assert headline(steps, "stale read") == (
        "process 3 read x = 4 at 0.500 s, although process 2 read x = 7 at 0.300 s, before that, "
        "and nothing wrote 4 after it"
    )


def test_a_value_seen_again_after_it_was_replaced() -> None:
    steps: list[Step] = [
        (0, "write", 4, None, "info", 0, None),
        (1, "write", 7, None, "info", 0, None),
        (2, "read", None, 4, "ok", 100, 200),
        (2, "read", None, 7, "ok", 300, 400),
        (3, "read", None, 4, "ok", 500, 600),
    ]
    assert headline(steps, "stale read") == (
        "process 3 read x = 4 at 0.600 s, although process 2 read x = 4 at 0.200 s and then process 2 read x = 7 "
        "at 0.400 s: 4 had been replaced, and only one operation writes it"
    )


def test_value_nobody_wrote() -> None:
    steps: list[Step] = [(0, "write", 4, None, "ok", 0, 50), (1, "read", None, 9, "ok", 100, 200)]
    assert headline(steps, "value nobody wrote") == (
        "process 1 read x = 9 at 0.200 s, but no operation of this history writes 9"
    )


def test_read_before_its_write() -> None:
    steps: list[Step] = [(1, "read", None, 9, "ok", 100, 200), (0, "write", 9, None, "ok", 300, 350)]
    assert headline(steps, "read before its write", [1, 0]) == (
        "process 1 read x = 9 at 0.200 s, but the only operation that writes 9 was not invoked until 0.300 s"
    )


@pytest.mark.parametrize(
    ("outcome", "output", "said"),
    [("fail", None, "was refused"), ("ok", False, "reported another value instead")],
)
def test_refused_yet_visible(outcome: Outcome, output: Value, said: str) -> None:
    steps: list[Step] = [(0, "cas", (4, 9), output, outcome, 0, 50), (1, "read", None, 9, "ok", 100, 200)]
    assert headline(steps, "refused, yet visible") == (
        "process 1 read x = 9 at 0.200 s, although the only operation that writes 9, "
        f"the compare-and-set of 4 → 9 by process 0, {said} at 0.050 s"
    )


def test_two_successful_compare_and_sets_of_one_value() -> None:
    steps: list[Step] = [
        (0, "write", 4, None, "ok", 0, 50),
        (1, "cas", (4, 5), True, "ok", 100, 200),
        (2, "cas", (4, 6), True, "ok", 150, 250),
    ]
    assert headline(steps, "two successful compare-and-sets of one value") == (
        "process 1 and process 2 both succeeded in replacing x = 4 (compare-and-set 4 → 5 at 0.200 s, "
        "compare-and-set 4 → 6 at 0.250 s), although only one operation writes it"
    )


def test_duplicate_append() -> None:
    steps: list[Step] = [
        (0, "append", "a", None, "ok", 0, 50),
        (1, "append", "b", None, "ok", 60, 90),
        (2, "get", None, "aba", "ok", 100, 200),
    ]
    assert headline(steps, "duplicate append") == (
        'process 2 got x = "aba" at 0.200 s, which holds "a" more than once, although only one operation appends it'
    )


def test_a_value_that_only_looks_like_a_duplicate() -> None:
    steps: list[Step] = [
        (0, "append", "ab", None, "ok", 0, 50),
        (1, "append", "a", None, "ok", 60, 90),
        (2, "append", "b", None, "ok", 60, 90),
        (3, "get", None, "abab", "ok", 100, 200),
    ]
    assert "no order of these 4 operations" in headline(steps, "duplicate append")


def test_an_append_that_returns_the_value_is_an_observer() -> None:
    steps: list[Step] = [
        (0, "append", "5 ", "5 ", "ok", 0, 50),
        (1, "append", "7 ", "5 5 7 ", "ok", 60, 90),
    ]
    assert headline(steps, "not linearizable") == (
        'process 1 appended "7 " and got x = "5 5 7 " at 0.090 s, which holds "5 " more than once, '
        "although only one operation appends it"
    )


def test_a_refused_append_that_is_visible() -> None:
    steps: list[Step] = [
        (0, "append", "a", None, "ok", 0, 50),
        (1, "append", "b", None, "fail", 60, 90),
        (2, "get", None, "ab", "ok", 100, 200),
    ]
    assert headline(steps, "refused, yet visible") == (
        'process 2 got x = "ab" at 0.200 s, which holds "b", although the only operation that appends "b", '
        'the append of "b" by process 1, was refused at 0.090 s'
    )


def test_lost_append() -> None:
    steps: list[Step] = [
        (0, "append", "a", None, "ok", 0, 50),
        (1, "append", "b", None, "ok", 60, 90),
        (2, "get", None, "a", "ok", 100, 200),
    ]
    assert headline(steps, "lost write") == (
        'process 2 got x = "a" at 0.200 s, although the append of "b" by process 1 had been acknowledged at 0.090 s '
        "and nothing was put after it"
    )


def test_text_that_nothing_spells() -> None:
    steps: list[Step] = [(0, "append", "ab", None, "ok", 0, 50), (2, "get", None, "abc", "ok", 100, 200)]
    assert "which no sequence of the puts and appends of this history spells" in headline(steps, "value nobody wrote")
    steps[1:] = [(1, "append", "ab", None, "ok", 0, 50), (2, "get", None, "abab", "ok", 100, 200)]
    assert "no order of these 3 operations" in headline(steps, "value nobody wrote")


def test_models_without_sentences_of_their_own_are_described_in_general() -> None:
    steps: list[Step] = [(0, "enqueue", 1, None, "ok", 0, 50), (1, "dequeue", None, 2, "ok", 60, 90)]
    assert headline(steps, "not linearizable") == (
        "no order of these 2 operations on x that respects real time explains what they returned"
    )


def test_rows_are_aligned_and_say_what_was_unknown() -> None:
    steps: list[Step] = [
        (0, "write", 4, None, "info", 0, 1000),
        (11, "write", 71, None, "ok", 100, 200),
        (2, "read", None, None, "ok", 300, 400),
    ]
    history = build(steps, error="timeout")
    assert explain(judge(history, "stale read", [0, 1, 2]), history, 0)[1:] == (
        "  process 0   write 4   no answer  0.000–1.000 s  may have happened at any later time, or never; timeout",
        "  process 11  write 71  done       0.100–0.200 s",
        "> process 2   read      null       0.300–0.400 s",
    )


def test_of_large_evidence_the_last_operations_are_shown() -> None:
    steps: list[Step] = [(0, "write", n % 7, None, "ok", 2 * n, 2 * n + 1) for n in range(2_000)]
    steps.append((1, "read", None, 9, "ok", 5_000, 5_001))
    history = build(steps)
    lines = explain(judge(history, "not linearizable", list(range(2_001))), history, 0)
    assert lines[1] == "1,961 earlier operations of the evidence are not shown."
    assert len(lines) == 42
    assert lines[-1].startswith("> process 1  read")


def test_recorded_operations_are_shown_not_widened_ones() -> None:
    history = build([(0, "write", 4, None, "ok", 0, 50), (1, "read", None, 9, "ok", 100, 200)])
    write, read = history.operations
    widened = Operation(index=0, process=0, f="write", key="x", input=4, call=0, invoked=0)
    evidence = Evidence("x", (widened, read), "value nobody wrote", read.index, frozenset({write.index}))
    (explanation,) = explanations(Verdict("c", Validity.INVALID, "", (evidence,)), history, 0)
    assert explanation.rows[0].time == "0.000–0.050 s"
    assert explanation.rows[0].remark == "its answer is not needed"


def test_times_that_look_the_same_get_more_digits() -> None:
    history = History.from_events(
        [
            Invocation(operation=0, process=0, f="read", key="x", time=1_000_100),
            Completion(operation=0, process=0, outcome="ok", output=9, time=1_000_200),
        ]
    )
    assert "0.001000–0.001000 s" not in (row := explain(judge(history, "stale read", [0]), history, 0)[1])
    assert row.endswith("0.001000100–0.001000200 s")


def test_faults_that_were_active_meanwhile() -> None:
    nemesis = [
        NemesisEvent(what="start", time=10 * MS, unit=0, fault="kill", targets=("s3",)),
        NemesisEvent(what="stop", time=20 * MS, unit=0, fault="kill", targets=("s3",)),
        NemesisEvent(what="start", time=30 * MS, unit=1, fault="partition", targets=("s1", "s2")),
        NemesisEvent(what="heal", time=150 * MS),
        NemesisEvent(what="start", time=300 * MS, unit=2, fault="pause", targets=("s1",)),
    ]
    steps: list[Step] = [(0, "write", 4, None, "ok", 50, 60), (1, "read", None, 9, "ok", 100, 200)]
    history = build(steps, nemesis=nemesis)
    said = explain(judge(history, "value nobody wrote", [0, 1]), history, 0)[-1]
    assert said == "Active meanwhile: partition s1, s2 (0.030–0.150 s)."
    early = build(steps, nemesis=nemesis[-1:])
    assert explain(judge(early, "value nobody wrote", [0, 1]), early, 0)[-1] == (
        "No fault was active between 0.050 s and 0.200 s."
    )
