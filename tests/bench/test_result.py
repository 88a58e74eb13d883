"""Grades: which reason counts, and what is said."""

import pytest

from splitbrain.bench.exits import of_grade, worst
from splitbrain.bench.grades import grade_history
from splitbrain.bench.result import grade_run
from splitbrain.checkers.verdict import Validity, Verdict
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Outcome
from splitbrain.nemesis.fault import Effect, Fault
from splitbrain.reports.record import Finding, Liveness

LIVE = Liveness(promised=True, met=True, sentence="served")
DEAD = Liveness(promised=True, met=False, sentence="client c0: no read was ok within 5 s")
PLAN = (Fault(unit=0, family="kill", at=0, lasts=1),)
HIT, MISSED = (Effect(unit=0, family="kill", count=1),), (Effect(unit=0, family="kill"),)
BROKEN = Finding(monitor="one-primary", sentence="two of them", node="s1", time=1)


def history(*outcomes: Outcome) -> History:
    events: list[Event] = []
    for number, outcome in enumerate(outcomes):
        events.append(Invocation(operation=number, process=number, f="read", time=number))
        events.append(Completion(operation=number, process=number, outcome=outcome, time=number))
    return History.from_events(events)


def verdict(validity: Validity) -> Verdict:
    return Verdict("linearizable", validity, f"it is {validity}")


OK = history("ok")
VALID, INVALID, UNKNOWN = (verdict(validity) for validity in (Validity.VALID, Validity.INVALID, Validity.UNKNOWN))


def test_a_valid_run() -> None:
    assert grade_run(OK, [VALID], [], LIVE, PLAN, HIT) == ("valid", "it is valid")
    assert grade_run(OK, [VALID], [], LIVE, (), ()) == ("valid", "it is valid")


@pytest.mark.parametrize(
    ("verdicts", "findings", "liveness", "sentence"),
    [
        ([VALID, INVALID], [], LIVE, "it is invalid"),
        ([VALID], [BROKEN], LIVE, "invariant one-primary broken at s1: two of them"),
        ([VALID], [], DEAD, "not live after heal: client c0: no read was ok within 5 s"),
        ([UNKNOWN], [], DEAD, "not live after heal: client c0: no read was ok within 5 s"),
        ([INVALID], [BROKEN], DEAD, "it is invalid (and 2 more findings)"),
    ],
)
def test_a_checker_a_monitor_or_liveness_makes_a_run_invalid(
    verdicts: list[Verdict], findings: list[Finding], liveness: Liveness, sentence: str
) -> None:
    nothing = history("info")
    assert grade_run(nothing, verdicts, findings, liveness, PLAN, MISSED) == ("invalid", sentence)


def test_liveness_counts_only_where_it_is_promised() -> None:
    free = Liveness(promised=False, met=False, sentence="")
    assert grade_run(OK, [VALID], [], free, PLAN, HIT)[0] == "valid"


def test_unknown_comes_before_vacuous_and_vacuous_before_inert() -> None:
    nothing = history("info", "fail")
    assert grade_run(nothing, [VALID, UNKNOWN], [], LIVE, PLAN, MISSED) == ("unknown", "it is unknown")
    assert grade_run(nothing, [VALID], [], LIVE, PLAN, MISSED)[0] == "vacuous"
    assert grade_run(OK, [VALID], [], LIVE, PLAN, MISSED)[0] == "inert"
    assert grade_history(nothing, [VALID])[0] == "vacuous"


def test_an_f_that_was_never_ok_in_twenty_tries_is_vacuous() -> None:
    assert grade_history(history("ok", "info", "info"), [VALID])[0] == "valid"
    events: list[Event] = [
        Invocation(operation=0, process=0, f="write", time=0),
        Completion(operation=0, process=0, outcome="ok", time=0),
    ]
    tries = [Invocation(operation=number, process=number, f="read", time=1) for number in range(1, 21)]
    assert grade_history(History.from_events([*events, *tries]), [VALID])[0] == "vacuous"
    assert grade_history(History.from_events([*events, *tries[:-1]]), [VALID])[0] == "valid"


def test_exit_codes() -> None:
    grades = ("valid", "invalid", "unknown", "vacuous", "inert", "interrupted")
    assert [of_grade(grade) for grade in grades] == [0, 1, 2, 2, 2, 2]


def test_of_several_exit_codes_one_counts() -> None:
    order = [1, 255, 254, 2, 0]
    for position, code in enumerate(order):
        assert worst(order[position:]) == worst(reversed(order[position:])) == code
    assert worst([]) == 0
