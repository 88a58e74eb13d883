"""Whether operations are evidence: not linearizable, and taken from a history in sound ways."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ...histories.operation import Operation
from ..checker import Budget
from ..models.model import Model
from ..verdict import Evidence, Validity
from . import choose
from .search import search
from .sound import omissions_are_sound

REFERENCE: Final = Budget(seconds=None, configurations=200_000, bytes=None)
"""For the check of one candidate. No clock, so that the same history always gets the same evidence."""

SURE: Final = 60
"""Up to how many operations the reference search can be expected to decide."""

LOOK: Final = replace(REFERENCE, configurations=20_000)
"""For that search: where operations of unknown outcome abound, it takes time in proportion to the square of these."""


def is_evidence(model: Model, operations: Sequence[Operation], evidence: Evidence) -> bool:
    """Whether it is not linearizable, and taken from `operations`, all those of its object, by sound steps only."""
    if not omissions_are_sound(model, operations, evidence):
        return False
    constraints = evidence.constraints
    validity = Validity.UNKNOWN
    if len(constraints) <= SURE:
        validity = search(model, constraints, LOOK).validity
    if validity is Validity.UNKNOWN:
        validity = choose.decide(model, constraints, REFERENCE).validity
    return validity is Validity.INVALID


def when(evidence: Evidence) -> int:
    """The position of the event at which it went wrong, for putting evidence in order."""
    culprit = next(each for each in evidence.operations if each.index == evidence.culprit)
    assert culprit.return_ is not None
    return culprit.return_
