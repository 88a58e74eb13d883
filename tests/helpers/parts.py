"""Parts of a history, for tests of what counts as evidence."""

import random
from collections.abc import Iterator
from itertools import product

from splitbrain.checkers.models import Model
from splitbrain.checkers.models.values import canonical
from splitbrain.checkers.verdict import Evidence
from splitbrain.histories.operation import Operation, Value


def parts(model: Model, choose: random.Random, operations: list[Operation]) -> Iterator[Evidence]:
    """What may be taken for evidence: operations kept as they are, made optional or blind, narrowed, or left out.

    All ways of two operations, some of more, with and without a cut.
    """
    ways = list(product(("kept", "optional", "blind", "blind and optional", "left out"), repeat=len(operations)))
    end = max(max(operation.call, operation.return_ or 0) for operation in operations)
    for way in ways if len(ways) <= 25 else choose.sample(ways, 20):
        kept = tuple(operation for operation, what in zip(operations, way, strict=True) if what != "left out")
        optional = {each.index for each, what in zip(operations, way, strict=True) if "optional" in what}
        blind = [model.blind(each) for each, what in zip(operations, way, strict=True) if "blind" in what]
        relaxed = tuple(each for each in blind if each is not None)
        if kept:
            yield Evidence(None, kept, "", kept[0].index, frozenset(optional), relaxed=relaxed)
            yield from narrowed(model, choose, kept, frozenset(optional))
            cut = choose.randint(1, end + 1)
            if choose.random() < 0.7:
                optional |= {each.index for each in kept if each.return_ is not None and each.return_ >= cut}
            early = tuple(operation for operation in kept if operation.call < cut)
            yield Evidence(None, early, "", kept[0].index, frozenset(optional), cut=cut, relaxed=relaxed)


def narrowed(
    model: Model, choose: random.Random, kept: tuple[Operation, ...], optional: frozenset[int]
) -> Iterator[Evidence]:
    """The operations as if there were only some elements; once with one too many, which is not allowed."""
    if model.narrowed is None:
        return
    values: list[Value] = [each.input for each in kept if each.f == "add"]
    elements = tuple(choose.sample(values, choose.randint(0, len(values))))
    only = {*map(canonical, elements)}
    forms = [model.narrowed(each, only) for each in kept]
    inside = tuple(each for each, form in zip(kept, forms, strict=True) if form is not None)
    relaxed = tuple(form for form in forms if form is not None)
    yield Evidence(None, inside, "", kept[0].index, optional, relaxed=relaxed, elements=elements)
    yield Evidence(None, kept, "", kept[0].index, optional, relaxed=relaxed, elements=elements)
    yield Evidence(None, kept, "", kept[0].index, optional, relaxed=relaxed)
