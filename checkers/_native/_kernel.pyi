from array import array
from collections.abc import Callable
from typing import TypeAlias

# Arguments are by position; columns as in linearizability/columns.py, limits as in meter.py with -1 for no deadline.
# Results hold integers of type `i` as bytes.

Numbers: TypeAlias = "array[int]"
# outcome (0 valid, 1 invalid, 2 unknown), whether breadth first, reason, order, position, states, configurations
Answer: TypeAlias = tuple[int, int, int, bytes, int, bytes, int]

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
    seconds: float,
    configurations: int,
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
    seconds: float,
    configurations: int,
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
    stop: bytearray,
    /,
) -> tuple[int, int, bytes]: ...
def tighten(
    kind: Numbers, a: Numbers, b: Numbers, call: Numbers, return_: Numbers, values: int, initial: int, /
) -> tuple[bytes, bytes, bytes]: ...
def verify(
    kind: Numbers,
    a: Numbers,
    b: Numbers,
    call: Numbers,
    return_: Numbers,
    values: int,
    initial: int,
    order: Numbers,
    /,
) -> bool: ...
