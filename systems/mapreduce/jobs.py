"""The jobs: for each its map and its reduce function, and how they are run one after the other on one machine.

Dean & Ghemawat, "MapReduce: simplified data processing on large clusters" (OSDI 2004), sections 2.1 and 2.3.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from .messages import Document, Pairs


@dataclass(frozen=True)
class Kind:
    """`map` emits key and value pairs for a document, `reduce` makes one value of all values of a key.

    `reduce` is given the values in sorted order, so that its answer does not depend on who came first.
    """

    map: Callable[[Document], Iterable[tuple[str, str]]]
    reduce: Callable[[str, Sequence[str]], str]


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return re.findall(r"[a-z']+", text.lower())


KINDS: Final[Mapping[str, Kind]] = {
    "count": Kind(
        map=lambda document: [(word, "1") for word in words(document[1])],
        reduce=lambda _, ones: str(len(ones)),
    ),
    "index": Kind(
        map=lambda document: [(word, document[0]) for word in sorted(set(words(document[1])))],
        reduce=lambda _, names: " ".join(names),
    ),
}
"""How often each word occurs, and in which documents."""


def bucket(key: str, buckets: int) -> int:
    """Which reduce task has the key."""
    return crc32(key.encode()) % buckets


def reduced(kind: str, pairs: Iterable[tuple[str, str]]) -> Pairs:
    """The value of each key, sorted by key."""
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return tuple((key, KINDS[kind].reduce(key, sorted(values[key]))) for key in sorted(values))


def sequential(kind: str, documents: Iterable[Document]) -> Pairs:
    """The result of the job, one step after the other."""
    return reduced(kind, (pair for document in documents for pair in KINDS[kind].map(document)))
