import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.nemesis.partitions import SHAPES, Nodes
from splitbrain.nemesis.topology import Grudge, links, sides

SEEDS = st.integers(0, 2**32)
COUNTS = st.integers(1, 9)


def nodes(servers: int, clients: int = 3, chosen: tuple[str, ...] = ("s1",)) -> Nodes:
    return Nodes(
        tuple(f"s{i}" for i in range(1, servers + 1)),
        tuple(f"c{i}" for i in range(clients)),
        chosen,
    )


def draw(shape: str, among: Nodes, seed: int = 0) -> Grudge:
    return SHAPES[shape].draw(among, random.Random(seed))


def hears(grudge: Grudge, node: str, among: tuple[str, ...]) -> frozenset[str]:
    return frozenset(src for src in among if not grudge.has_edge(node, src))


@given(st.sampled_from(sorted(SHAPES)), COUNTS, SEEDS)
def test_equal_draws_give_equal_grudges_between_known_nodes(shape: str, servers: int, seed: int) -> None:
    among = nodes(servers)
    grudge = draw(shape, among, seed)
    assert links(grudge) == links(draw(shape, among, seed))
    assert set(grudge) <= {*among.servers, *among.clients}
    assert all(a != b for a, b in grudge.edges)


@given(st.sampled_from(sorted(SHAPES)), COUNTS, SEEDS)
def test_a_shape_cuts_something_from_its_fewest_servers_on(shape: str, servers: int, seed: int) -> None:
    assert bool(links(draw(shape, nodes(servers), seed))) == (servers >= SHAPES[shape].servers)


@given(st.sampled_from(sorted(SHAPES)), COUNTS, SEEDS)
def test_links_of_clients_are_cut_exactly_by_the_shapes_that_say_so(shape: str, servers: int, seed: int) -> None:
    among = nodes(servers)
    touched = set(draw(shape, among, seed)) & set(among.clients)
    assert bool(touched) == SHAPES[shape].clients


@given(st.sampled_from(["halves", "random-halves", "isolate", "isolate-fully", "sides", "bridge", "link"]), SEEDS)
def test_symmetric_shapes_are_symmetric(shape: str, seed: int) -> None:
    grudge = draw(shape, nodes(5), seed)
    assert all(grudge.has_edge(b, a) for a, b in grudge.edges)


@given(COUNTS)
def test_halves_differ_by_one_at_most_and_do_not_talk(servers: int) -> None:
    among = nodes(servers)
    grudge = draw("halves", among)
    if servers >= 2:
        small, large = sorted(sides(grudge), key=len)
        assert len(large) - len(small) == servers % 2
        assert {*small, *large} == set(among.servers)


def test_random_halves_put_the_odd_one_in_either_half_and_every_server_on_either_side() -> None:
    seen = {sides(draw("random-halves", nodes(3), seed)) for seed in range(100)}
    assert len(seen) == 3
    firsts = [next(size for size in map(len, sides(draw("random-halves", nodes(5), seed)))) for seed in range(50)]
    assert set(firsts) == {2, 3}


@given(st.integers(3, 12), SEEDS)
def test_in_a_majorities_ring_everyone_talks_to_a_majority_and_no_two_to_the_same(servers: int, seed: int) -> None:
    among = nodes(servers)
    grudge = draw("majorities-ring", among, seed)
    assert all(grudge.has_edge(b, a) for a, b in grudge.edges)
    views = [hears(grudge, server, among.servers) for server in among.servers]
    assert all(len(view) > servers / 2 for view in views)
    if servers >= 4:
        assert len(set(views)) == servers


@given(st.sampled_from([4, 5, 8, 9]), SEEDS)
def test_the_majorities_are_bare_where_a_symmetric_ring_allows_it(servers: int, seed: int) -> None:
    among = nodes(servers)
    grudge = draw("majorities-ring", among, seed)
    assert {len(hears(grudge, server, among.servers)) for server in among.servers} == {servers // 2 + 1}


@given(st.integers(3, 9), SEEDS)
def test_one_server_bridges_two_halves(servers: int, seed: int) -> None:
    among = nodes(servers)
    grudge = draw("bridge", among, seed)
    middle = [server for server in among.servers if server not in grudge]
    assert len(middle) == 1
    assert sum(map(len, sides(grudge))) == servers - 1
    assert len(sides(grudge)) == 2


def test_an_isolated_server_still_hears_the_clients() -> None:
    among = nodes(4)
    assert sides(draw("isolate", among)) == (("s1",), ("s2", "s3", "s4"))
    assert hears(draw("isolate", among), "s1", among.clients) == set(among.clients)


def test_a_fully_isolated_server_hears_nobody_and_nobody_hears_it() -> None:
    assert sides(draw("isolate-fully", nodes(3, clients=1))) == (("c0", "s2", "s3"), ("s1",))


@given(SEEDS)
def test_sides_take_some_clients_along_and_leave_some(seed: int) -> None:
    mine, theirs = sorted(sides(draw("sides", nodes(3), seed)), key=lambda side: "s2" in side)
    assert "s1" in mine
    assert {"s2", "s3"} <= set(theirs)
    assert any(name.startswith("c") for name in mine)
    assert any(name.startswith("c") for name in theirs)


def test_link_cuts_one_pair_and_every_pair_comes_up() -> None:
    seen = {sides(draw("link", nodes(4), seed)) for seed in range(60)}
    assert seen == {(("s1",), (other,)) for other in ("s2", "s3", "s4")}


def test_a_deaf_server_is_heard_and_hears_only_clients() -> None:
    assert links(draw("deaf", nodes(3))) == (("s2", "s1"), ("s3", "s1"))


def test_a_mute_server_hears_and_is_not_heard() -> None:
    assert links(draw("mute", nodes(2, clients=1))) == (("s1", "c0"), ("s1", "s2"))


@given(SEEDS)
def test_client_links_are_cut_both_ways_or_only_back(seed: int) -> None:
    both, back = links(draw("clients", nodes(3), seed)), links(draw("deaf-clients", nodes(3), seed))
    assert {frozenset(link) for link in both} == {frozenset(link) for link in back}
    assert all(src == "s1" and dst.startswith("c") for src, dst in back)
    assert set(both) == {*back, *((dst, src) for src, dst in back)}


@pytest.mark.parametrize("shape", ["isolate", "isolate-fully", "sides", "deaf", "clients", "deaf-clients"])
def test_a_client_can_be_aimed_at(shape: str) -> None:
    among = nodes(3, chosen=("c0",))
    grudge = draw(shape, among)
    assert "c0" in grudge
    assert all({a, b} & set(among.clients) for a, b in grudge.edges)


def test_shapes_that_are_not_aimed_ignore_the_chosen_nodes() -> None:
    for name, shape in SHAPES.items():
        if not shape.aimed:
            assert links(draw(name, nodes(5, chosen=("s1",)))) == links(draw(name, nodes(5, chosen=("s4",))))
