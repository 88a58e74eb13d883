"""The engine for every model: porcupine's search, with the steps of the model put in a table."""

from collections.abc import Hashable, Sequence

from ...histories.operation import Operation
from .. import porcupine
from ..checker import Budget
from ..models.model import Model, State
from ..models.values import canonical
from ..verdict import Validity
from .engine import EngineResult

OF_A_CONFIGURATION = 1_000
"""How many bytes a configuration and what leads to it take, about."""

_VALIDITY = {"Ok": Validity.VALID, "Illegal": Validity.INVALID, "Unknown": Validity.UNKNOWN}


def search(model: Model, operations: Sequence[Operation], budget: Budget) -> EngineResult:
    """Decide by searching for a linearization (see porcupine/search.py). Exponential at worst."""
    table = _Table(model)
    history = [
        # A client of its own for each: a pending operation ends its client, and any operation may be made pending.
        porcupine.Operation(position, table.number(operation), operation.call, None, operation.return_)
        for position, operation in enumerate(operations)
    ]
    result, info = porcupine.check_operations_verbose(
        porcupine.Model(init=lambda: table.initial, step=table.step),
        history,
        timeout=budget.seconds,
        max_configurations=_most(budget),
    )
    validity = _VALIDITY[result.name]
    work = info.statistics.steps
    if validity is Validity.UNKNOWN:
        completed = sum(operation.return_ is not None for operation in operations)
        reached = f"at most {info.statistics.deepest} of {completed} operations could be put in order so far"
        return EngineResult(validity, reason=f"{_limit(result.reason, budget)}; {reached}", work=work)
    if validity is Validity.INVALID:
        return EngineResult(validity, work=work)
    longest = info.partial_linearizations()[0]
    order = tuple(operations[position].index for position in longest[0]) if longest else ()
    return EngineResult(validity, order=order, work=work)


def _most(budget: Budget) -> int | None:
    """How many configurations may be held."""
    those = [budget.configurations, None if budget.bytes is None else budget.bytes // OF_A_CONFIGURATION]
    return min((each for each in those if each is not None), default=None)


def _limit(reason: str | None, budget: Budget) -> str:
    if reason is not None and reason.startswith("timeout"):
        return "the time was used up"
    if _most(budget) != budget.configurations:
        return "the memory was used up"
    return f"the search reached {budget.configurations} configurations"


class _Table:
    """The model with numbers for states and for operations that differ only in who called them when."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.states: list[tuple[State, ...]] = []
        self.state_numbers: dict[Hashable, int] = {}
        self.operations: list[Operation] = []
        self.operation_numbers: dict[Hashable, int] = {}
        self.steps: dict[tuple[int, int], tuple[bool, int]] = {}
        self.initial = self._state((model.initial,))

    def number(self, operation: Operation) -> int:
        known = operation.outcome == "ok"
        output = canonical(operation.output) if known else None
        key = operation.f, canonical(operation.input), self.model.beside(operation), known, output
        if key not in self.operation_numbers:
            self.operation_numbers[key] = len(self.operations)
            self.operations.append(operation)
        return self.operation_numbers[key]

    def step(self, state: int, operation: int, _output: object) -> tuple[bool, int]:
        found = self.steps.get((state, operation))
        if found is None:
            after = [
                following
                for before in self.states[state]
                for following in self.model.after(before, self.operations[operation])
            ]
            found = bool(after), self._state(tuple({canonical(each): each for each in after}.values()))
            self.steps[state, operation] = found
        return found

    def _state(self, states: tuple[State, ...]) -> int:
        key = frozenset(map(canonical, states))
        if key not in self.state_numbers:
            self.state_numbers[key] = len(self.states)
            self.states.append(states)
        return self.state_numbers[key]
