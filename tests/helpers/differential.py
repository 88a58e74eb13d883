"""The engines and the whole checker against oracles that try every order, on many random histories.

python tests/helpers/differential.py [HISTORIES]

prints, for each kind of history, how many there were, how many invalid, how large the evidence was, and every
disagreement. It exits with 1 if there is one: a verdict that differs, a witness or a piece of evidence that is none, or
none at all. Of each ten histories

* five are tiny ones of a register as columns, for each engine of the kernel, in native code and in Python;
* one is a longer one of these, held against porcupine-py;
* two are small ones of the models with an engine of their own, and one of models that are nothing but a step;
* one is a small one for the whole checker, with its evidence.
"""

import sys
from collections import Counter
from collections.abc import Iterator

import click
import small
import small_objects
import step_models
from agreement import by_porcupine, check_all
from random_columns import histories, is_linearizable, medium
from small import UNLIMITED, Maker, makers

from splitbrain.checkers.linearizability import choose, general, is_evidence, judge, kernel
from splitbrain.checkers.linearizability.columns import RegisterColumns, table_columns
from splitbrain.checkers.linearizability.prepare import relevant
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.linearizability.windowed import Way
from splitbrain.checkers.models import Model, by_name
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation

OWN_ENGINE = ("kv", "set", "counter", "queue", "mutex")

Comparison = Iterator[tuple[bool, str]]
"""For each history whether it is linearizable, and what was got wrong, "" if nothing."""


def columns(count: int) -> Comparison:
    """Registers as columns, through each engine of the kernel, native and in Python."""
    for each in histories("differential", count):
        yield _checked(each, is_linearizable(each))


def longer_columns(count: int) -> Comparison:
    """The same with more operations."""
    for each in histories("differential", count, medium):
        yield _checked(each, by_porcupine(each))


def _checked(history: RegisterColumns, expected: bool) -> tuple[bool, str]:
    try:
        check_all(history, expected)
    except AssertionError as error:
        return expected, f"expected {expected}: {error}"
    return expected, ""


def own_engine(name: str, count: int) -> Comparison:
    """Models with an engine of their own."""
    model = by_name(name)
    for operations in small_objects.histories(model, count):
        expected = small_objects.is_linearizable(model, operations)
        result = choose.decide(model, relevant(model, operations), UNLIMITED)
        wrong = (result.validity is Validity.VALID) != expected
        if result.validity is Validity.VALID:
            wrong = wrong or not is_linearization(model, operations, result.order)
        yield expected, f"{result}: {operations}" if wrong else ""


def step_only(name: str, count: int) -> Comparison:
    """Models that are nothing but a step."""
    model = step_models.model_of(name)
    for operations in step_models.histories(name, count, 7):
        expected = step_models.is_linearizable(model, operations)
        present = relevant(model, operations)
        mistake = ""
        for engine in (kernel.search, general.search):
            for way in (Way.DEPTH, Way.BREADTH):
                answer = engine(table_columns(model, present), way=way)
                order = [present[number].index for number in answer.order]
                if answer.valid is not expected or (expected and not is_linearization(model, operations, order)):
                    mistake = f"{engine.__module__} {way}: {operations}"
        yield expected, mistake


def whole_checker(name: str, count: int, sizes: Counter[int]) -> Comparison:
    """The checker with its evidence, whose sizes are counted."""
    model = by_name(name)
    for maker in makers(name, count):
        operations = maker.corrupted(maker.random.randint(1, 8))
        mistake = disagreement(model, maker, operations, sizes)
        yield maker.is_linearizable(operations), f"{mistake}: {operations}" if mistake else ""


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


def main(count: int) -> int:
    """Compare, print, and give the exit code."""
    click.echo(f"native code: {'yes' if kernel.NATIVE else 'no'}")
    click.echo(f"{'histories of':26}{'number':>10}{'invalid':>9}{'largest evidence':>18}{'wrong':>7}")
    sizes = {name: Counter[int]() for name in small.MODELS}
    tenth = count // 10
    wrong = [
        _tell("registers, as columns", columns(5 * tenth)),
        _tell("  more operations", longer_columns(tenth)),
        *(_tell(name, own_engine(name, 2 * tenth // len(OWN_ENGINE))) for name in OWN_ENGINE),
        *(
            _tell(f"only a step: {name}", step_only(name, tenth // len(step_models.MODELS)))
            for name in step_models.MODELS
        ),
        *(
            _tell(f"whole checker: {name}", whole_checker(name, tenth // len(sizes), own), own)
            for name, own in sizes.items()
        ),
    ]
    return int(any(wrong))


def _tell(name: str, comparison: Comparison, sizes: Counter[int] | None = None) -> int:
    """Print a line, and every mistake before it. How many there were."""
    number = invalid = wrong = 0
    for expected, mistake in comparison:
        number += 1
        invalid += not expected
        if mistake:
            wrong += 1
            click.echo(mistake)
    largest = "" if sizes is None else str(max(sizes, default=0))
    click.echo(f"{name:26}{number:>10}{invalid:>9}{largest:>18}{wrong:>7}")
    return wrong


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000))
