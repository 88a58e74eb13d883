"""Clocks of a program that is not ours, wrong by as much as is wanted while it runs."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ....errors import UsageError
from .library import library, preloading
from .page import WORD, Page

BILLION: Final = 1_000_000_000
SLOWEST, FASTEST = 0.01, 100.0
VARIABLE: Final = "SPLITBRAIN_CLOCK"
_CLOCKS: Final = (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_MONOTONIC_RAW, time.CLOCK_BOOTTIME)
_MONOTONIC: Final = 1
_SEQUENCE, _ANSWERS, _ATTACHED, _STATES = range(4)
_OFFSET, _RATE, _GAINED, _ANCHOR, _STATE = 0, 1, 2, 6, 10
"""The words of the control file and of each of its two states, as in clock.c."""


class ClockShim:
    """The clocks of the processes that are started with its `environment`, and of their children.

    Those that tell the date (CLOCK_REALTIME, gettimeofday, time) step and drift; monotonic ones drift with them, and
    never step. Deadlines given to libc follow the clocks; durations, such as those of nanosleep, poll and epoll, are
    the machine's. Programs that do not ask libc for the time are not deceived: see `objection`.

    `control` is the file by which it is done, in a directory that the processes can reach, into which the library is
    compiled. Raises UsageError if it cannot be.
    """

    def __init__(self, control: Path) -> None:
        self._library = library("clock", control.parent)
        self._page = Page(control, (_STATES + 2 * _STATE) * WORD)

    def environment(self) -> Mapping[str, str]:
        """The variables to start a program with."""
        return preloading(self._library, VARIABLE, self._page.path)

    def set(self, offset: int, rate: float = 1.0) -> None:
        """From now on dates are wrong by `offset` (nanoseconds), and clocks run `rate` times as fast as the machine's.

        What a clock gained by running fast or slow, it keeps. Raises UsageError for a rate out of bounds.
        """
        if not SLOWEST <= rate <= FASTEST:
            raise UsageError(f"clock shim: a clock cannot run {rate:g} times as fast; use {SLOWEST:g} to {FASTEST:g}")
        self._change(offset, round((rate - 1) * BILLION))

    def drift(self, gain: int) -> None:
        """From now on clocks run faster than the machine's, by parts per billion. Dates stay as far off as they are."""
        self.set(self.offset, 1 + gain / BILLION)

    def jump(self, step: int) -> None:
        """Dates step (nanoseconds). Clocks go on running as they did."""
        self._change(self.offset + step, self._page.words[self._state + _RATE])

    def _change(self, offset: int, rate: int) -> None:
        words, old = self._page.words, self._state
        new = _STATES if old != _STATES else _STATES + _STATE
        words[_SEQUENCE] += 1  # who reads a clock from here on waits for the new state
        for at, clock in enumerate(_CLOCKS):
            now = time.clock_gettime_ns(clock)
            words[new + _GAINED + at] = words[old + _GAINED + at] + _part(
                now - words[old + _ANCHOR + at], words[old + _RATE]
            )
            words[new + _ANCHOR + at] = now
        words[new + _OFFSET] = offset
        words[new + _RATE] = rate
        words[_SEQUENCE] += 1

    @property
    def offset(self) -> int:
        """How far dates were last set off (nanoseconds)."""
        return self._page.words[self._state + _OFFSET]

    @property
    def gained(self) -> int:
        """By how much monotonic clocks are ahead at present, since they ran fast or slow (nanoseconds)."""
        words, state = self._page.words, self._state
        elapsed = time.monotonic_ns() - words[state + _ANCHOR + _MONOTONIC]
        return words[state + _GAINED + _MONOTONIC] + _part(elapsed, words[state + _RATE])

    @property
    def count(self) -> int:
        """How often a process was told a wrong time."""
        return self._page.words[_ANSWERS]

    @property
    def attached(self) -> int:
        """How many programs have begun under it so far; while this is 0, it cannot have an effect."""
        return self._page.words[_ATTACHED]

    @property
    def _state(self) -> int:
        """Where the state that holds begins."""
        return _STATES + self._page.words[_SEQUENCE] // 2 % 2 * _STATE

    def close(self) -> None:
        """Let go of the control file. Clocks stay as they are."""
        self._page.close()


def _part(elapsed: int, rate: int) -> int:
    """What a clock gained, cut off as in C so that none steps."""
    gained = abs(elapsed * rate) // BILLION
    return gained if rate >= 0 else -gained
