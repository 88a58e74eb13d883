"""Counts of what a history holds, and whether that is enough to mean anything."""

from collections import Counter
from dataclasses import dataclass

from ..histories.history import History
from .checker import Budget, Checker
from .verdict import Validity, Verdict

ENOUGH = 20
"""An `f` invoked at least this often, of which none was `ok`, makes a history vacuous."""


def vacuous(history: History) -> str | None:
    """Why the history proves nothing: no operation was `ok`, or none of an `f` invoked often. None if it may."""
    counts = count(history)
    if not any(of["ok"] for of in counts.values()):
        return f"none of the {len(history)} operations was ok"
    for f, of in counts.items():
        if not of["ok"] and of["invoked"] >= ENOUGH:
            return f"none of the {of['invoked']} operations {f} was ok"
    return None


def count(history: History) -> dict[str, dict[str, int]]:
    """For each `f`, by name, how many operations were `invoked`, and how many ended `ok`, `fail` and `info`."""
    seen = Counter(history.counts)
    return {
        f: {
            "invoked": sum(number for (name, _), number in seen.items() if name == f),
            **{outcome: seen[f, outcome] for outcome in ("ok", "fail", "info")},
        }
        for f in sorted({name for name, _ in seen})
    }


@dataclass(frozen=True)
class _Stats:
    name: str = "stats"

    def check(self, history: History, budget: Budget) -> Verdict:
        counts = count(history)
        why = vacuous(history)
        ok = sum(of["ok"] for of in counts.values())
        return Verdict(
            checker=self.name,
            validity=Validity.VALID if why is None else Validity.UNKNOWN,
            reason=f"{ok} of {len(history)} operations were ok" if why is None else why,
            details={"counts": counts, "vacuous": why},
        )


stats: Checker = _Stats()
"""The checker that counts. `unknown` for a vacuous history."""
