"""Logs whose polls may answer a part: what is lost there, and what is only not there yet."""

from splitbrain.checkers.checker import Budget, Checker
from splitbrain.checkers.logs import log, log_in_parts
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History
from splitbrain.histories.operation import Value


def validity(checker: Checker, *calls: tuple[str, Value, Value]) -> Validity:
    """The verdict on operations (f, input, output), one after the other."""
    events: list[Event] = []
    for number, (f, value, output) in enumerate(calls):
        events.append(Invocation(operation=number, process=0, f=f, key="x", input=value, time=10 * number))
        events.append(Completion(operation=number, process=0, outcome="ok", output=output, time=10 * number + 5))
    return checker.check(History.from_events(events), Budget()).validity


SENT = (("send", 7, 0), ("send", 8, 1), ("send", 9, 2))


def test_a_poll_may_end_early_only_where_parts_are_allowed() -> None:
    for output in ((), ((0, 7),), ((0, 7), (1, 8))):
        assert validity(log_in_parts, *SENT, ("poll", 0, output)) is Validity.VALID
        assert validity(log, *SENT, ("poll", 0, output)) is Validity.INVALID


def test_what_a_poll_skips_is_lost() -> None:
    for output in (((0, 7), (2, 9)), ((1, 8),)):
        assert validity(log_in_parts, *SENT, ("poll", 0, output)) is Validity.INVALID


def test_an_offset_is_given_once() -> None:
    assert validity(log_in_parts, ("send", 7, 0), ("send", 8, 0), ("poll", 0, ())) is Validity.INVALID


def test_commits_may_go_back_only_where_parts_are_allowed() -> None:
    calls = (("commit", 5, None), ("commit", 3, None), ("committed", None, 3), ("poll", 0, ()))
    assert validity(log_in_parts, *calls) is Validity.VALID
    assert validity(log, *calls) is Validity.INVALID
