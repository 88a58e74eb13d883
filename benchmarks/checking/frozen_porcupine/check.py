"""Is a history linearizable? Validation, partitions and budgets around the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from time import monotonic

from .history import Event, Operation, operations_of, validate_operations
from .info import LinearizationInfo, Partition
from .model import Model
from .partials import LongestPartials, Node
from .result import CheckResult, Statistics
from .search import Budget, SearchResult, search

# With several partitions, each is first searched for a number of steps in proportion to its operations, then those
# undecided for so many times more, and so on: a hard partition does not hide that another one is clearly illegal. A
# linearizable partition is typically decided within the first look; the factor bounds the work that is done again.
_FIRST_LOOK = 16
_NEXT_LOOK = 8


def check_operations(
    model: Model,
    history: Sequence[Operation],
    timeout: float | None = None,
    *,
    max_steps: int | None = None,
    max_configurations: int | None = None,
) -> CheckResult:
    """Whether a history of operations is linearizable; UNKNOWN, with its `reason`, if a limit was reached first.

    `timeout` is in seconds of wall-clock time, looked at before each call of the model's step. `max_steps` limits these
    calls. `max_configurations` limits memory: the configurations remembered at once, with their states.
    Raises HistoryError for a malformed history; whatever the model raises is passed on.
    """
    limits = _limits(timeout, max_steps, max_configurations)
    return _check(model, _partition_operations(model, history), limits).result()


def check_events(
    model: Model,
    history: Sequence[Event],
    timeout: float | None = None,
    *,
    max_steps: int | None = None,
    max_configurations: int | None = None,
) -> CheckResult:
    """The same for a history of events."""
    limits = _limits(timeout, max_steps, max_configurations)
    return _check(model, _partition_events(model, history), limits).result()


def check_operations_verbose(
    model: Model,
    history: Sequence[Operation],
    timeout: float | None = None,
    *,
    max_steps: int | None = None,
    max_configurations: int | None = None,
    all_partitions: bool = False,
) -> tuple[CheckResult, LinearizationInfo]:
    """The same as check_operations, with longest partial linearizations for a look at what went wrong.

    The check ends with the first illegal partition, unless `all_partitions` is set.
    """
    limits = _limits(timeout, max_steps, max_configurations)
    check = _check(model, _partition_operations(model, history), limits, verbose=True, all_partitions=all_partitions)
    return check.result(), check.info()


def check_events_verbose(
    model: Model,
    history: Sequence[Event],
    timeout: float | None = None,
    *,
    max_steps: int | None = None,
    max_configurations: int | None = None,
    all_partitions: bool = False,
) -> tuple[CheckResult, LinearizationInfo]:
    """The same for a history of events."""
    limits = _limits(timeout, max_steps, max_configurations)
    check = _check(model, _partition_events(model, history), limits, verbose=True, all_partitions=all_partitions)
    return check.result(), check.info()


def _limits(timeout: float | None, max_steps: int | None, max_configurations: int | None) -> Budget:
    for name, limit in (("timeout", timeout), ("max_steps", max_steps), ("max_configurations", max_configurations)):
        if limit is not None and limit < 0:
            raise ValueError(f"{name} is {limit}: give None for no limit")
    return Budget(
        steps=inf if max_steps is None else max_steps,
        configurations=inf if max_configurations is None else max_configurations,
        deadline=None if timeout is None else monotonic() + timeout,
        clock=monotonic,
    )


def _partition_operations(model: Model, history: Sequence[Operation]) -> list[list[Operation]]:
    _require_model(model)
    history = list(history)
    validate_operations(history)
    if model.partition is None:
        return [history]
    parts = [list(part) for part in model.partition(history)]
    _require_complete(sum(map(len, parts)), len(history), "operations")
    for part in parts:
        validate_operations(part)
    return parts


def _partition_events(model: Model, history: Sequence[Event]) -> list[list[Operation]]:
    _require_model(model)
    history = list(history)
    operations = operations_of(history)
    if model.partition_event is None:
        return [operations]
    times = {(event.id, event.kind): index for index, event in enumerate(history)}
    parts = [list(part) for part in model.partition_event(history)]
    _require_complete(sum(map(len, parts)), len(history), "events")
    if not all((event.id, event.kind) in times for part in parts for event in part):
        raise ValueError("the model's partition_event must keep the ids of the events")
    return [operations_of(part, times) for part in parts]


def _require_model(model: Model) -> None:
    if not isinstance(model, Model):
        raise TypeError(f"a {type(model).__name__} is not a Model (a NondeterministicModel has to_model() for this)")


def _require_complete(given: int, total: int, what: str) -> None:
    if given != total:
        raise ValueError(f"the model's partitions hold {given} {what}, the history holds {total}")


@dataclass
class _Check:
    """A check as far as it got: what each partition's last search gave, and which limit was reached first, where."""

    partitions: list[list[Operation]]
    searches: list[SearchResult | None]
    ends: list[list[Node]]
    steps: int = 0
    configurations: int = 0
    spent: tuple[str, int] | None = None

    def result(self) -> CheckResult:
        """The result of all partitions together."""
        outcomes = [None if search is None else search.linearizable for search in self.searches]
        if False in outcomes:
            return CheckResult.ILLEGAL
        if self.spent is None:
            return CheckResult.OK
        limit, partition = self.spent
        name = limit if limit == "timeout" else f"max_{limit}"
        reason = f"{name} reached in partition {partition}, after {self.steps} steps"
        return CheckResult("Unknown", reason, self.statistics())

    def info(self) -> LinearizationInfo:
        """What a verbose check tells."""
        partitions = [
            Partition(operations, None if search is None else _RESULTS[search.linearizable], ends)
            for operations, search, ends in zip(self.partitions, self.searches, self.ends, strict=True)
        ]
        return LinearizationInfo(partitions, self.result().reason, self.statistics())

    def statistics(self) -> Statistics:
        """How much work it was."""
        illegal = (index for index, search in enumerate(self.searches) if search and search.linearizable is False)
        partition = next(illegal, None if self.spent is None else self.spent[1])
        searches = [search for index, search in enumerate(self.searches) if search and partition in (None, index)]
        deepest = max((search.deepest for search in searches), default=0)
        return Statistics(self.steps, self.configurations, deepest, partition)


_RESULTS = {True: CheckResult.OK, False: CheckResult.ILLEGAL, None: CheckResult.UNKNOWN}


def _check(
    model: Model, partitions: list[list[Operation]], limits: Budget, verbose: bool = False, all_partitions: bool = False
) -> _Check:
    check = _Check(partitions, [None] * len(partitions), [[] for _ in partitions])
    undecided, look = list(range(len(partitions))), _FIRST_LOOK
    while undecided:
        unfinished = []
        for index in undecided:
            enough = inf if len(undecided) == 1 else look * (len(partitions[index]) + 1)
            steps_left = limits.steps - check.steps
            budget = replace(limits, steps=min(enough, steps_left))
            found = _search_partition(check, model, index, budget, verbose)
            if found.linearizable is False and not all_partitions:
                return check
            if found.spent == "timeout" or (found.spent == "steps" and steps_left <= enough):
                check.spent = check.spent or (found.spent, index)
                return check
            if found.spent == "steps":
                unfinished.append(index)
            elif found.spent == "configurations":
                check.spent = check.spent or (found.spent, index)
        undecided, look = unfinished, look * _NEXT_LOOK
    return check


def _search_partition(check: _Check, model: Model, index: int, budget: Budget, verbose: bool) -> SearchResult:
    partials = LongestPartials() if verbose else None
    found = search(model, check.partitions[index], budget, partials)
    check.searches[index] = found
    check.steps += found.steps
    check.configurations = max(check.configurations, found.configurations)
    if partials is not None:
        check.ends[index] = partials.witness() if found.linearizable else partials.ends()
    return found
