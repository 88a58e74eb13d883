"""What foreign recorders write as inputs and outputs, in our words."""

from collections.abc import Sequence
from typing import Final

from ...errors import HistoryError
from ..operation import Value

ACKNOWLEDGED: Final = frozenset(("write", "put", "append", "add", "enqueue", "acquire", "release"))
"""Functions whose `ok` says that it was done, and nothing more. Recorders like to repeat the input there."""

SILENT: Final = frozenset(("write", "put"))
"""Those among them that have no output at all. The others may have one, such as the new value."""


def check_input(f: str, given: object) -> None:
    """Raises `HistoryError` unless the input of a compare-and-set is the pair of expected and new value."""
    if f == "cas" and not (isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 2):
        raise HistoryError(f"the input of cas is {given!r}: it must be the list [expected, new]")


def output_of_ok(f: str, given: Value, answer: Value) -> Value:
    """The output of an operation `ok`, from its input and the value that the recorder wrote.

    A compare-and-set answers whether it set: true, false, or, for true, the input again. Of functions that are only
    acknowledged, the input again tells nothing.
    """
    if f == "cas":
        if isinstance(answer, bool):
            return answer
        if answer == given:
            return True
        raise HistoryError(f"the output of cas is {answer!r}: it must be true or false")
    if f in ACKNOWLEDGED and (f in SILENT or answer == given):
        return None
    return answer
