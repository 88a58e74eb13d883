"""What the checkers of collections share: findings about single values, as a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..histories.operation import Operation, Value
from .models.values import show
from .verdict import Validity, Verdict

SHOWN = 5
"""How many findings of a kind are named in a reason; details hold all."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a value, by name, and the operations that show it."""

    anomaly: str
    value: Value
    operations: tuple[Operation, ...] = ()


def verdict(
    checker: str,
    wrong: Sequence[Finding],
    fine: str,
    *,
    unknown: str = "",
    details: Mapping[str, object] | None = None,
) -> Verdict:
    """Invalid if something is wrong; else `unknown` for that reason, if there is one; else valid, because `fine`."""
    by_name: dict[str, list[Finding]] = {}
    for finding in wrong:
        by_name.setdefault(finding.anomaly, []).append(finding)
    told = {
        **(details or {}),
        "findings": [
            {"anomaly": each.anomaly, "value": each.value, "operations": [one.index for one in each.operations]}
            for each in wrong
        ],
    }
    if wrong:
        reason = "; ".join(f"{name}: {_named(findings)}" for name, findings in by_name.items())
        return Verdict(checker, Validity.INVALID, reason, details=told)
    if unknown:
        return Verdict(checker, Validity.UNKNOWN, unknown, details=told)
    return Verdict(checker, Validity.VALID, fine, details=told)


def _named(findings: Sequence[Finding]) -> str:
    shown = ", ".join(_one(each) for each in findings[:SHOWN])
    return shown if len(findings) <= SHOWN else f"{shown} and {len(findings) - SHOWN} more"


def _one(finding: Finding) -> str:
    places = ", ".join(str(operation.index) for operation in finding.operations[:3])
    return f"{show(finding.value)} (operations {places})" if places else show(finding.value)
