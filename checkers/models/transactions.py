"""Transactions on several keys, each of which takes effect at once: linearizable, that is strict serializability."""

from ...errors import HistoryError
from ...histories.operation import Operation, Value
from .model import ANY, Model, State, Step
from .values import canonical


def transactions(initial: Value = "") -> Model:
    """All keys together as one object, each with the initial value at first. States grow with the number of keys.

    * `multi_get` (input: keys; output: their values);
    * `multi_put` (input: keys with values, each a pair);
    * `swap` (input: two keys; output: what they hold now).
    """

    def step(state: State, operation: Operation) -> tuple[Step, ...]:
        assert isinstance(state, tuple)
        held = dict(state)
        if operation.f == "multi_put":
            return ((ANY, _state({**held, **dict(pairs(operation))})),)
        found = tuple(held.get(key, initial) for key in keys(operation))
        if operation.f == "multi_get":
            return ((found, state),)
        exchanged = found[::-1]
        return ((exchanged, _state({**held, **dict(zip(keys(operation), exchanged, strict=True))})),)

    def _state(held: dict[Value, Value]) -> State:
        # In one order, and without the keys that are as at first, so that equal states are equal.
        changed = [(key, value) for key, value in held.items() if canonical(value) != canonical(initial)]
        return tuple(sorted(changed, key=lambda pair: repr(pair[0])))

    return Model(
        name="transactions",
        functions=frozenset({"multi_get", "multi_put", "swap"}),
        initial=(),
        step=step,
        is_read=lambda operation: operation.f == "multi_get",
        observes=observes,
        partition=lambda _: None,
    )


def observes(operation: Operation, mutator: Operation) -> bool:
    """Who answered a value observes all who put it; swaps are observed through the keys, since they bring no value.

    What is put, or exchanged, does not depend on what was there: without a multi-put, everything is where it was, but
    for its own values.
    """
    if mutator.f == "multi_get" or operation.f == "multi_put":
        return False
    if mutator.f == "swap":
        return not set(keys(operation)).isdisjoint(keys(mutator))
    if operation.outcome != "ok" or not isinstance(operation.output, tuple):
        return operation.outcome == "ok"
    return not {canonical(value) for value in operation.output}.isdisjoint(canonical(put) for _, put in pairs(mutator))


def keys(operation: Operation) -> tuple[Value, ...]:
    """The keys of a multi-get, or the two of a swap. Raises HistoryError if the input is something else."""
    given = operation.input
    if isinstance(given, tuple) and len(set(given)) == len(given) and (operation.f == "multi_get" or len(given) == 2):
        return given
    what = "keys" if operation.f == "multi_get" else "two keys"
    raise HistoryError(f"operation {operation.index}: the input of {operation.f} is {what}, not {given!r}")


def pairs(operation: Operation) -> tuple[tuple[Value, Value], ...]:
    """The keys of a multi-put with their values. Raises HistoryError if the input is something else."""
    given = operation.input
    if isinstance(given, tuple):
        found = tuple((pair[0], pair[1]) for pair in given if isinstance(pair, tuple) and len(pair) == 2)
        if len(found) == len(given):
            return found
    raise HistoryError(f"operation {operation.index}: the input of multi_put is pairs of key and value, not {given!r}")
