"""The 19 tests of the Paxos library of MIT 6.824 (2015, lab 3A), in virtual time, and restarts."""

import random

import pytest
from agreement_cluster import Peers


def unreliable(peers: Peers) -> list[int]:
    """Lose every fifth message and double some."""
    return [
        peers.inject("messages.loss", "all", rate=0.2),
        peers.inject("messages.duplicate", "all", rate=0.2),
    ]


def test_single_proposer() -> None:
    peers = Peers()
    peers.begin(0, 0, "hello")
    peers.wait([0])
    assert peers.seen == {0: "hello"}


def test_many_proposers_of_the_same_value() -> None:
    peers = Peers()
    for peer in range(3):
        peers.begin(peer, 1, 77)
    peers.wait([1])
    assert peers.seen == {1: 77}


def test_many_proposers_of_different_values() -> None:
    peers = Peers()
    for peer in range(3):
        peers.begin(peer, 2, 100 + peer)
    peers.wait([2])
    assert peers.seen[2] in (100, 101, 102)


def test_instances_out_of_order() -> None:
    peers = Peers()
    for instance in (7, 6, 5, 4, 3):
        peers.begin(instance % 3, instance, 100 + instance)
    peers.wait(range(3, 8))
    assert peers.seen == {instance: 100 + instance for instance in range(3, 8)}
    assert all(peer.max == 7 for peer in peers.up())


def test_deaf_proposer() -> None:
    """Peers that hear nobody decide nothing; what they ask for is decided once they hear again."""
    peers = Peers(5)
    peers.begin(0, 1, "hello")
    peers.wait([1])
    deaf = [peers.inject("partition", name, shape="deaf") for name in (peers.names[0], peers.names[4])]
    peers.begin(1, 2, "goodbye")
    peers.wait([2], peers=3)
    peers.run(1000)
    assert peers.know(2) == 3
    peers.begin(0, 2, "xxx")
    peers.run(1000)
    assert peers.know(2) == 3
    peers.mend(deaf)
    peers.wait([2], peers=4)
    assert peers.seen[2] == "goodbye"


def test_forgetting() -> None:
    peers = Peers(6)
    assert {peer.min for peer in peers.up()} == {0}
    for instance in range(5):
        peers.begin(instance % 6, instance, instance)
    peers.wait(range(5))
    assert {peer.min for peer in peers.up()} == {0}
    for peer in range(6):
        peers.done(peer, 0)
    peers.run(100)
    for peer in range(6):  # what is done is said with the next messages
        peers.begin(peer, 5 + peer, "xx")
    peers.wait(range(5, 11))
    assert {peer.min for peer in peers.up()} == {1}
    peers.begin(0, 0, "again")
    peers.run(500)
    assert peers.know(0) == 0


def test_lots_of_forgetting() -> None:
    peers, chance = Peers(seed=3), random.Random(3)
    unreliable(peers)
    for instance in range(40):
        peers.begin(chance.randrange(3), instance, instance)
        peers.run(60)
        peers.done(chance.randrange(3), chance.randrange(max(1, instance)))
    assert any(peer.min > 0 for peer in peers.up())
    lowest = max(peer.min for peer in peers.up())
    for instance in range(lowest, 40):
        for peer in range(3):
            peers.begin(peer, instance, "late")
    peers.wait(range(max(peer.min for peer in peers.up()), 40))


def test_forgotten_memory_is_freed() -> None:
    peers = Peers()
    for instance in range(10):
        peers.begin(0, instance, "x" * 1_000_000)
    peers.wait(range(10))
    for peer in range(3):
        peers.done(peer, 9)
    peers.run(50)
    for peer in range(3):
        peers.begin(peer, 11 + peer, "small")
    peers.wait(range(11, 14))
    for one in peers.up():
        assert one.min == 10
        assert not any(isinstance(value, str) and len(value) > 100 for value in one.decided.values())
        assert min(one.acceptors) >= 10
    for host in peers.names:
        disk = peers.sim._hosts[host].disk.visible
        assert not any(isinstance(value, str) and len(value) > 100 for value in disk.values())


def test_max_after_done() -> None:
    peers = Peers()
    for peer in range(3):
        peers.begin(peer, 0, "x")
    peers.wait([0])
    for peer in range(3):
        peers.done(peer, 0)
    peers.begin(0, 1, "x")
    peers.wait([1])
    assert all(peer.max == 1 for peer in peers.up())


def test_few_messages_for_each_agreement() -> None:
    peers = Peers()
    for instance in range(10):
        peers.begin(0, instance, "x")
        peers.wait([instance])
    assert peers.requests() <= 10 * 9
    before = peers.requests()
    for instance in range(10, 20):
        for peer in range(3):
            peers.begin(peer, instance, peer)
        peers.wait([instance])
    assert peers.requests() - before <= 10 * 45


@pytest.mark.parametrize("lossy", [False, True])
def test_many_instances(lossy: bool) -> None:
    peers = Peers(3 if lossy else 5)
    if lossy:
        unreliable(peers)
    for instance in range(1, 50):
        for peer in range(len(peers.names)):
            peers.begin(peer, instance, f"{instance}.{peer}")
        peers.run(20)
    peers.wait(range(1, 50))


def test_a_minority_decides_nothing_and_gives_up_its_value() -> None:
    peers = Peers(5)
    cut = peers.part([0, 1], [2, 3, 4])
    peers.begin(1, 1, 111)
    peers.run(1000)
    assert peers.know(1) == 0
    for peer in (2, 3, 4):
        peers.begin(peer, 1, 300)
    peers.wait([1], peers=3)
    assert peers.seen[1] == 300
    peers.mend(cut)
    peers.wait([1], peers=4)


@pytest.mark.parametrize("lossy", [False, True])
def test_partitions(lossy: bool) -> None:
    """No decision if partitioned, one in a majority, all agree after heal, and one peer switches sides."""
    peers = Peers(5, seed=2)
    if lossy:
        unreliable(peers)
    cut = peers.part([0, 2], [1, 3], [4])
    peers.begin(1, 1, 111)
    peers.run(1000)
    assert peers.know(1) == 0
    peers.mend(cut)
    cut = peers.part([0], [1, 2, 3], [4])
    peers.wait([1], peers=3)
    peers.mend(cut)
    for peer in range(5):
        peers.begin(peer, 1, 112)
    peers.wait([1])
    assert peers.seen[1] == 111
    for instance in range(2, 22):
        cut = peers.part([0, 1, 2], [3, 4])
        for peer in range(5):
            peers.begin(peer, instance, instance * 10 + peer)
        peers.wait([instance], peers=3)
        assert peers.seen[instance] in (instance * 10, instance * 10 + 1, instance * 10 + 2)
        peers.mend(cut)
        cut = peers.part([0, 1], [2, 3, 4])
        peers.wait([instance])
        peers.mend(cut)


def test_many_requests_while_partitions_move() -> None:
    peers, chance = Peers(5, seed=4), random.Random(4)
    lossy = unreliable(peers)
    cut: list[int] = []
    for instance in range(60):
        peers.mend(cut)
        places = [chance.randrange(3) for _ in range(5)]
        cut = peers.part(*([peer for peer in range(5) if places[peer] == side] for side in range(3)))
        for peer in range(5):
            peers.begin(peer, instance, f"{instance}.{peer}")
        peers.run(chance.choice((50, 100, 200)))
    peers.mend([*cut, *lossy])
    peers.wait(range(60))


@pytest.mark.parametrize("seed", range(3))
def test_what_was_decided_survives_when_all_peers_restart(seed: int) -> None:
    peers, chance = Peers(3, seed), random.Random(seed)
    for instance in range(20):
        for peer in range(3):
            peers.begin(peer, instance, f"{instance}.{peer}")
        peers.run(chance.choice((3, 6, 10, 20)))
        peers.mend([peers.inject("kill", name) for name in chance.sample(peers.names, chance.choice((1, 3)))])
    for instance in range(20):
        for peer in range(3):
            peers.begin(peer, instance, "late")
    peers.wait(range(20))
