"""Each rule that spares work, broken on purpose: the histories of the differential tests must notice.

What is broken is the twin in Python, which the differential tests hold against native code.
"""

from array import array
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import chain

import pytest
from random_columns import histories, is_linearizable, rare

from splitbrain.checkers.linearizability import blocks, general, segments, tighten, windowed
from splitbrain.checkers.linearizability.blocks import _Blocks
from splitbrain.checkers.linearizability.columns import CAS, DIFFERS, NEVER, READ, WRITE, RegisterColumns, Times
from splitbrain.checkers.linearizability.meter import NO_LIMITS, Meter
from splitbrain.checkers.linearizability.windowed import Rule, Way, Window

Patch = pytest.MonkeyPatch


def by_search(columns: RegisterColumns, way: Way) -> bool | None:
    return general.search(columns, way=way).valid


def by_zones(columns: RegisterColumns) -> bool | None:
    try:
        return blocks.decide(columns, Meter(NO_LIMITS)) is not None
    except blocks.InapplicableError:
        return None


def by_tightening(columns: RegisterColumns) -> bool | None:
    kept, call, return_ = tighten.tightened(columns, Meter(NO_LIMITS))
    kind = array("B", map(columns.kind.__getitem__, kept))
    a, b = (array("i", map(column.__getitem__, kept)) for column in (columns.a, columns.b))
    times = Times(array("i", call), array("i", return_))
    return general.search(replace(columns, times=times, kind=kind, a=a, b=b)).valid


def is_ever_wrong(decide: Callable[[RegisterColumns], bool | None], count: int = 4_000) -> bool:
    """Whether one of the histories is judged wrongly; an error counts as well."""
    for columns in chain(rare(), histories("tiny 0", count)):
        try:
            answer = decide(columns)
        except (LookupError, AssertionError, ValueError):
            return True
        if answer is not None and answer is not is_linearizable(columns):
            return True
    return False


def test_unbroken() -> None:
    for way in Way:
        assert not is_ever_wrong(partial(by_search, way=way), 500)
    for decide in (by_zones, by_tightening):
        assert not is_ever_wrong(decide, 500)


def greedy_with_writes(patch: Patch) -> None:
    pure = Window._is_pure
    patch.setattr(Window, "_is_pure", lambda self, each: pure(self, each) or self.register.kind[each] == WRITE)


def greedy_where_impossible(patch: Patch) -> None:
    def absorbed(self, configuration, operations):  # type: ignore[no-untyped-def]
        state, mask, used, trail = configuration
        for operation in operations:
            mask |= self.bit[operation] if self.pure[operation] else 0
        return state, mask, used, trail

    patch.setattr(Window, "absorbed", absorbed)


def symmetry_of_all_writes(patch: Patch) -> None:
    patch.setattr(Window, "identity", lambda self, operation: self.columns.kind[operation])


def symmetry_by_the_last_return(patch: Patch) -> None:
    def choices(self, position, configuration, target):  # type: ignore[no-untyped-def]
        found = original(self, position, configuration, target)
        kept = {self.identity(each): each for each in sorted(found, key=lambda each: self.returns.get(each, 0))}
        return [each for each in found if each < 0 or kept[self.identity(each)] == each]

    self_rules = windowed.ALL_RULES & ~Rule.SYMMETRY
    original = Window.choices
    init = Window.__init__
    patch.setattr(Window, "__init__", lambda self, columns, events, _rules: init(self, columns, events, self_rules))
    patch.setattr(Window, "choices", choices)


def dead_always(patch: Patch) -> None:
    patch.setattr(Window, "is_dead", lambda self, position, value: True)


def dead_despite_pending_takers(patch: Patch) -> None:
    original = Window.is_dead

    def is_dead(self, position, value):  # type: ignore[no-untyped-def]
        self.outlook.pending_taken.clear()
        return original(self, position, value)

    patch.setattr(Window, "is_dead", is_dead)


def dead_despite_answers_of_false(patch: Patch) -> None:
    def init(self, columns, events, rules):  # type: ignore[no-untyped-def]
        made(self, columns, events, rules)
        self.dead = True

    made = Window.__init__
    patch.setattr(Window, "__init__", init)


def live_without_producers(patch: Patch) -> None:
    def is_doomed(self, position, waits, state, operation, following):  # type: ignore[no-untyped-def]
        return following != state and self.outlook.last_observer_call.get(state, -1) >= position

    patch.setattr(Window, "is_doomed", is_doomed)


def live_without_pending_producers(patch: Patch) -> None:
    original = Window.is_endangered

    def is_endangered(self, position, state):  # type: ignore[no-untyped-def]
        self.outlook.pending_produced.clear()
        return original(self, position, state)

    patch.setattr(Window, "is_endangered", is_endangered)


def live_without_later_producers(patch: Patch) -> None:
    patch.setattr(Window, "is_endangered", lambda self, position, state: True)


def dominance_of_all(patch: Patch) -> None:
    patch.setattr(windowed, "dominates", lambda fewer, more: True)


def dominance_reversed(patch: Patch) -> None:
    patch.setattr(windowed, "dominates", lambda fewer, more: all(x >= y for x, y in zip(fewer, more, strict=True)))


def pending_operations_never_wanted(patch: Patch) -> None:
    patch.setattr(Window, "is_wanted", lambda self, waits, value: False)


def pending_operations_not_wanted_by_open_ones(patch: Patch) -> None:
    original = Window.is_wanted
    patch.setattr(Window, "is_wanted", lambda self, waits, value: original(self, (), value))


def just_the_one_that_returns(patch: Patch) -> None:
    original = Window.choices
    patch.setattr(Window, "choices", lambda self, *arguments: original(self, *arguments)[-1:])


def memory_without_the_mask(patch: Patch) -> None:
    original = windowed.Seen.add

    def add(self, position, configuration):  # type: ignore[no-untyped-def]
        state, _, used, trail = configuration
        return original(self, position, (state, 0, used, trail))

    patch.setattr(windowed.Seen, "add", add)


@pytest.mark.parametrize(
    "breaking",
    [
        greedy_with_writes,
        greedy_where_impossible,
        symmetry_of_all_writes,
        symmetry_by_the_last_return,
        dead_always,
        dead_despite_pending_takers,
        dead_despite_answers_of_false,
        live_without_producers,
        live_without_later_producers,
        live_without_pending_producers,
        dominance_of_all,
        dominance_reversed,
        pending_operations_never_wanted,
        pending_operations_not_wanted_by_open_ones,
        just_the_one_that_returns,
        memory_without_the_mask,
    ],
)
def test_a_broken_rule_is_noticed(breaking: Callable[[Patch], None], monkeypatch: Patch) -> None:
    breaking(monkeypatch)
    decide = [partial(by_search, way=way) for way in (Way.DEPTH, Way.BREADTH)]
    assert any(is_ever_wrong(each) for each in decide)


def drop_all_pending(patch: Patch) -> None:
    def observed(columns):  # type: ignore[no-untyped-def]
        return [each for each, end in enumerate(columns.times.return_) if end != NEVER]

    patch.setattr(tighten, "_observed", observed)


def drop_what_only_pending_ones_observe(patch: Patch) -> None:
    original = tighten._observed

    def observed(columns):  # type: ignore[no-untyped-def]
        found = {value for kind, value, end in rows(columns) if kind in (READ, CAS) and end != NEVER}
        differs = any(kind == DIFFERS and end != NEVER for kind, _, end in rows(columns))
        kept = original(columns)
        ends = columns.times.return_
        return [each for each in kept if ends[each] != NEVER or differs or columns.b[each] in found]

    def rows(columns: RegisterColumns) -> list[tuple[int, int, int]]:
        return list(zip(columns.kind, columns.a, columns.times.return_, strict=True))

    patch.setattr(tighten, "_observed", observed)


def any_writer_is_the_source(patch: Patch) -> None:
    def sources(columns, kept):  # type: ignore[no-untyped-def]
        writer = {columns.b[each]: each for each in kept if columns.kind[each] in (WRITE, CAS)}
        found = {each: writer.get(columns.a[each]) for each in kept if columns.kind[each] in (READ, CAS)}
        return {reader: source for reader, source in found.items() if source not in (None, reader)}

    patch.setattr(tighten, "_sources", sources)


@pytest.mark.parametrize("breaking", [drop_all_pending, drop_what_only_pending_ones_observe, any_writer_is_the_source])
def test_broken_tightening_is_noticed(breaking: Callable[[Patch], None], monkeypatch: Patch) -> None:
    breaking(monkeypatch)
    assert is_ever_wrong(by_tightening)


def include_all_pending(patch: Patch) -> None:
    patch.setattr(_Blocks, "_happened", lambda self: [True] * len(self.columns.kind))


def include_no_pending(patch: Patch) -> None:
    patch.setattr(_Blocks, "_happened", lambda self: [end != NEVER for end in self.columns.times.return_])


def initial_value_written_again(patch: Patch) -> None:
    def fill(self):  # type: ignore[no-untyped-def]
        given = self.columns
        self.columns = replace(given, initial=-2)
        original(self)
        self.columns = given

    original = _Blocks._fill
    patch.setattr(_Blocks, "_fill", fill)


def two_takers_of_a_value(patch: Patch) -> None:
    def taker(self, happened):  # type: ignore[no-untyped-def]
        taken = {self.columns.a[each]: each for each in self.takers if happened[each]}
        return [taken.get(value, -1) for value in range(self.columns.values)]

    patch.setattr(_Blocks, "_taker", taker)


def order_in_blocks_ignored(patch: Patch) -> None:
    """Only how far each block reaches is looked at."""

    def zones(self, happened, taker):  # type: ignore[no-untyped-def]
        ends = self.columns.times.return_
        self.columns = replace(self.columns, times=Times(self.columns.times.call, array("i", [NEVER]) * len(ends)))
        found = original(self, happened, taker)
        self.columns = replace(self.columns, times=Times(self.columns.times.call, ends))
        first = {each: ends[each] for each, kind in enumerate(self.columns.kind) if kind == WRITE}
        rows = ((first.get(zone[3], -1), *zone[3:]) for zone in found or ())
        return found and [(min(row[0], row[2]), row[0] < row[2], *row) for row in rows]

    original = _Blocks._zones
    patch.setattr(_Blocks, "_zones", zones)


def false_answers_ignored(patch: Patch) -> None:
    patch.setattr(blocks, "_with_differing", lambda columns, order: None)


@pytest.mark.parametrize(
    "breaking",
    [
        include_all_pending,
        include_no_pending,
        initial_value_written_again,
        two_takers_of_a_value,
        order_in_blocks_ignored,
        false_answers_ignored,
    ],
)
def test_broken_zones_are_noticed(breaking: Callable[[Patch], None], monkeypatch: Patch) -> None:
    breaking(monkeypatch)
    assert is_ever_wrong(by_zones)


def by_segments(columns: RegisterColumns) -> bool | None:
    return general.search(columns, patience=1).valid


def open_operations_must_return(patch: Patch) -> None:
    """Those that were open at the beginning are done in the segment, if they returned in it."""

    def segment(columns, events, stuck, width):  # type: ignore[no-untyped-def]
        part = original(columns, events, stuck, width)
        places = {event: place - part.begin + 1 for place, event in enumerate(events)}
        ends = [
            places.get(~number, NEVER) if call == 0 else end
            for number, call, end in zip(part.numbers, part.columns.times.call, part.columns.times.return_, strict=True)
        ]
        return replace(part, columns=replace(part.columns, times=Times(part.columns.times.call, array("i", ends))))

    original = segments.segment
    patch.setattr(general, "segment", segment)


def open_operations_left_out(patch: Patch) -> None:
    patch.setattr(segments, "_changes", lambda columns, operation: False)


def started_from_the_initial_value(patch: Patch) -> None:
    def segment(columns, *rest):  # type: ignore[no-untyped-def]
        return replace(original(columns, *rest), starts=[columns.initial])

    original = segments.segment
    patch.setattr(general, "segment", segment)


@pytest.mark.parametrize(
    "breaking", [open_operations_must_return, open_operations_left_out, started_from_the_initial_value]
)
def test_broken_segments_are_noticed(breaking: Callable[[Patch], None], monkeypatch: Patch) -> None:
    assert not is_ever_wrong(by_segments, 1_000)
    breaking(monkeypatch)
    assert is_ever_wrong(by_segments)
