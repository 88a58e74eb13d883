"""Parts of a history, for tests of what counts as evidence."""

import random
from collections.abc import Iterator
from itertools import product

from splitbrain.checkers.verdict import Evidence
from splitbrain.histories.operation import Operation


def parts(choose: random.Random, operations: list[Operation]) -> Iterator[Evidence]:
    """What may be taken for evidence: operations kept as they are, made optional, or left out, with and without a cut.

    All ways of up to three operations, some of more.
    """
    ways = list(product(("kept", "optional", "left out"), repeat=len(operations)))
    end = max(max(operation.call, operation.return_ or 0) for operation in operations)
    for way in ways if len(ways) <= 27 else choose.sample(ways, 27):
        kept = tuple(operation for operation, what in zip(operations, way, strict=True) if what != "left out")
        optional = {operation.index for operation, what in zip(operations, way, strict=True) if what == "optional"}
        if kept:
            yield Evidence(None, kept, "", kept[0].index, frozenset(optional))
            cut = choose.randint(1, end + 1)
            if choose.random() < 0.7:
                optional |= {each.index for each in kept if each.return_ is not None and each.return_ >= cut}
            early = tuple(operation for operation in kept if operation.call < cut)
            yield Evidence(None, early, "", kept[0].index, frozenset(optional), cut=cut)
