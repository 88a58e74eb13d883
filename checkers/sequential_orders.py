"""Sequential orders of operations on registers: verified, and guessed in linear time.

With values written once, the order of the writes of each key settles everything: a read comes after the write that it
found and before the next one. The guess takes them in an order that breaks no session guarantee, and follows real time
where that is possible too; then the processes go on, each as far as it can, until all are done or all are stuck.
"""

from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate
from math import inf
from operator import itemgetter

from ..histories.operation import Operation, Value
from .models.model import ANY, Model, State
from .models.values import canonical
from .version_graph import ALL, ALWAYS, KNOWN, REAL_TIME, VersionGraph
from .versions import Versions


def is_sequential(model: Model, operations: Iterable[Operation], order: Sequence[int]) -> bool:
    """Whether the order, of operation indexes, shows that the operations are sequentially consistent.

    It holds all that were `ok`, none that failed, each once; keeps the order of each process; and the model allows it
    on every object.
    """
    by_index = {operation.index: operation for operation in operations if operation.outcome != "fail"}
    required = {index for index, operation in by_index.items() if operation.outcome == "ok"}
    if len(set(order)) != len(order) or not required <= set(order) <= by_index.keys():
        return False
    last: dict[int, int] = {}
    states: dict[Value, tuple[State, ...]] = {}
    for index in order:
        operation = by_index[index]
        if last.get(operation.process, -1) > index:
            return False
        last[operation.process] = index
        key = model.partition(operation)
        before = states.get(key, (model.initial,))
        after = {canonical(each): each for state in before for each in model.after(state, operation)}
        if not after:
            return False
        states[key] = tuple(after.values())
    return True


def guess(
    registers: Sequence[Versions], graphs: Sequence[VersionGraph], known: Iterable[tuple[int, int]] = ()
) -> tuple[int, ...] | None:
    """An order that may be sequential: it has to be verified. None if none was found, which says nothing.

    `known` holds pairs of indexes of writes of one key, the first of which must come first; the graphs are told.
    """
    of = {
        writer.index: (graph, version)
        for register, graph in zip(registers, graphs, strict=True)
        for version, writer in enumerate(register.writers.values())
        if writer is not None
    }
    for before, after in known:
        if before in of and after in of:
            graph, version = of[before]
            graph.edges[version].append((of[after][1], KNOWN, None))
    objects = []
    for register, graph in zip(registers, graphs, strict=True):
        order = _order_of_writes(register, graph)
        if order is None:
            return None
        objects.append(_Object(register, order))
    return _run(objects)


def _order_of_writes(register: Versions, graph: VersionGraph) -> list[Operation] | None:
    """The writes that happened, in an order that suits all processes if only this key counts."""
    blocks = _blocks(register)
    if blocks is None:
        return None
    begins = [_begin_of_zone(register, value) for value in register.writers]
    order = graph.sorted(ALWAYS | ALL | KNOWN | REAL_TIME, begins)
    if order is None:
        order = graph.sorted(ALWAYS | ALL | KNOWN, begins)
    if order is None:
        return None
    order = [version for head in order for version in blocks.get(head, ())]
    writers = list(register.writers.values())
    writes: list[tuple[float, Operation]] = []
    for begin, writer in zip(
        accumulate((begins[version] for version in order), max), map(writers.__getitem__, order), strict=True
    ):
        if writer is not None and register.happened(writer):
            writes.append((begin, writer))
    writes += [
        (each.return_, each)
        for each in register.operations
        if each.return_ is not None and register.access[each.index].writes is not ANY and register.left(each) is ANY
    ]
    return [writer for _, writer in sorted(writes, key=itemgetter(0))]


def _blocks(register: Versions) -> dict[int, list[int]] | None:
    """By its first version: versions that were swapped, one for the other. None if that is not possible."""
    place = {value: version for version, value in enumerate(register.writers)}
    swapped: dict[int, int] = {}
    for writer in register.writers.values():
        if writer is not None and register.access[writer.index].reads in place and register.happened(writer):
            older = place[register.access[writer.index].reads]
            if older in swapped:
                return None
            swapped[older] = place[register.left(writer)]
    newer = set(swapped.values())
    blocks = {version: [version] for version in range(len(place)) if version not in newer}
    for block in blocks.values():
        while block[-1] in swapped:
            block.append(swapped[block[-1]])
    return blocks


def _begin_of_zone(register: Versions, value: Hashable) -> float:
    """Where the period begins in which the value was held: no read is stale in the order of these, if that is possible.

    Gibbons & Korach (1997), section 4; see write_orders.py.
    """
    writer = register.writers[value]
    if writer is None:
        return -1
    around = (writer, *register.readers.get(value, ()))
    first_return = min([each.return_ for each in around if each.return_ is not None], default=inf)
    return min(first_return, max(each.call for each in around))


class _Object:
    """A register, the order of its writes, and how many of them there were."""

    def __init__(self, register: Versions, writes: Sequence[Operation]) -> None:
        self.access = register.access
        self.operations = [each for each in register.operations if register.happened(each)]
        self.writes = writes
        self.written = 0
        self.value = register.initial
        self.waiting: list[int] = []
        """Processes that can go on only when something has changed here."""
        self.to_find = dict.fromkeys(register.writers, 0)
        """How many operations still have to find a value, before it is replaced."""
        for each in self.operations:
            if self.access[each.index].reads in self.to_find:
                self.to_find[self.access[each.index].reads] += 1

    def ready(self, operation: Operation) -> bool:
        """Whether it is the turn of the operation."""
        done = self.access[operation.index]
        if done.reads is not ANY and done.reads != self.value:
            return False
        if done.writes is ANY:
            return done.differs is ANY or done.differs != self.value
        if self.written == len(self.writes) or self.writes[self.written] is not operation:
            return False
        return self.to_find.get(self.value, 0) == (done.reads in self.to_find)

    def do(self, operation: Operation) -> bool:
        """Let it happen; whether others may be able to go on now."""
        done = self.access[operation.index]
        if done.reads in self.to_find:
            self.to_find[done.reads] -= 1
        if done.writes is ANY:
            return self.to_find.get(self.value, 0) <= 1  # A compare-and-set is the last to find the value.
        self.written += 1
        self.value = done.writes
        return True


def _run(objects: Sequence[_Object]) -> tuple[int, ...] | None:
    """Let the processes go on, each as far as it can, until all are done or all are stuck."""
    steps = sorted(((each, one) for one in objects for each in one.operations), key=lambda step: step[0].index)
    sessions: dict[int, list[tuple[Operation, _Object]]] = {}
    for operation, one in steps:
        sessions.setdefault(operation.process, []).append((operation, one))
    place = dict.fromkeys(sessions, 0)
    order: list[int] = []
    work = list(sessions)
    while work:
        process = work.pop()
        session = sessions[process]
        while place[process] < len(session):
            operation, one = session[place[process]]
            if not one.ready(operation):
                one.waiting.append(process)
                break
            place[process] += 1
            order.append(operation.index)
            if one.do(operation) and one.waiting:
                work += one.waiting
                one.waiting = []
    return tuple(order) if len(order) == len(steps) else None
