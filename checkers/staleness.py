"""How stale reads were: how many writes old, at least and at most.

A read is fresh (0 writes old) if it found what the last write before it left. A history is k-atomic (Golab, Li & Shah,
"Analyzing consistency properties for fun and profit", PODC 2011) if its operations have an order that respects real
time and in which no read is more than k - 1 writes old; 1-atomic is linearizable. For k up to 2 this is decided
exactly. Above that there are two bounds:

* at least: so many whole writes lie between the write that was read and the call of the read;
* at most: no read is older in an order of all operations that was found.

It is a question about the order of the writes alone. A write had happened when the first operation that found its value
returned, so its interval ends there at the latest. Once it does, an order of the writes that respects real time leaves
places for all reads, none more than k - 1 writes old, exactly if it puts no write that had ended before a read of some
value was called more than k - 1 places behind the write of that value. (That reads respect real time among themselves
follows: a read that returned before another was called had its write end before that.)

A successful compare-and-set counts as a read and, by itself, a write. Reads that found what nobody had written by then
are in no order; they are counted and, for the bounds, left out.
"""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ..histories.history import History
from ..histories.operation import Operation, Value
from .checker import Budget, Checker
from .models.model import ANY, Model
from .models.values import show
from .verdict import Validity, Verdict
from .versions import Versions, versions
from .write_orders import Write, age, by_end, by_need, by_zone, no_older_than_one


@dataclass(frozen=True)
class Staleness:
    """How stale the reads of one key were.

    In every order that respects real time some read is `least` writes old or older; in one of them none is older than
    `most`, which is None where a value was written more than once. `ages` counts reads by how many writes old they
    certainly were. `stalest` is a read for which that is most, None if it is 0 for all; the value that it found had
    been overwritten for at least `overdue` nanoseconds. `unexplained` reads were left out.
    """

    key: Value
    least: int
    most: int | None
    ages: Mapping[int, int]
    stalest: Operation | None = None
    overdue: int = 0
    unexplained: int = 0


def staleness(model: Model, allowed: int = 0) -> Checker:
    """The checker that no read is more than `allowed` writes old, for a register model; key by key.

    `unknown` where the bounds do not tell, or no read could be judged. A read of what nobody had written is `invalid`.
    """
    return _Staleness(model, allowed)


def measure(model: Model, history: History) -> tuple[Staleness, ...]:
    """How stale the reads of each key were, in the order of first use. Raises UsageError if it is no register."""
    return tuple(measure_register(register) for register in versions(model, history))


@dataclass(frozen=True, slots=True)
class _Dated:
    """A write with the time (nanoseconds) at its end and the reads that found its value."""

    write: Write
    ended_at: int
    readers: tuple[Operation, ...] = ()


def measure_register(register: Versions) -> Staleness:
    """How stale the reads of one register were."""
    dated, unexplained = _writes(register)
    ages: Counter[int] = Counter()
    stalest: tuple[int, int, Operation | None] = (0, 0, None)
    for count, overdue, read in _certain_ages(dated):
        ages[count] += 1
        if (count, overdue) > stalest[:2]:
            stalest = count, overdue, read
    traceable = not register.ambiguous and all(register.left(each) is not ANY for each in _writers(register))
    writes = [each.write for each in dated]
    least, most = _bounds(writes, stalest[0]) if traceable else (stalest[0], None)
    return Staleness(
        key=register.key,
        least=least,
        most=most,
        ages=dict(sorted(ages.items())),
        stalest=stalest[2],
        overdue=stalest[1],
        unexplained=unexplained,
    )


def _bounds(writes: Sequence[Write], certain: int) -> tuple[int, int]:
    """The least and the most writes that the stalest read can be old, knowing that one is `certain` writes old."""
    most = age(writes, by_zone(writes))
    if most == certain or most == 0:
        return most, most
    if certain < 2:
        order = no_older_than_one(writes)
        if order is not None:
            return 1, age(writes, order)
        certain = 2
    return certain, min(most, age(writes, by_end(writes)), age(writes, by_need(writes)))


def _writers(register: Versions) -> Iterator[Operation]:
    return (each for each in register.operations if register.access[each.index].writes is not ANY)


def _writes(register: Versions) -> tuple[list[_Dated], int]:
    """The writes that certainly happened, the initial value's first, and how many reads nothing explains."""
    unexplained = len(register.unwritten)
    dated = []
    if register.initial in register.writers:
        readers = tuple(register.readers.get(register.initial, ()))
        dated.append(_Dated(Write(-1, -1, _seen(readers)), 0, readers))
    for writer in _writers(register):
        all_readers = register.readers.get(register.left(writer), ())
        readers = tuple(each for each in all_readers if not each.precedes(writer))
        unexplained += len(all_readers) - len(readers)
        ends = [each for each in (writer, *readers) if each.return_ is not None]
        if ends:
            first = min(ends, key=_return)
            write = Write(writer.call, _return(first), _seen(readers))
            dated.append(_Dated(write, first.invoked if first.completed is None else first.completed, readers))
    return dated, unexplained


def _return(operation: Operation) -> int:
    assert operation.return_ is not None
    return operation.return_


def _seen(readers: Sequence[Operation]) -> int:
    return max((reader.call for reader in readers), default=-1)


def _certain_ages(dated: Sequence[_Dated]) -> Iterator[tuple[int, int, Operation]]:
    """For each read how many whole writes lie between what it found and its call, and for how long one had."""
    by_call = sorted(dated, key=lambda each: each.write.call)
    calls = [each.write.call for each in by_call]
    earliest = list(accumulate(reversed(by_call), _first_ended))[::-1]
    """For each place in `by_call`, of the writes from there on the one that ended first."""
    ended = sorted(dated, key=lambda each: each.write.end)
    reads = [(read.call, each.write.end, read) for each in dated for read in each.readers]
    before: list[int] = []
    place = 0
    for call, end, read in sorted(reads, key=lambda each: each[0]):
        while place < len(ended) and ended[place].write.end < call:
            insort(before, ended[place].write.call)
            place += 1
        count = len(before) - bisect_right(before, end)
        overdue = read.invoked - earliest[bisect_right(calls, end)].ended_at if count else 0
        yield count, overdue, read


def _first_ended(one: _Dated, two: _Dated) -> _Dated:
    return one if one.write.end < two.write.end else two


@dataclass(frozen=True)
class _Staleness:
    model: Model
    allowed: int
    name: str = "staleness"

    def check(self, history: History, budget: Budget) -> Verdict:
        measured = measure(self.model, history)
        judged = [each for each in measured if each.ages or each.unexplained]
        details = {"scope": "per key", "allowed": self.allowed} | as_data(measured)
        if not judged:
            return Verdict(self.name, Validity.UNKNOWN, "no read found a value whose write is certain", details=details)
        return Verdict(self.name, self._validity(judged), sentence(judged), details=details)

    def _validity(self, judged: Sequence[Staleness]) -> Validity:
        if any(each.least > self.allowed or each.unexplained for each in judged):
            return Validity.INVALID
        if all(each.most is not None and each.most <= self.allowed for each in judged):
            return Validity.VALID
        return Validity.UNKNOWN


def as_data(measured: Sequence[Staleness]) -> dict[str, object]:
    """The same for `results.json`: of all keys together, and of those with stale reads each."""
    ages: Counter[int] = Counter()
    for each in measured:
        ages.update(each.ages)
    worst = _worst(measured)
    return {
        "least": 0 if worst is None else worst.least,
        "most": _most(measured),
        "ages": {str(count): reads for count, reads in sorted(ages.items())},
        "unexplained": sum(each.unexplained for each in measured),
        "stale_keys": [
            {
                "key": each.key,
                "least": each.least,
                "most": each.most,
                "stalest": None if each.stalest is None else each.stalest.index,
                "overdue_ns": each.overdue,
            }
            for each in measured
            if each.least
        ],
    }


def sentence(measured: Sequence[Staleness]) -> str:
    """How stale the stalest read of all keys was, for people."""
    unexplained = sum(each.unexplained for each in measured)
    also = f"; {unexplained} reads found what nobody had written by then" if unexplained else ""
    return _how_stale(_worst(measured), _most(measured)) + also


def _how_stale(worst: Staleness | None, most: int | None) -> str:
    if worst is None or not worst.least:
        return "no read was stale" if most == 0 else "no read was certainly stale"
    if most is None:
        how = f"at least {_writes_old(worst.least)}"
    elif most == worst.least:
        how = _writes_old(most)
    else:
        how = f"between {worst.least} and {_writes_old(most)}"
    return f"the stalest reads were {how}, on key {show(worst.key)}"


def _worst(measured: Sequence[Staleness]) -> Staleness | None:
    return max(measured, key=lambda each: each.least, default=None)


def _most(measured: Sequence[Staleness]) -> int | None:
    bounds = [each.most for each in measured]
    return None if None in bounds else max((bound for bound in bounds if bound is not None), default=0)


def _writes_old(count: int) -> str:
    return f"{count} write{'' if count == 1 else 's'} old"
