"""Whether evidence proves anything about the history that it was taken from.

Non-linearizable operations picked from a history prove nothing by themselves: a lone `read → 5` is not linearizable, in
any history. Evidence may differ from the operations of its object only by steps that turn no linearizable history into
one that is not. The steps, and why:

1. *Cut.* Only what happened before some event is looked at; operations open there become of unknown outcome. Take a
   linearization of the whole, up to the last operation in it that had returned before the event. Everything up to there
   was called before the event, so it is a linearization of what is left.
2. *Failures and reads left out.* They change no state, so a linearization without them is one of the others.
3. *A mutator made optional*: its outcome taken for unknown. The same linearization still serves.
4. *Mutators left out* that no operation kept observes, or that returned before the call of a completed reset which is
   kept and returned before the call of the observer. Take a linearization; leave out of it those mutators, and those
   operations of unknown outcome that changed nothing. By what `Model.observes` promises every operation that is left
   is still legal.

5. *An operation made blind*: taken for one that leaves the state which it certainly left, and that looks at nothing: a
   read of 3 for a write of 3. At its place in a linearization the state is the same before and after that exchange.
6. *Narrowed to some elements*, for objects whose elements have nothing to do with each other (a set): what concerns
   others is left out, of what was read as well. Leave it out of the states too, and the same linearization serves.

This module shares no code with the search for evidence, so that one checks the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from ...histories.operation import Operation
from ..models.model import Model
from ..models.values import canonical
from ..verdict import Evidence, weakened


def omissions_are_sound(model: Model, operations: Sequence[Operation], evidence: Evidence) -> bool:
    """Whether the evidence was reached from `operations`, all those of one object, by the steps above only."""
    shown = {operation.index for operation in evidence.operations}
    whole = {operation.index: operation for operation in operations if operation.index in shown}
    if any(whole.get(operation.index) != operation for operation in evidence.operations):
        return False
    cut = evidence.cut
    kept = evidence.constraints
    for operation in kept:
        original = whole[operation.index]
        open_at_cut = original.return_ is None or (cut is not None and original.return_ >= cut)
        if original.outcome == "fail" or (cut is not None and original.call >= cut):
            return False
        if operation.return_ is None and model.is_read(original):
            return False
        if open_at_cut and operation.return_ is not None:
            return False
    return _is_relaxed_soundly(model, whole, evidence) and _is_nothing_missed(model, operations, whole, kept, cut)


def _is_relaxed_soundly(model: Model, whole: Mapping[int, Operation], evidence: Evidence) -> bool:
    """Whether what is taken in the place of recorded operations is blind, or all of it narrowed to the elements."""
    if evidence.elements is None:
        return all(each.index in whole and each == model.blind(whole[each.index]) for each in evidence.relaxed)
    if model.narrowed is None:
        return False
    elements = {*map(canonical, evidence.elements)}
    for operation in evidence.constraints:
        narrowed = model.narrowed(whole[operation.index], elements)
        if narrowed is None or operation not in (narrowed, weakened(narrowed)):
            return False
    return True


def _is_nothing_missed(
    model: Model,
    operations: Iterable[Operation],
    whole: Mapping[int, Operation],
    kept: Sequence[Operation],
    cut: int | None,
) -> bool:
    """Whether nobody among those kept observes a mutator that is not, unless a reset lies between the two."""
    resets = [
        original
        for operation in kept
        if (original := whole[operation.index]).outcome == "ok"
        and (model.is_reset(operation) or model.is_reset(original))
    ]
    observers = [operation for operation in kept if model.blind(operation) != operation]  # Blind ones observe nothing.
    hidden_until = {
        observer.index: max((reset.call for reset in resets if reset.precedes(observer)), default=-1)
        for observer in observers
    }
    from_all = min(hidden_until.values(), default=inf)
    present = {operation.index for operation in kept}
    for operation in operations:
        end = operation.return_
        if (end is not None and end < from_all) or operation.index in present:
            continue
        invisible = operation.outcome == "fail" or (cut is not None and operation.call >= cut)
        if invisible or model.is_read(operation):
            continue
        for observer in observers:
            hidden = end is not None and end < hidden_until[observer.index]
            if not hidden and model.observes(observer, operation):
                return False
    return True
