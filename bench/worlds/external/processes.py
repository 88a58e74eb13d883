"""The processes of a server that is not ours.

Programs start others, which may leave their process group and outlive them. All of them inherit the environment, so
every process of a server is found by a mark in it; those that write their titles over it, by their session.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..local.owned import MARK, Process, marked, start_of, state

FINEST: Final = 0.002
"""How often it is looked whether processes have come to an end or to a halt (seconds)."""


class Processes:
    """The processes of one server. `mark` is what they bear, `log` the file to which they write."""

    def __init__(self, mark: str, log: Path) -> None:
        self._mark = mark
        self._log = log
        self._started: list[subprocess.Popen[bytes]] = []

    def talk(self, command: Sequence[str], directory: Path) -> subprocess.Popen[bytes]:
        """Start this one, in that directory, with pipes as its standard input and output."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                cwd=directory,
                start_new_session=True,
                env={**os.environ, MARK: self._mark},
            )
        self._started.append(process)
        return process

    def start(self, commands: Sequence[Sequence[str]], environment: Mapping[str, str], directory: Path) -> list[int]:
        """Start these, in that directory, and give their numbers. They die with this process."""
        for command in commands:
            with self._log.open("ab") as log:
                self._started.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        cwd=directory,
                        start_new_session=True,
                        env={**os.environ, **environment, MARK: self._mark},
                    )
                )
        return [process.pid for process in self._started]

    @property
    def ended(self) -> int | None:
        """The exit code of one that has ended by itself, None while all run."""
        return next((process.returncode for process in self._started if process.poll() is not None), None)

    def all(self) -> list[Process]:
        """All of them, with when they started."""
        found = ((pid, start_of(pid)) for pid in self._found())
        return [Process(pid, started) for pid, started in found if started is not None]

    def kill(self) -> None:
        """End all of them at once (SIGKILL), and wait until they are gone."""
        self.pause()  # nobody starts another one meanwhile
        while self._signal(signal.SIGKILL):
            for process in self._started:
                process.poll()
            time.sleep(FINEST)
        for process in self._started:
            process.wait()
        self._started.clear()

    def pause(self) -> None:
        """Stop all of them (SIGSTOP), and wait until they have stopped."""
        while any(state(pid) not in "TtZX" for pid in self._signal(signal.SIGSTOP)):
            time.sleep(FINEST)

    def resume(self) -> None:
        """Let all of them go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> list[int]:
        """Send a signal to all of them that are there, and say which."""
        found = self._found()
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return found

    def _found(self) -> list[int]:
        return list(marked(self._mark, {process.pid for process in self._started}))
