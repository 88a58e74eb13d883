"""Process numbers for the operations of foreign recorders, whose processes do not always keep our rules."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

AFTER_UNKNOWN: Final = "after one of unknown outcome"
WHILE_OPEN: Final = "while their process had another one open"
"""Why operations are invoked on fresh processes."""


def split_warning(reason: str, count: int, line: int, name: int | str) -> str:
    """The sentence that says so of that many, of which the first is on that line, and of that process."""
    return (
        f"operations invoked {reason} went onto fresh processes: {count}, the first on line {line}, of process {name}"
    )


class Processes:
    """Gives each operation a process that has no other operation open and none of unknown outcome.

    A recorder's process keeps its number if it is an integer; names get the numbers after the largest of those. What a
    process invokes while its last operation is open, or after one of unknown outcome, goes onto a fresh process: that
    never adds an order between operations, so it can only make a history easier to explain.
    """

    def __init__(self, names: Iterable[int | str]) -> None:
        distinct = dict.fromkeys(names)
        last = max((name for name in distinct if isinstance(name, int)), default=-1)
        # Numbers are to fit into 64 bits. Who has used the largest of those has left others free.
        self._fresh = (number for number in count(last + 1 if last < 2**62 else 0) if number not in distinct)
        self._free: dict[int | str, list[int]] = {}
        for name in distinct:
            self._free[name] = [name if isinstance(name, int) else next(self._fresh)]
        self._open: Counter[int | str] = Counter()
        self._split: defaultdict[str, list[tuple[int, int | str]]] = defaultdict(list)

    def take(self, name: int | str, line: int) -> int:
        """The number of a process for the next operation of process `name`, which is invoked on this line."""
        free = self._free[name]
        reason = WHILE_OPEN if self._open[name] else AFTER_UNKNOWN
        self._open[name] += 1
        if free:
            return free.pop()
        self._split[reason].append((line, name))
        return next(self._fresh)

    def give_back(self, name: int | str, number: int) -> None:
        """The operation that took this number has returned."""
        self._open[name] -= 1
        self._free[name].append(number)

    def retire(self, name: int | str) -> None:
        """An operation of process `name` ended with unknown outcome: nobody uses its number again."""
        self._open[name] -= 1

    def warnings(self) -> Iterator[str]:
        """One sentence for each reason for which operations went onto fresh processes."""
        for reason, split in sorted(self._split.items()):
            yield split_warning(reason, len(split), *split[0])
