"""Python data into values and back."""

import enum

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.histories.operation import Value
from splitbrain.histories.value import to_json, to_value

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES: st.SearchStrategy[Value] = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=8
)


class Colour(enum.IntEnum):
    RED = 1


@given(VALUES)
def test_round_trip(value: Value) -> None:
    assert to_value(to_json(value)) == value
    assert to_value(value) == value


def test_lists_for_tuples() -> None:
    assert to_json((1, (2, ()))) == [1, [2, []]]


def test_subclasses_become_plain() -> None:
    assert type(to_value(Colour.RED)) is int
    assert type(to_value(type("Name", (str,), {})("a"))) is str
