"""A string that is replaced and appended to, with every text written once: decided in about linear time.

A string that was found can be cut into the texts that it is made of in one way only. Those that begin with the same
`put` (or with none) have to be prefixes of the longest; then the put, the appends and all who found something form a
block in a forced order. Blocks exclude each other where both had to be there at one moment. What is acknowledged and
was never found makes a block of its own. Whole strings are compared, and only the longest of a block is cut.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise

from ....histories.operation import Operation
from ...models.kv import text
from ...models.model import Model
from ..engine import Conflict, InapplicableError, Solution
from .layers import Block, Exclusion, arrange, by_call, first_disorder

Cut = Callable[[str], list[str] | None]
"""Cuts a string into texts, in the one way there is; None if there is none."""


def decide(model: Model, operations: Sequence[Operation]) -> Solution:
    """All operations in order, or what is wrong.

    Raises InapplicableError if a text is written twice, or empty, or strings can be cut in more than one way.
    """
    if model.initial != "":
        raise InapplicableError("the string is not empty at first")
    writers: dict[str, Operation] = {}
    for operation in operations:
        if operation.f != "get":
            written = text(operation)
            if not written:
                raise InapplicableError("an empty text is written")
            if written in writers:
                raise InapplicableError("a text is written twice")
            writers[written] = operation
    cut, first = _cutter(writers)
    finders: dict[str, list[Operation]] = {}
    for operation in operations:
        if operation.return_ is not None and (operation.f == "get" or _answers(operation)):
            if not isinstance(operation.output, str):
                return Conflict("value nobody wrote", (operation,))
            finders.setdefault(operation.output, []).append(operation)
    eras: dict[str, list[str]] = {}
    for found in finders:
        begin = first(found) if found else ""
        if begin is None:
            return Conflict("value nobody wrote", (finders[found][0],))
        eras.setdefault(begin if begin and writers[begin].f == "put" else "", []).append(found)
    return _arranged(writers, finders, eras, cut)


def _answers(operation: Operation) -> bool:
    return operation.f == "append" and operation.output is not None


def _cutter(texts: Mapping[str, Operation]) -> tuple[Cut, Callable[[str], str | None]]:
    """What cuts a string, and what gives its first text only.

    Raises InapplicableError unless no text begins another one, or none ends another one.
    """
    lengths = sorted({*map(len, texts)})

    def forward(string: str) -> list[str] | None:
        parts: list[str] = []
        place = 0
        while place < len(string):
            part = begin(string, place)
            if part is None:
                return None
            parts.append(part)
            place += len(part)
        return parts

    def begin(string: str, place: int = 0) -> str | None:
        return next((part for n in lengths if (part := string[place : place + n]) in texts), None)

    def backward(string: str) -> list[str] | None:
        parts: list[str] = []
        place = len(string)
        while place > 0:
            part = next((part for n in lengths if (part := string[max(place - n, 0) : place]) in texts), None)
            if part is None:
                return None
            parts.append(part)
            place -= len(part)
        return parts[::-1]

    def begin_of_all(string: str) -> str | None:
        parts = backward(string)
        return None if parts is None else parts[0]

    if not any(after.startswith(before) for before, after in pairwise(sorted(texts))):
        return forward, begin
    if not any(after.startswith(before) for before, after in pairwise(sorted(each[::-1] for each in texts))):
        return backward, begin_of_all
    raise InapplicableError("strings can be cut into texts in more than one way")


def _arranged(
    writers: Mapping[str, Operation],
    finders: Mapping[str, Sequence[Operation]],
    eras: Mapping[str, Sequence[str]],
    cut: Cut,
) -> Solution:
    """A linearization, given the strings that were found, by the put that they begin with."""
    unseen = dict(writers)
    blocks: list[Block] = []
    for begin, strings in eras.items():
        longest = max(strings, key=len)
        parts = cut(longest)
        if parts is None:
            return Conflict("value nobody wrote", (finders[longest][0],))
        wrong = _wrong_parts(parts, finders[longest][0], writers, unseen)
        if wrong is not None:
            return wrong
        ends = [0, *accumulate(map(len, parts))]
        found: dict[int, Sequence[Operation]] = {}
        for string in strings:
            if not longest.startswith(string) or ends[bisect_left(ends, len(string))] != len(string):
                return _fork(string, longest, finders, cut)
            found[len(string)] = finders[string]
        layers = _layers([None, *map(writers.__getitem__, parts)], [found.get(end, ()) for end in ends])
        if isinstance(layers, Conflict):
            return layers
        disorder = first_disorder(layers)
        if disorder is not None:
            return _disorder(*disorder, finders[longest][0])
        everything = [operation for layer in layers for operation in layer]
        blocks.append(Block.of(everything) if begin else Block.of(everything, first=-1))
    blocks += (Block.of((writer,)) for writer in unseen.values() if writer.return_ is not None)
    arranged = arrange(blocks)
    return _exclusion(arranged) if isinstance(arranged, Exclusion) else arranged


def _wrong_parts(
    parts: Sequence[str], finder: Operation, writers: Mapping[str, Operation], unseen: dict[str, Operation]
) -> Conflict | None:
    """What is wrong with the texts that a string was made of; they are taken out of the unseen."""
    for place, part in enumerate(parts):
        writer = unseen.pop(part, None)
        if writer is None:
            return Conflict("duplicate append", (writers[part], finder))
        if writer.f == "put" and place:
            return Conflict("put that replaced nothing", (writer, finder))
    return None


def _layers(
    writers: Sequence[Operation | None], finders: Sequence[Sequence[Operation]]
) -> list[Sequence[Operation]] | Conflict:
    """In turn who wrote a text of the longest string, and who got the string up to there."""
    layers: list[Sequence[Operation]] = []
    for writer, found in zip(writers, finders, strict=True):
        for operation in found:
            if operation.f == "append" and operation is not writer:
                return Conflict("append that answers another string", (operation,))
        if writer is not None:
            layers.append((writer,))
        layers.append(by_call(operation for operation in found if operation.f == "get"))
    return layers


def _fork(string: str, longest: str, finders: Mapping[str, Sequence[Operation]], cut: Cut) -> Conflict:
    """What is wrong with a string that is no prefix of the longest one that begins with the same put."""
    parts = cut(string)
    if parts is None:
        return Conflict("value nobody wrote", (finders[string][0],))
    if len({*parts}) < len(parts):
        return Conflict("duplicate append", (finders[string][0],))
    return Conflict("appends in two orders", (finders[string][0], finders[longest][0]))


def _disorder(late: Operation, early: Operation, finder: Operation) -> Conflict:
    """What is wrong with an operation that returned before one was called that must have come first."""
    if early.f == "get":
        return Conflict("stale read", (late, early))
    if late.f == "get":
        return Conflict("read before its write", (late, early))
    return Conflict("appends out of order", (late, early, finder))


def _exclusion(exclusion: Exclusion) -> Conflict:
    """What is wrong with two blocks that had to be there at the same moment."""
    one, other = exclusion.one, exclusion.other
    lonely = next((block for block in (one, other) if len(block.operations) == 1), None)
    name = "lost write" if lonely is not None and lonely.operations[0].f != "get" else "stale read"
    shown = (one.operations[0], *one.corners, other.operations[0], *other.corners)
    return Conflict(name, tuple({operation.index: operation for operation in shown}.values()))
