"""One contender on one history, in a process of its own: `python -m checking.cell '{"contender": …}'`.

Prints one JSON object when its input is ready, and one per round as soon as it is over, `at` which processor time. Who
started it takes the best, and kills it when a round takes too long.
"""

import gc
import json
import pickle
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from splitbrain.bench.cli.check import check
from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import kernel, linearizable
from splitbrain.checkers.linearizability.columns import RegisterColumns
from splitbrain.checkers.linearizability.meter import Limits
from splitbrain.checkers.models import infer
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History
from splitbrain.histories.store import load

from . import rivals

ROUNDS, AT_LEAST, ENOUGH = 3, 0.5, 10.0
"""At least so many rounds, and for so many seconds, garbage collection included; none after so many seconds."""

Check = Callable[[], bool | None]
"""Whether a history is linearizable; None for unknown."""


def main(told: dict[str, Any]) -> None:
    """Measure as told: `contender`, `given` (a kind of input), `path` of it, `megabytes` it may use, `quick`."""
    megabytes = told["megabytes"] << 20
    resource.setrlimit(resource.RLIMIT_AS, (megabytes, megabytes))
    try:
        work = prepared(told["contender"], told["given"], told["path"])
        first, rounds, spent = time.process_time(), 0, 0.0
        while spent < ENOUGH and (rounds < ROUNDS or spent < AT_LEAST):
            gc.collect()
            begun = time.process_time()
            _say(at=begun)
            valid = work()
            ended = time.process_time()
            _say(at=ended, seconds=ended - begun, megabytes=_peak(), valid=valid)
            rounds, spent = rounds + 1, ended - first
            if told["quick"] and spent > AT_LEAST / 5:
                break
    except MemoryError:
        _say(at=time.process_time(), out_of_memory=True)


def _peak() -> float:
    """Megabytes. (Resource usage would count what the process that started this one held, too.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _say(**what: float | bool | None) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def prepared(contender: str, given: str, path: str) -> Check:
    """What is to be timed, with its input ready in the form that the contender takes."""
    rival = contender == "porcupine-py"
    if given == "file":
        return (lambda: rivals.prepared_history(load(path))()) if rival else (lambda: of_file(path))
    if given == "history":
        history = load(path)
        return rivals.prepared_history(history) if rival else lambda: of_history(history)
    with Path(path).open("rb") as file:
        data = pickle.load(file)
    if given == "times":
        return rivals.prepared_columns((data,)) if rival else lambda: of_times(data)
    return rivals.prepared_columns(data) if rival else lambda: of_columns(data)


def of_columns(keys: Sequence[RegisterColumns]) -> bool | None:
    """Decide key after key; a linearization is verified."""
    limits = Limits(configurations=Budget().configurations)
    for columns in keys:
        answer, decided = kernel.zones(columns, limits), columns
        if answer is None:
            decided, _ = kernel.tightened(columns)
            answer = kernel.search(decided, limits)
        if not answer.valid:
            return answer.valid
        if not kernel.is_linearization(decided, answer.order):
            raise AssertionError("the witness is no linearization")
    return True


def of_times(columns: RegisterColumns) -> bool | None:
    """The same from times in any order, which are put in order first."""
    return of_columns((kernel.ranked(columns)[0],))


def of_history(history: History) -> bool | None:
    """The whole checker, with evidence for what is not linearizable."""
    verdict = linearizable(infer(history)).check(history, Budget(seconds=None))
    return {Validity.VALID: True, Validity.INVALID: False}.get(verdict.validity)


def of_file(path: str) -> bool | None:
    """What `splitbrain check` does, from the file on."""
    verdict = check(path, None, Budget(seconds=None)).verdict
    return {Validity.VALID: True, Validity.INVALID: False}.get(verdict.validity)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
