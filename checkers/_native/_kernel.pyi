from array import array
from collections.abc import Callable
from typing import TypeAlias

# Arguments are by position; columns as in linearizability/columns.py, limits as in meter.py with -1 for no deadline.
# Results hold integers of type `i` as bytes, those of kinds of type `B`.

Numbers: TypeAlias = "array[int]"
# outcome (0 valid, 1 invalid, 2 unknown), way, reason, order, operation, since, states, configurations
Answer: TypeAlias = tuple[int, int, int, bytes, int, int, bytes, int]
# reason; kind, a, b, call, return and the numbers in the given columns, unless there is a reason
Columns: TypeAlias = tuple[int, *tuple[bytes, ...]]

def search_register(
    kind: Numbers,
    a: Numbers,
    b: Numbers,
    call: Numbers,
    return_: Numbers,
    values: int,
    initial: int,
    rules: int,
    way: int,
    patience: int,
    configurations: int,
    seconds: float,
    bytes_: int,
    stop: bytearray,
    /,
) -> Answer: ...
def search_table(
    code: Numbers,
    call: Numbers,
    return_: Numbers,
    pure: bytes,
    initial: int,
    step: Callable[[int, int], int],
    rules: int,
    way: int,
    patience: int,
    configurations: int,
    seconds: float,
    bytes_: int,
    stop: bytearray,
    /,
) -> Answer: ...
def zones(
    kind: Numbers,
    a: Numbers,
    b: Numbers,
    call: Numbers,
    return_: Numbers,
    values: int,
    initial: int,
    seconds: float,
    bytes_: int,
    stop: bytearray,
    /,
) -> tuple[int, int, bytes]: ...
def tighten(
    kind: Numbers,
    a: Numbers,
    b: Numbers,
    call: Numbers,
    return_: Numbers,
    values: int,
    initial: int,
    seconds: float,
    bytes_: int,
    stop: bytearray,
    /,
) -> Columns: ...
def rank(
    kind: Numbers,
    a: Numbers,
    b: Numbers,
    call: Numbers,
    return_: Numbers,
    seconds: float,
    bytes_: int,
    stop: bytearray,
    /,
) -> Columns: ...
def verify(
    kind: Numbers,
    a: Numbers,
    b: Numbers,
    call: Numbers,
    return_: Numbers,
    values: int,
    initial: int,
    order: Numbers,
    seconds: float,
    bytes_: int,
    stop: bytearray,
    /,
) -> tuple[int, int]: ...

# The columns of a history, what is known of each value, and how many numbers `same` goes up to. The reason why a limit
# ended it, or 0; whether all is well-formed; the columns of all registers, one after the other (registers.hpp).
def registers(
    f: Numbers,
    key: Numbers,
    input: Numbers,
    output: Numbers,
    call: Numbers,
    return_: Numbers,
    outcome: Numbers,
    kind: bytes,
    same: Numbers,
    first: Numbers,
    second: Numbers,
    truth: bytes,
    numbers: int,
    seconds: float,
    bytes_: int,
    stop: bytearray,
    /,
) -> tuple[int, int, *tuple[bytes, ...]]: ...
