"""Exit codes."""

from collections.abc import Iterable
from typing import Final

VALID: Final = 0
INVALID: Final = 1
"""A checker, an invariant or liveness failed."""
NOT_A_PASS: Final = 2
"""Unknown, vacuous, inert or interrupted."""
BAD_INPUT: Final = 254
OWN_ERROR: Final = 255

SEVERITY: Final = (INVALID, OWN_ERROR, BAD_INPUT, NOT_A_PASS, VALID)
"""Of several exit codes the first of these counts."""


def of_grade(grade: str) -> int:
    """The exit code of a run, or a check, of that grade."""
    return {"valid": VALID, "invalid": INVALID}.get(grade, NOT_A_PASS)


def worst(codes: Iterable[int]) -> int:
    """The one exit code of several results: 1 beats 255 beats 254 beats 2 beats 0."""
    return min(codes, key=SEVERITY.index, default=VALID)
