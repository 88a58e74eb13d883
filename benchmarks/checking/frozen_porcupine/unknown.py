"""Steps of pending operations, whose output nobody saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

Outcome = TypeVar("Outcome")


class UnknownOutput:
    """Passed to a model's step as the output of a pending operation: it could be any value.

    A step may compare it (`==`, `!=`) and test its truth; every consistent combination of answers is tried (see
    `outcomes`), so a step written for known outputs needs no change. What else a step does with its outputs cannot be
    answered without a value, and raises TypeError or AttributeError; such a step has to look at
    `isinstance(output, UnknownOutput)` first. So has a step that uses `is`: this object is neither None nor True.
    """

    __slots__ = ("_answers", "_asked", "_different", "_truth", "_values")

    def __init__(self, answers: list[bool]) -> None:
        self._answers = answers
        self._asked = 0
        self._values: list[Any] = []  # the value it turned out to be, if a comparison has settled that
        self._different: list[Any] = []
        self._truth: bool | None = None

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        if self._values:
            return bool(self._values[0] == other)
        if any(other == value for value in self._different):
            return False
        if (self._truth is None or bool(other) == self._truth) and self._ask():
            self._values.append(other)
            return True
        self._different.append(other)
        return False

    def __bool__(self) -> bool:
        if self._values:
            return bool(self._values[0])
        if self._truth is None:
            self._truth = self._ask()
        return self._truth

    def __hash__(self) -> NoReturn:
        raise TypeError("the output of a pending operation is unknown and cannot be hashed or kept in a state")

    def __repr__(self) -> str:
        return "unknown"

    def _ask(self) -> bool:
        if self._asked == len(self._answers):
            self._answers.append(True)
        self._asked += 1
        return self._answers[self._asked - 1]


def outcomes(step: Callable[[Any, Any, Any], Outcome], state: Any, input: Any) -> Iterator[Outcome]:
    """What step answers for `state` and `input`, once for each way in which it can tell unknown outputs apart.

    A depth-first walk over the yes and no answers to the questions that step asks about its output.
    """
    answers: list[bool] = []
    while True:
        yield step(state, input, UnknownOutput(answers))
        while answers and not answers[-1]:
            answers.pop()
        if not answers:
            return
        answers[-1] = False
