"""The cases of Princeton COS418's Chandy-Lamport lab, with topologies of the same sizes, in virtual time."""

import dataclasses

import pytest
from cluster import Cluster
from handmade import build

from splitbrain.bench.workloads.snapshot import ConsistentCut, mistake
from splitbrain.checkers.checker import Budget
from splitbrain.checkers.verdict import Validity
from splitbrain.histories.operation import Operation, Value
from splitbrain.systems.snapshot import system
from splitbrain.systems.snapshot.system import deployment, ring

TOPOLOGIES: dict[str, dict[str, tuple[str, ...]]] = {
    "two nodes": {"s1": ("s2",), "s2": ("s1",)},
    "three in a circle": {"s1": ("s2",), "s2": ("s3",), "s3": ("s1",)},
    "a hub": {"s1": ("s2", "s3", "s4"), "s2": ("s1",), "s3": ("s1",), "s4": ("s1",)},
    "eight": ring(8),
    "ten": ring(10),
}


def picture(output: Value) -> Operation:
    return Operation(index=0, process=0, f="snapshot", output=output, outcome="ok", call=0, return_=1, invoked=0)


def taken(made: Cluster, at_once: int) -> list[Value]:
    operations = [made.invoke("snapshot", key=None, thread=thread) for thread in range(at_once)]
    made.run(3_000, until=operations[-1])
    made.run(500)
    return [made.answers[operation].output for operation in operations]


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("at_once", [1, 2, 5, 10])
def test_every_picture_has_all_tokens_and_is_consistent(topology: str, at_once: int) -> None:
    made = Cluster(
        dataclasses.replace(system, deploy=lambda servers, bug: deployment(TOPOLOGIES[topology])), clients=at_once
    )
    for _ in range(10):
        for output in taken(made, at_once):
            assert isinstance(output, tuple)
            assert len(output) == len(TOPOLOGIES[topology])
            assert mistake(picture(output)) == ""


def test_tokens_are_on_their_way_in_some_pictures() -> None:
    made = Cluster(system)
    pictures = [output for _ in range(20) for output in taken(made, 1)]
    assert any(_on_the_way(part) for output in pictures for part in _parts(output))


def _parts(output: Value) -> list[tuple[Value, ...]]:
    return [part for part in output if isinstance(part, tuple)] if isinstance(output, tuple) else []


def _on_the_way(part: tuple[Value, ...]) -> bool:
    return any(isinstance(channel, tuple) and channel[1] for channel in _parts(part[4]))


def test_without_order_the_pictures_are_wrong() -> None:
    unordered = dataclasses.replace(system, fault_model=dataclasses.replace(system.fault_model, fifo=False))
    made = Cluster(unordered)
    assert any(mistake(picture(output)) for _ in range(30) for output in taken(made, 2))


def test_a_paused_node_holds_a_snapshot_up_and_does_not_spoil_it() -> None:
    made = Cluster(system)
    unit = made.inject("pause", "s3")
    operation = made.invoke("snapshot", key=None)
    made.run(1_000)
    assert operation not in made.answers
    made.undo(unit)
    made.run(1_000)
    assert mistake(picture(made.answers[operation].output)) == ""


def test_the_checker_counts_tokens_and_messages() -> None:
    one: Value = ("s1", 10, (("s2", 1),), (("s2", 0),), (("s2", ()),))
    two: Value = ("s2", 7, (("s1", 0),), (("s1", 0),), (("s1", (3,)),))
    assert mistake(picture((one, two))) == ""
    lost: Value = ("s2", 7, (("s1", 0),), (("s1", 1),), (("s1", ()),))
    assert mistake(picture((one, lost))) == "has 17 tokens, and there are 20"
    from_nowhere: Value = ("s2", 7, (("s1", 0),), (("s1", 1),), (("s1", (3,)),))
    assert "has 2 messages from s1 to s2 received or on their way, and 1 sent" in mistake(picture((one, from_nowhere)))
    history = build([(0, "snapshot", None, (one, lost), "ok", 0, 1)])
    assert ConsistentCut().check(history, Budget()).validity is Validity.INVALID
