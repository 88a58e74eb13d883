"""What the state of an object can have been, just before it went wrong."""

from typing import Final

from ..models.model import Model, State
from ..models.values import canonical
from ..verdict import Evidence

MOST: Final = 8
"""How many states are worth telling."""

CONFIGURATIONS: Final = 20_000
"""How many may be looked at."""


def states_before(model: Model, evidence: Evidence) -> tuple[str, ...]:
    """The states, in words and in order, that the evidence allows just before its culprit returned.

    Before the culprit took effect, that is; empty where there are too many. They follow from the operations of the
    evidence alone: given all of the history there may be fewer.
    """
    culprit = next(each for each in evidence.operations if each.index == evidence.culprit)
    assert culprit.return_ is not None
    end = culprit.return_
    others = [each for each in evidence.constraints if each.call < end and each.index != culprit.index]
    required = sum(1 << place for place, each in enumerate(others) if each.return_ is not None and each.return_ < end)
    before = [sum(1 << place for place, each in enumerate(others) if each.precedes(operation)) for operation in others]
    found: dict[object, State] = {}
    seen: set[object] = set()
    work: list[tuple[int, State]] = [(0, model.initial)]
    while work:
        done, state = work.pop()
        if (done, canonical(state)) in seen:
            continue
        seen.add((done, canonical(state)))
        if len(seen) > CONFIGURATIONS:
            return ()
        if not required & ~done:
            found[canonical(state)] = state
        for place, operation in enumerate(others):
            if not done >> place & 1 and not before[place] & ~done:
                work += [(done | 1 << place, following) for following in model.after(state, operation)]
    return tuple(sorted(map(model.describe_state, found.values()))) if len(found) <= MOST else ()
