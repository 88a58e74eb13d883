import random

import pytest

from splitbrain.nemesis.effects import begin, cut, detail, inert, sentence
from splitbrain.nemesis.fault import Effect, Fault, Unit
from splitbrain.nemesis.partitions import SHAPES, Nodes
from splitbrain.nemesis.topology import links

KILL = Fault(unit=4, family="kill", at=0, lasts=1)
CUT = Fault(unit=5, family="partition", at=0, lasts=1, shape="halves")
HALVES = (("s1", "s2"), ("s1", "s3"), ("s2", "s1"), ("s3", "s1"))


def test_a_unit_begins_with_its_nodes_counted_and_its_messages_not() -> None:
    killed = begin(Unit(fault=KILL, nodes=("s1", "s2"), downgraded="only two"), 7)
    assert killed == Effect(
        unit=4, family="kill", started=7, targets=("s1", "s2"), count=2, downgraded="only two", detail="s1 s2"
    )
    parted = begin(Unit(fault=CUT, grudge=HALVES), 7)
    assert (parted.count, parted.targets) == (0, ("s1", "s2", "s3"))


def test_a_run_is_inert_if_faults_were_planned_and_none_had_an_effect() -> None:
    nothing, something = Effect(unit=0, family="kill"), Effect(unit=1, family="kill", count=1)
    assert inert([KILL], [])
    assert inert([KILL], [nothing])
    assert not inert([KILL, CUT], [nothing, something])
    assert not inert([], [])


@pytest.mark.parametrize(
    ("shape", "phrase"),
    [
        ("halves", "s1 s2 | s3 s4"),
        ("isolate", "s1 | s2 s3 s4"),
        ("isolate-fully", "c0 s2 s3 s4 | s1"),
        ("deaf", "s2 s3 s4 → s1"),
        ("mute", "s1 → c0 s2 s3 s4"),
        ("clients", "c0 | s1"),
        ("deaf-clients", "s1 → c0"),
    ],
)
def test_a_cut_in_short(shape: str, phrase: str) -> None:
    nodes = Nodes(("s1", "s2", "s3", "s4"), ("c0",), ("s1",))
    assert cut(links(SHAPES[shape].draw(nodes, random.Random(0)))) == phrase


def test_a_cut_that_has_no_sides_is_said_pair_by_pair() -> None:
    assert cut((("s1", "s3"), ("s2", "s4"), ("s3", "s1"), ("s4", "s2"))) == "s1–s3, s2–s4"
    assert cut((("s1", "s2"), ("s2", "s3"))) == "s1 → s2, s2 → s3"


def test_details_of_faults_of_messages() -> None:
    delay = Fault(unit=0, family="messages.delay", at=0, lasts=1, rate=0.25, delay=20_000_000)
    assert detail(Unit(fault=delay, grudge=HALVES)) == "25.0% by up to 20 ms on all links"
    loss = Fault(unit=0, family="messages.loss", at=0, lasts=1, rate=0.025, on="s1")
    assert detail(Unit(fault=loss, grudge=HALVES)) == "2.5% on 4 links"
    assert detail(Unit(fault=loss)) == "no target"


def test_sentences() -> None:
    parted = begin(Unit(fault=CUT, grudge=HALVES), 1_200_000_000)
    assert sentence(parted) == "partition s1 | s2 s3 (halves) from 1.200 s on: no effect"
    parted.count, parted.stopped = 34, 1_900_000_000
    assert sentence(parted) == "partition s1 | s2 s3 (halves) from 1.200 s to 1.900 s: 34 messages dropped"
    killed = begin(Unit(fault=KILL, nodes=("s1",), downgraded="only s1: of servers, 1 may be down at once"), 0)
    assert sentence(killed) == ("kill s1 from 0.000 s on: 1 node killed (only s1: of servers, 1 may be down at once)")
    assert sentence(Effect(unit=0, family="kill")) == "kill: never fired"
