"""Runs that end at the first violation."""

import msgspec
import pytest

from splitbrain.bench.command import command
from splitbrain.bench.run import run
from splitbrain.bench.test import SECOND, Test, run_id
from splitbrain.errors import UsageError
from splitbrain.histories.event import Completion

BROKEN = Test(system="primary_backup", workload="register", seed=3, bug="backup-reads")
KEY = "y"
STOPPED = msgspec.structs.replace(BROKEN, stop_on_violation=True)


def test_a_run_ends_with_the_completion_that_shows_the_violation() -> None:
    whole, stopped = run(BROKEN), run(STOPPED)
    assert (whole.record.grade, stopped.record.grade) == ("invalid", "invalid")
    first = list(whole.history.events())[: len(list(stopped.history.events()))]
    assert first == list(stopped.history.events())
    last = first[-1]
    assert isinstance(last, Completion)
    assert stopped.record.sentence.endswith(
        f'stopped at the first violation: not linearizable on key "{KEY}" since the completion of operation '
        f"{last.operation} at {last.time / SECOND:.3f} s"
    )
    assert stopped.record.healed_at is None
    assert not stopped.record.liveness.promised


def test_it_is_the_first_event_at_which_the_history_is_not_linearizable() -> None:
    stopped = run(STOPPED)
    (checker,) = (each for each in stopped.verdicts if each.checker == "linearizable")
    assert checker.validity == "invalid"
    assert {evidence.culprit for evidence in checker.evidence} == {
        max(stopped.history.operations, key=lambda each: each.completed or 0).index
    }


def test_a_broken_invariant_ends_a_run_too() -> None:
    test = Test(system="primary_backup", workload="kv", seed=1, bug="reads-alone", stop_on_violation=True)
    result = run(test)
    (finding,) = result.record.findings
    assert result.record.ended_at == finding.time
    assert result.record.sentence.endswith(f"; stopped at the first violation, at {finding.time / SECOND:.3f} s")


def test_a_run_in_which_all_is_well_goes_on_to_its_end() -> None:
    test = Test(system="primary_backup", workload="register", seed=2, operations=30)
    whole, watched = run(test), run(msgspec.structs.replace(test, stop_on_violation=True))
    assert whole.history == watched.history
    assert (whole.record.grade, whole.record.event_log) == ("valid", watched.record.event_log)


def test_the_run_has_a_name_and_a_command_of_its_own() -> None:
    assert run_id(BROKEN) != run_id(STOPPED)
    assert command(STOPPED) == command(BROKEN) + " --stop-on-violation"


def test_a_workload_that_is_only_judged_when_it_is_over_is_refused() -> None:
    with pytest.raises(UsageError, match="a run cannot stop at a violation that only shows when it is over: echo"):
        run(Test(system="ping_pong", workload="ping", seed=1, stop_on_violation=True))
