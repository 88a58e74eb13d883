"""Verdicts and evidence against an enumeration of all orders, on random small histories.

Histories come from a simulated object on which operations take effect at a random moment while they are open, crash, or
are refused; then, for most tests, some answers are replaced. Half of them write each value once, half choose from two.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from msgspec.structs import replace

from splitbrain.checkers.checker import Budget
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.linearizability.checker import judge
from splitbrain.checkers.linearizability.find import from_conflicts, from_failing_prefix, is_evidence
from splitbrain.checkers.linearizability.prepare import relevant, simplify
from splitbrain.checkers.linearizability.search import search
from splitbrain.checkers.linearizability.sound import omissions_are_sound
from splitbrain.checkers.linearizability.verify import is_linearization
from splitbrain.checkers.models import by_name
from splitbrain.checkers.verdict import Evidence, Validity
from splitbrain.histories.history import History
from splitbrain.histories.operation import Operation, Value

MODELS = ("register", "cas-register", "kv")
UNLIMITED = Budget(seconds=None, configurations=None)

Spec = Callable[[str, Value, Value], tuple[Value, Value]]
"""State, `f` and input to output and next state."""


def register(state: Value, f: str, given: Value) -> tuple[Value, Value]:
    if f == "read":
        return state, state
    if f == "write":
        return None, given
    assert isinstance(given, tuple)
    return (True, given[1]) if state == given[0] else (False, state)


def kv(state: Value, f: str, given: Value) -> tuple[Value, Value]:
    if f == "get":
        return state, state
    if f == "put":
        return None, given
    longer = f"{state}{given}"
    return longer, longer


@dataclass
class Maker:
    """Makes random histories of one object."""

    model: str
    random: random.Random
    unique: bool
    """Whether each value is written once."""
    written: int = 0

    @property
    def initial(self) -> Value:
        return "" if self.model == "kv" else None

    @property
    def spec(self) -> Callable[[Value, str, Value], tuple[Value, Value]]:
        return kv if self.model == "kv" else register

    def value(self) -> Value:
        self.written += 1
        number = self.written if self.unique else self.random.randint(1, 2)
        return "abcdefgh"[number - 1] if self.model == "kv" else number

    def some_value(self) -> Value:
        """A value that may be there."""
        if self.model == "kv":
            return "".join(self.random.choice("abc") for _ in range(self.random.randint(0, 2)))
        highest = max(self.written, 1) + 1 if self.unique else 2
        return self.random.randint(1, highest) if self.random.random() < 0.8 else None

    def request(self) -> tuple[str, Value]:
        if self.model == "kv":
            f = self.random.choice(["get", "put", "append"])
            return f, None if f == "get" else self.value()
        f = self.random.choice(["read", "write"] + (["cas"] if self.model == "cas-register" else []))
        if f == "cas":
            return f, (self.some_value(), self.value())
        return f, None if f == "read" else self.value()

    def linearizable(self, size: int) -> list[Operation]:
        """`size` operations on a simulated object."""
        choose, state = self.random, self.initial
        operations: list[Operation] = []
        running: list[tuple[int, bool]] = []  # and whether it took effect
        position = 0
        while len(operations) < size or (running and choose.random() < 0.9):
            if len(operations) < size and (not running or choose.random() < 0.4):
                f, given = self.request()
                index = len(operations)
                operations.append(Operation(index=index, process=index, f=f, input=given, call=position, invoked=0))
                running.append((index, False))
                position += 1
                continue
            index, done = running.pop(choose.randrange(len(running)))
            operation = operations[index]
            chance = choose.random()
            if not done and chance < 0.6:
                output, state = self.spec(state, operation.f, operation.input)
                if operation.f == "append" and choose.random() < 0.5:
                    output = None
                operations[index] = replace(operation, output=output)
                running.append((index, True))
            elif done and chance < 0.8:
                operations[index] = replace(operation, outcome="ok", return_=position)
                position += 1
            elif not done and chance < 0.7:
                operations[index] = replace(operation, outcome="fail", return_=position)
                position += 1
            elif chance > 0.9:
                continue  # crashed: before, or after it took effect
            else:
                running.append((index, done))
        return [each if each.outcome == "ok" else replace(each, output=None) for each in operations]

    def corrupted(self, size: int) -> list[Operation]:
        """The same with some answers replaced, if there is one to replace."""
        operations = self.linearizable(size)
        for operation in operations:
            if operation.outcome == "ok" and self.random.random() < 0.4:
                if operation.f in ("read", "get") or (operation.output and operation.f == "append"):
                    operations[operation.index] = replace(operation, output=self.some_value())
                elif operation.f == "cas":
                    operations[operation.index] = replace(operation, output=self.random.random() < 0.5)
        return operations

    def is_linearizable(self, operations: list[Operation]) -> bool:
        """The oracle: tries every order."""
        present = [operation for operation in operations if operation.outcome != "fail"]
        required = {operation.index for operation in present if operation.outcome == "ok"}
        seen: set[tuple[frozenset[int], Value]] = set()

        def go_on(done: frozenset[int], state: Value) -> bool:
            if required <= done:
                return True
            if (done, state) in seen:
                return False
            seen.add((done, state))
            return any(step(done, state, each) for each in present if each.index not in done)

        def step(done: frozenset[int], state: Value, operation: Operation) -> bool:
            if any(each.precedes(operation) for each in present if each.index not in done):
                return False
            output, following = self.spec(state, operation.f, operation.input)
            unseen = operation.outcome == "info" or (operation.f == "append" and operation.output is None)
            if operation.f not in ("write", "put") and not unseen and operation.output != output:
                return False
            return go_on(done | {operation.index}, following)

        return go_on(frozenset(), self.initial)


def makers(model: str, count: int) -> Iterator[Maker]:
    source = random.Random(f"{model} {count}")
    for _ in range(count):
        yield Maker(model, random.Random(source.getrandbits(64)), source.random() < 0.5)


@pytest.mark.parametrize("name", MODELS)
def test_verdicts_are_those_of_the_oracle(name: str) -> None:
    model = by_name(name)
    seen = {Validity.VALID: 0, Validity.INVALID: 0}
    for maker in makers(name, 2_000):
        operations = maker.corrupted(maker.random.randint(1, 7))
        (judgement,) = judge(model, History(tuple(operations)), UNLIMITED)
        expected = Validity.VALID if maker.is_linearizable(operations) else Validity.INVALID
        assert judgement.validity is expected, operations
        assert expected is Validity.INVALID or is_linearization(model, operations, judgement.order)
        seen[expected] += 1
    assert min(seen.values()) > 250


@pytest.mark.parametrize("name", MODELS)
def test_simplification_changes_no_verdict(name: str) -> None:
    model = by_name(name)
    for maker in makers(name, 1_000):
        operations = relevant(model, maker.corrupted(maker.random.randint(1, 7)))
        result = search(model, simplify(model, operations), UNLIMITED)
        assert (result.validity is Validity.VALID) == maker.is_linearizable(operations), operations


@pytest.mark.parametrize("name", MODELS)
def test_no_part_of_a_linearizable_history_is_evidence(name: str) -> None:
    """Every way to leave operations out, to make them optional, and to cut; of five operations and more, some ways."""
    model = by_name(name)
    passed = 0
    for maker in makers(name, 3_500):
        operations = maker.linearizable(maker.random.randint(1, 5))
        for evidence in parts(maker.random, operations):
            if omissions_are_sound(model, operations, evidence):
                passed += 1
                assert maker.is_linearizable(list(evidence.constraints)), (operations, evidence)
                assert not is_evidence(model, operations, evidence)
    assert passed > 20_000


def parts(choose: random.Random, operations: list[Operation]) -> Iterator[Evidence]:
    ways = list(product(("kept", "optional", "left out"), repeat=len(operations)))
    end = max(max(operation.call, operation.return_ or 0) for operation in operations)
    for way in ways if len(ways) <= 27 else choose.sample(ways, 27):
        kept = tuple(operation for operation, what in zip(operations, way, strict=True) if what != "left out")
        optional = {operation.index for operation, what in zip(operations, way, strict=True) if what == "optional"}
        if kept:
            yield Evidence(None, kept, "", kept[0].index, frozenset(optional))
            cut = choose.randint(1, end + 1)
            if choose.random() < 0.7:
                optional |= {each.index for each in kept if each.return_ is not None and each.return_ >= cut}
            early = tuple(operation for operation in kept if operation.call < cut)
            yield Evidence(None, early, "", kept[0].index, frozenset(optional), cut=cut)


@pytest.mark.parametrize("name", MODELS)
def test_evidence_is_always_found(name: str) -> None:
    model = by_name(name)
    found = 0
    for maker in makers(name, 2_500):
        operations = maker.corrupted(maker.random.randint(1, 8))
        if maker.is_linearizable(operations):
            continue
        verdict = linearizable(model).check(History(tuple(operations)), UNLIMITED)
        (evidence,) = verdict.evidence
        assert is_evidence(model, operations, evidence), (operations, evidence)
        assert not maker.is_linearizable(list(evidence.constraints))
        assert evidence.culprit in {operation.index for operation in evidence.constraints if operation.return_}
        assert evidence.anomaly
        if name == "register" and maker.unique:
            assert len(evidence.operations) <= 6, (operations, evidence)
        found += 1
    assert found > 250


def test_zones_find_every_violation_of_registers_with_unique_values() -> None:
    """And so do reductions of the failing prefix, which know nothing of zones."""
    model = by_name("register")
    for maker in makers("register", 2_000):
        maker.unique = True
        operations = maker.corrupted(maker.random.randint(2, 8))
        evidence = from_conflicts(model, operations)
        assert (evidence is None) == maker.is_linearizable(operations), operations
        if evidence is not None:
            other = from_failing_prefix(model, operations, lambda prefix: search(model, prefix, UNLIMITED).validity)
            assert other is not None
            assert len(other.operations) <= 6
