from hypothesis import given
from hypothesis import strategies as st

from splitbrain.nemesis.topology import from_links, links, one_way, sides, split

NAMES = st.lists(st.sampled_from([f"s{i}" for i in range(8)]), unique=True, min_size=2)


def test_an_edge_means_that_its_source_drops_what_its_target_sends() -> None:
    grudge = one_way(deaf=["a"], senders=["b"])
    assert list(grudge.edges) == [("a", "b")]
    assert links(grudge) == (("b", "a"),)


def test_a_split_cuts_every_pair_of_sides_both_ways_and_nothing_inside_a_side() -> None:
    assert links(split(["a", "b"], ["c"])) == (("a", "c"), ("b", "c"), ("c", "a"), ("c", "b"))
    assert len(links(split(["a"], ["b"], ["c"]))) == 6


def test_a_side_without_nodes_cuts_nothing() -> None:
    assert links(split(["a", "b"], [])) == ()


def test_nobody_drops_its_own_messages() -> None:
    assert links(one_way(["a", "b"], ["a", "b"])) == (("a", "b"), ("b", "a"))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("def")), unique=True))
def test_links_and_from_links_are_inverse(dropping: list[tuple[str, str]]) -> None:
    assert links(from_links(dropping)) == tuple(sorted(dropping))


@given(NAMES, st.data())
def test_sides_finds_the_sides_of_a_split(names: list[str], data: st.DataObject) -> None:
    middle = data.draw(st.integers(1, len(names) - 1))
    expected = sorted([tuple(sorted(names[:middle])), tuple(sorted(names[middle:]))])
    assert sides(split(names[:middle], names[middle:])) == tuple(expected)


def test_what_no_split_makes_has_no_sides() -> None:
    assert sides(one_way(["a"], ["b"])) == ()
    assert sides(from_links([("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")])) == ()
