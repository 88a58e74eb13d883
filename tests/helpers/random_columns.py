"""Random histories of a register as columns, and an oracle for them that tries every order."""

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace

from splitbrain.checkers.linearizability.columns import (
    CAS,
    DIFFERS,
    NEVER,
    NOWHERE,
    READ,
    WRITE,
    RegisterColumns,
    Times,
)


@dataclass
class Shape:
    """What a history is like: `crash` is how likely an operation never returns, `ties` whether positions are shared."""

    size: int
    values: int
    clients: int
    crash: float
    wrong: float
    unique: bool
    cas: bool
    ties: bool


def tiny(choose: random.Random) -> Shape:
    return Shape(
        size=choose.randint(1, 8),
        values=choose.randint(2, 3),
        clients=choose.randint(1, 5),
        crash=choose.choice([0, 0.2, 0.5]),
        wrong=choose.choice([0, 0.3, 0.6]),
        unique=choose.random() < 0.4,
        cas=choose.random() < 0.7,
        ties=choose.random() < 0.3,
    )


def medium(choose: random.Random) -> Shape:
    return replace(
        tiny(choose),
        size=choose.randint(15, 40),
        values=choose.randint(2, 4),
        crash=choose.choice([0, 0.1, 0.2]),
        wrong=choose.choice([0, 0.05, 0.15, 0.3]),
    )


def random_columns(choose: random.Random, shape: Shape) -> RegisterColumns:
    """Operations that took effect on a simulated register while they were open, some of them then changed."""
    maker = _Maker(choose, shape)
    maker.run()
    maker.spoil()
    columns = [array("i", column) for column in (maker.call, maker.return_, maker.a, maker.b)]
    return RegisterColumns(
        Times(columns[0], columns[1]), array("B", maker.kind), columns[2], columns[3], maker.values, 0
    )


class _Maker:
    def __init__(self, choose: random.Random, shape: Shape) -> None:
        self.choose, self.shape = choose, shape
        self.values = shape.size + 2 if shape.unique else shape.values
        self.kind: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.call: list[int] = []
        self.return_: list[int] = []
        self.state = self.position = self.written = 0
        self.open: list[tuple[int, bool]] = []  # and whether it took effect

    def run(self) -> None:
        chance, shape = self.choose.random, self.shape
        while len(self.kind) < shape.size or self.open:
            may_call = len(self.kind) < shape.size and len(self.open) < shape.clients
            if may_call and (not self.open or chance() < 0.5):
                self.invoke()
                continue
            operation, done = self.open.pop(self.choose.randrange(len(self.open)))
            if chance() < shape.crash / 2:
                if self.kind[operation] == DIFFERS:
                    self.kind[operation], self.a[operation] = READ, 0
                continue
            if done:
                self.return_[operation] = self.position + (not shape.ties or self.choose.random() < 0.7)
                self.pass_time()
            else:
                self.take_effect(operation)
                self.open.append((operation, True))

    def invoke(self) -> None:
        kind = self.choose.choice([READ, WRITE, CAS] if self.shape.cas else [READ, WRITE])
        self.kind.append(kind)
        self.a.append(NOWHERE if kind == WRITE else self.some_value())
        if kind == READ:
            self.b.append(NOWHERE)
        else:
            self.written += 1
            self.b.append(self.written if self.shape.unique else self.choose.randrange(self.values))
        self.call.append(self.position)
        self.return_.append(NEVER)
        self.open.append((len(self.kind) - 1, False))
        self.pass_time()

    def some_value(self) -> int:
        return self.choose.randint(0, self.written) if self.shape.unique else self.choose.randrange(self.values)

    def pass_time(self) -> None:
        if not self.shape.ties or self.choose.random() < 0.6:
            self.position += 2

    def take_effect(self, operation: int) -> None:
        kind = self.kind[operation]
        if kind == READ:
            self.a[operation] = self.state
        elif kind == CAS and self.a[operation] != self.state:
            self.kind[operation], self.b[operation] = DIFFERS, NOWHERE
        else:
            self.state = self.b[operation]

    def spoil(self) -> None:
        for operation, kind in enumerate(self.kind):
            if self.return_[operation] == NEVER or self.choose.random() >= self.shape.wrong:
                continue
            if kind in (READ, DIFFERS):
                self.a[operation] = self.choose.randrange(self.values)
            elif kind == CAS and self.choose.random() < 0.5:
                self.kind[operation], self.b[operation] = DIFFERS, NOWHERE
            elif kind == WRITE and self.choose.random() < 0.3:
                self.return_[operation] = NEVER


def histories(seed: str, count: int, shape: object = tiny) -> Iterator[RegisterColumns]:
    """`count` random histories, always the same for a seed."""
    assert callable(shape)
    for number in range(count):
        choose = random.Random(f"{seed} {number}")
        yield random_columns(choose, shape(choose))


def rare() -> Iterator[RegisterColumns]:
    """What random histories hardly ever hold, and a broken rule is noticed by."""
    # A value, written while another was written and read, that a pending compare-and-set takes.
    yield _made_of(
        (WRITE, -1, 1, 0, 21), (WRITE, -1, 2, 2, 5), (READ, 2, -1, 6, 9), (CAS, 1, 3, 10, NEVER), (READ, 3, -1, 22, 25)
    )
    # A value that a compare-and-set did not find, since another had taken its place that nobody ever read.
    yield _made_of((WRITE, -1, 2, 0, 21), (WRITE, -1, 1, 2, 5), (READ, 1, -1, 6, 7), (DIFFERS, 1, -1, 8, 9))
    # Compare-and-sets that found what the other one left.
    yield _made_of((CAS, 2, 1, 0, 5), (CAS, 1, 2, 2, 7))
    # Two pending operations could explain the first answers; the value that one of them writes is found later.
    yield _made_of(
        (WRITE, -1, 1, 0, NEVER),
        (DIFFERS, 0, -1, 2, 9),
        (CAS, 0, 2, 4, NEVER),
        (READ, 2, -1, 6, 13),
        (WRITE, -1, 0, 10, NEVER),
        (READ, 1, -1, 18, 21),
    )


def _made_of(*rows: tuple[int, int, int, int, int]) -> RegisterColumns:
    kind, *columns = zip(*rows, strict=True)
    a, b, call, return_ = (array("i", column) for column in columns)
    return RegisterColumns(Times(call, return_), array("B", kind), a, b, 4, 0)


def is_linearizable(columns: RegisterColumns) -> bool:
    """The oracle: tries every order."""
    return bool(final_states(columns))


def final_states(columns: RegisterColumns) -> set[int]:
    """All values that the register may have after a linearization."""
    call, return_ = columns.times.call, columns.times.return_
    size = len(columns.kind)
    before = [sum(1 << j for j in range(size) if return_[j] < call[i]) for i in range(size)]
    required = sum(1 << i for i in range(size) if return_[i] != NEVER)
    seen: set[tuple[int, int]] = set()
    found: set[int] = set()
    work = [(0, columns.initial)]
    while work:
        done, state = work.pop()
        if (done, state) in seen:
            continue
        seen.add((done, state))
        if not required & ~done:
            found.add(state)
        for i in range(size):
            if not done >> i & 1 and not before[i] & ~done:
                following = columns.step(state, i)
                if following != NOWHERE:
                    work.append((done | 1 << i, following))
    return found


def prefix(columns: RegisterColumns, events: list[int]) -> RegisterColumns:
    """What was called and returned in these first events."""
    called = [event for event in events if event >= 0]
    returned = {~event for event in events if event < 0}
    ends = [columns.times.return_[each] if each in returned else NEVER for each in called]
    times = Times(array("i", [columns.times.call[each] for each in called]), array("i", ends))
    kind = array("B", [columns.kind[each] for each in called])
    a, b = (array("i", [column[each] for each in called]) for column in (columns.a, columns.b))
    return replace(columns, times=times, kind=kind, a=a, b=b)
