"""A value with a version: `put` replaces one version and says whether it did, `get` answers value and version."""

from collections.abc import Sequence

from ...errors import HistoryError
from ...histories.operation import Operation, Value
from .model import Anomaly, Model, State, Step, unnamed
from .values import same


def versioned() -> Model:
    """`put` has the input (value, version) and answers True or False, `get` answers (value, version).

    It takes effect where its version is the current one, and the next one is its own. First is version 0 of None.
    """
    return Model(
        name="versioned",
        functions=frozenset({"put", "get"}),
        initial=(None, 0),
        step=step,
        is_read=lambda operation: operation.f == "get" or (operation.outcome == "ok" and operation.output is False),
        anomaly=anomaly,
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the object does with the operation."""
    assert isinstance(state, tuple)
    if operation.f == "get":
        return ((state, state),)
    value, version = arguments(operation)
    return ((True, (value, version + 1)),) if state[1] == version else ((False, state),)


def arguments(operation: Operation) -> tuple[Value, int]:
    """The value and the version of a put. Raises HistoryError if its input is something else."""
    match operation.input:
        case (value, int(version)):
            return value, version
    what = f"operation {operation.index}: the input of a put is a value and the version that it replaces"
    raise HistoryError(f"{what}, not {operation.input!r}")


def anomaly(culprit: Operation, kept: Sequence[Operation], operations: Sequence[Operation]) -> Anomaly:
    """What is wrong with the version that the culprit found or replaced."""
    puts = [each for each in operations if each.f == "put"]
    if culprit.f == "get":
        if culprit.outcome == "ok" and isinstance(culprit.output, tuple) and len(culprit.output) == 2:
            value, version = culprit.output
            writers = [
                each for each in puts if same(arguments(each), (value, version - 1 if isinstance(version, int) else 0))
            ]
            if writers and all(took_no_effect(each) for each in writers):
                return "refused, yet visible", tuple(writers[:1])
            if not writers and version != 0:
                return "version nobody wrote", ()
    elif culprit.output is True:
        _, version = arguments(culprit)
        others = [
            each for each in puts if each is not culprit and each.output is True and arguments(each)[1] == version
        ]
        if others:
            return "two puts replaced one version", tuple(others[:1])
    return unnamed(culprit, kept, operations)


def took_no_effect(put: Operation) -> bool:
    """Whether the put was answered so."""
    return put.outcome == "fail" or (put.outcome == "ok" and put.output is False)
