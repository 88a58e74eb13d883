"""The linearizability checker against an oracle that tries every order, on many small random histories.

python tests/helpers/differential.py [HISTORIES]

prints, for each model, how many were valid and invalid, how large the evidence was, and every disagreement. It exits
with 1 if there is one: a verdict that differs, a witness or a piece of evidence that is none, or none at all.
"""

import sys
from collections import Counter

import click
from small import MODELS, UNLIMITED, Maker, makers

from splitbrain.checkers.linearizability import is_evidence, judge
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.models import Model, by_name
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation


def disagreement(model: Model, maker: Maker, operations: list[Operation], sizes: Counter[int]) -> str:
    """What the checker got wrong, "" if nothing; notes the size of the evidence."""
    (judgement,) = judge(model, History(tuple(operations)), UNLIMITED)
    if maker.is_linearizable(operations):
        if judgement.validity is not Validity.VALID:
            return f"linearizable, but judged {judgement.validity}"
        return "" if is_linearization(model, operations, judgement.order) else "the witness is none"
    if judgement.validity is not Validity.INVALID:
        return f"not linearizable, but judged {judgement.validity}"
    if judgement.evidence is None:
        return "no evidence"
    sizes[len(judgement.evidence.operations)] += 1
    if maker.is_linearizable(list(judgement.evidence.constraints)):
        return "the evidence is linearizable"
    return "" if is_evidence(model, operations, judgement.evidence) else "the evidence is none"


def main(histories: int) -> int:
    """Compare, print, and give the exit code."""
    wrong = 0
    click.echo(f"{'model':14}{'histories':>10}{'invalid':>9}{'largest evidence':>18}{'wrong':>7}")
    for name in MODELS:
        model, sizes, mistakes = by_name(name), Counter[int](), 0
        for maker in makers(name, histories // len(MODELS)):
            operations = maker.corrupted(maker.random.randint(1, 8))
            mistake = disagreement(model, maker, operations, sizes)
            if mistake:
                mistakes += 1
                click.echo(f"{mistake}: {operations}")
        count = histories // len(MODELS)
        click.echo(f"{name:14}{count:>10}{sizes.total():>9}{max(sizes, default=0):>18}{mistakes:>7}")
        wrong += mistakes
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000))
