"""What is seen of a run while it goes on."""

from collections.abc import Sequence

from ..checkers.checker import Checker, StreamedChecker
from ..errors import UsageError
from ..histories.event import Event
from ..reports.words import show
from .actions import InvariantBroken, Report


class Watch:
    """Shows a run to those that can tell before its end that something is wrong.

    `stopped` says what they saw first, in words; "" as long as there is nothing. Raises UsageError if nobody can tell.
    """

    def __init__(self, checkers: Sequence[Checker], monitors: bool) -> None:
        self.stopped = ""
        self._streams = [checker.stream() for checker in checkers if isinstance(checker, StreamedChecker)]
        if not self._streams and not monitors:
            names = ", ".join(checker.name for checker in checkers)
            raise UsageError(f"a run cannot stop at a violation that only shows when it is over: {names}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """That there are keys that were not followed to the end."""
        keys = ", ".join(show(key, 40) for stream in self._streams for key in stream.given_up)
        too_many = f"too much was possible on {keys} to be followed: only the check after the run looked at all of it"
        return (too_many,) if keys else ()

    def event(self, event: Event) -> None:
        """Take in what goes into the journal."""
        for stream in self._streams:
            violation = stream.feed(event)
            if violation is not None and not self.stopped:
                self.stopped = f"stopped at the first violation: {violation}"

    def report(self, report: Report, now: int) -> None:
        """Take in what happened in the world."""
        if isinstance(report, InvariantBroken) and not self.stopped:
            self.stopped = f"stopped at the first violation, at {now / 1e9:.3f} s"
