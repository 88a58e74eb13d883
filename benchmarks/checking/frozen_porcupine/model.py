"""Sequential specifications: deterministic ones, and nondeterministic ones by the power-set construction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .history import Event, Operation
from .unknown import UnknownOutput, outcomes


def describe_operation(input: Any, output: Any) -> str:
    """The default text of an operation: its input and output as Python writes them."""
    return f"{input!r} → {output!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A sequential specification.

    `init()` is the initial state. `step(state, input, output)` says whether an operation with that input may answer
    that output in that state, and gives the next state. It must be pure: it never changes the state it is given. The
    output of a pending operation is an UnknownOutput.

    States need neither `equal` nor `hash` when they are hashable. Otherwise `equal(a, b)` is required, and
    `hash(state)`, equal for equal states, makes the search faster.

    `partition` splits the operations into independent parts (one per key, say), `partition_event` the events; the
    history is linearizable if each part is. The describe functions give the texts of the visualization;
    `describe_operation` is given an UnknownOutput for a pending operation.
    """

    init: Callable[[], Any]
    step: Callable[[Any, Any, Any], tuple[bool, Any]]
    equal: Callable[[Any, Any], bool] | None = None
    hash: Callable[[Any], int] | None = None
    partition: Callable[[Sequence[Operation]], Sequence[Sequence[Operation]]] | None = None
    partition_event: Callable[[Sequence[Event]], Sequence[Sequence[Event]]] | None = None
    describe_operation: Callable[[Any, Any], str] = describe_operation
    describe_state: Callable[[Any], str] = repr
    describe_metadata: Callable[[Any], str] = repr


@dataclass(frozen=True, slots=True, kw_only=True)
class NondeterministicModel:
    """A sequential specification with several initial states and, for each step, several next states or none.

    `init()` gives the possible initial states, `step(state, input, output)` the possible next states: none of them
    means that the operation may not answer that output in that state. The other fields are those of Model.
    """

    init: Callable[[], Iterable[Any]]
    step: Callable[[Any, Any, Any], Iterable[Any]]
    equal: Callable[[Any, Any], bool] | None = None
    hash: Callable[[Any], int] | None = None
    partition: Callable[[Sequence[Operation]], Sequence[Sequence[Operation]]] | None = None
    partition_event: Callable[[Sequence[Event]], Sequence[Sequence[Event]]] | None = None
    describe_operation: Callable[[Any, Any], str] = describe_operation
    describe_state: Callable[[Any], str] = repr
    describe_metadata: Callable[[Any], str] = repr

    def to_model(self) -> Model:
        """The deterministic model whose states are the sets of states that this one may be in."""

        def init() -> tuple[Any, ...]:
            return self._distinct(self.init())

        def step(states: tuple[Any, ...], input: Any, output: Any) -> tuple[bool, tuple[Any, ...]]:
            unknown = isinstance(output, UnknownOutput)
            successors: list[Any] = []
            for state in states:
                if unknown:
                    for possible in outcomes(self.step, state, input):
                        successors.extend(possible)
                else:
                    successors.extend(self.step(state, input, output))
            return bool(successors), self._distinct(successors)

        return Model(
            init=init,
            step=step,
            equal=self._equal,
            hash=None if self.equal and not self.hash else self._hash,
            partition=self.partition,
            partition_event=self.partition_event,
            describe_operation=self.describe_operation,
            describe_state=lambda states: "{" + ", ".join(map(self.describe_state, states)) + "}",
            describe_metadata=self.describe_metadata,
        )

    # A set of states is a tuple in order of discovery: the order of a Python set of strings differs between runs.

    def _distinct(self, states: Iterable[Any]) -> tuple[Any, ...]:
        if not self._compares:
            return tuple(dict.fromkeys(states))
        distinct: list[Any] = []
        for state in states:
            if not self._among(distinct, state):
                distinct.append(state)
        return tuple(distinct)

    def _equal(self, a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
        if not self._compares:
            return set(a) == set(b)
        return len(a) == len(b) and all(self._among(b, state) for state in a)

    def _hash(self, states: tuple[Any, ...]) -> int:
        if self.hash is None:
            return hash(frozenset(states))
        return hash(frozenset(map(self.hash, states)))

    @property
    def _compares(self) -> bool:
        return self.equal is not None or self.hash is not None

    def _among(self, states: Iterable[Any], state: Any) -> bool:
        if self.equal is None:
            return state in states
        return any(self.equal(other, state) for other in states)
