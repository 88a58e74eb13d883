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

This module shares no code with the search for evidence, so that one checks the other.
"""

from collections.abc import Sequence

from ...histories.operation import Operation
from ..models.model import Model
from ..verdict import Evidence


def omissions_are_sound(model: Model, operations: Sequence[Operation], evidence: Evidence) -> bool:
    """Whether the evidence was reached from `operations`, all those of one object, by the steps above only."""
    whole = {operation.index: operation for operation in operations}
    if any(whole.get(operation.index) != operation for operation in evidence.operations):
        return False
    cut = evidence.cut
    kept = {operation.index: operation for operation in evidence.constraints}
    for index, operation in kept.items():
        original = whole[index]
        open_at_cut = original.return_ is None or (cut is not None and original.return_ >= cut)
        if original.outcome == "fail" or (cut is not None and original.call >= cut):
            return False
        if operation.return_ is None and model.is_read(original):
            return False
        if open_at_cut and operation.return_ is not None:
            return False
    resets = [whole[i] for i in kept if whole[i].outcome == "ok" and model.is_reset(whole[i])]
    for operation in operations:
        invisible = operation.outcome == "fail" or (cut is not None and operation.call >= cut)
        if operation.index in kept or invisible or model.is_read(operation):
            continue
        later = [reset for reset in resets if operation.precedes(reset)]
        for observer in kept.values():
            if model.observes(observer, operation) and not any(reset.precedes(observer) for reset in later):
                return False
    return True
