"""What a model is: a sequential specification, and what checkers may assume about it."""

from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass
from typing import Final, TypeAlias

from ...histories.operation import Operation, Value
from .values import canonical, same, show


class Anything:
    """The type of ANY."""

    def __repr__(self) -> str:
        return "anything"


ANY: Final = Anything()
"""Stands for an output that the model leaves open, in a step."""

State: TypeAlias = Hashable
Step: TypeAlias = "tuple[Hashable, State]"
"""An output that is allowed (a value, ANY, or what the model's `agrees` understands), and the state that follows."""


@dataclass(frozen=True, slots=True)
class Access:
    """How one operation of a register-like model reads and writes the one value, in `canonical` form; ANY for "not".

    It took effect only where the value was `reads` (with `differs`: only where it was another than that), and left the
    value `writes`. Of an operation of unknown outcome: if it took effect.
    """

    reads: Hashable = ANY
    writes: Hashable = ANY
    differs: Hashable = ANY


def describe(operation: Operation) -> str:
    """One short line: `write(3)`, `read() → 3`, `cas(1, 2) → ?` for an unknown outcome, `→ refused` for a failure."""
    value = operation.input
    arguments = "" if value is None and operation.f in ("read", "get") else show(value)
    call = f"{operation.f}({arguments[1:-1] if isinstance(value, tuple) else arguments})"
    if operation.outcome == "info":
        return f"{call} → ?"
    if operation.outcome == "fail":
        return f"{call} → refused"
    return call if operation.output is None and arguments else f"{call} → {show(operation.output)}"


Anomaly: TypeAlias = tuple[str, tuple[Operation, ...]]
"""The name of what is wrong, a short noun phrase, and operations that help to see it."""


def unnamed(_culprit: Operation, _kept: Sequence[Operation], _operations: Sequence[Operation]) -> Anomaly:
    """What can be said of any model."""
    return "not linearizable", ()


@dataclass(frozen=True)
class Model:
    """A sequential specification of one object, with hints that let checkers leave operations out.

    `step(state, operation)` gives the outputs that the operation may answer in that state, each with the state that
    follows; it looks at `f`, at `input` and at what `beside` names, never at `output` or `outcome`. No step at all: not
    possible in that state. States are hashable and never changed. `functions` are the `f` it knows.

    The hints must hold of every operation (of outcome `ok` or `info`), or verdicts are wrong; the defaults are safe.

    * `is_read(op)`: taking effect with the output that it answered, `op` leaves every state as it is.
    * `is_reset(op)`: the state after `op`, answering as it did, is the same whatever the state before.
    * `observes(op, mutator)`: the answer of `op` could have been another had `mutator` not taken effect. Precisely:
      take a legal sequence, and leave out operations that none of those that stay observes, or that have a reset
      between them and the observer which stays. What stays (and, when its outcome is unknown, changed the state) is
      still legal. True is always safe.
    * `access(op)`: for models whose state is one value that operations read and replace whole, how `op` does so.

    Two hints are for evidence alone; without them it is larger.

    * `blind(op)`: an operation that leaves the state that `op` certainly left when it took effect with the output that
      it answered, whatever the state before, and that observes nothing. None where the answer does not say which.
    * `narrowed(op, elements)`: the operation as it would be if the object held only these elements, each in `canonical`
      form; None for one on another element. For objects that hold elements which have nothing to do with each other.

    `partition(op)` names the object that the operation is on: histories are judged one object at a time.

    `agrees(answered, allowed)` says whether what an operation answered counts as an output that `step` gave.
    `beside(op)` is what `step` looks at beside `f` and `input`; operations that are equal in all three step alike.

    `fits(op)` says whether input and output are of the kind that the model deals with, for choosing among models that
    know the same `f`.

    `anomaly(culprit, kept, operations)` names what is wrong, with operations that help to see it. `culprit` is the
    operation at whose return the history could no longer be linearized, `kept` the operations (it among them) that show
    this, `operations` all those of the object. Nothing depends on the name but what people read.
    """

    name: str
    functions: frozenset[str]
    initial: State
    step: Callable[[State, Operation], tuple[Step, ...]]
    is_read: Callable[[Operation], bool] = lambda _: False
    is_reset: Callable[[Operation], bool] = lambda _: False
    observes: Callable[[Operation, Operation], bool] = lambda _operation, _mutator: True
    access: Callable[[Operation], Access] | None = None
    blind: Callable[[Operation], Operation | None] = lambda _: None
    narrowed: Callable[[Operation, Set[Hashable]], Operation | None] | None = None
    partition: Callable[[Operation], Value] = lambda operation: operation.key
    agrees: Callable[[Value, Hashable], bool] = same
    beside: Callable[[Operation], Hashable] = lambda _: None
    fits: Callable[[Operation], bool] = lambda _: True
    anomaly: Callable[[Operation, Sequence[Operation], Sequence[Operation]], Anomaly] = unnamed
    describe: Callable[[Operation], str] = describe
    describe_state: Callable[[State], str] = show

    def after(self, state: State, operation: Operation) -> tuple[State, ...]:
        """The states that may follow when the operation takes effect in `state` and answers as it did.

        None: it cannot. The output of an operation whose outcome is not `ok` is unknown, and matches all.
        """
        steps = self.step(state, operation)
        if operation.outcome == "ok":
            output = operation.output
            steps = tuple(step for step in steps if step[0] is ANY or self.agrees(output, step[0]))
        if len(steps) == 1:
            return (steps[0][1],)
        return tuple({canonical(following): following for _, following in steps}.values())
