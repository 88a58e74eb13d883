"""Part 1 of lab 4 of UW dslabs (01 to 08), shardmaster of MIT 6.824 (2015) and shardctrler (2021)."""

import random
from collections import Counter

import pytest

from splitbrain.systems.sharded.configuration import NOBODY, Configuration, after, as_data, least_moves
from splitbrain.systems.sharded.master import ShardMaster

EMPTY = Configuration(0, (NOBODY,) * 10, ())


def servers(group: str) -> tuple[str, ...]:
    return tuple(f"{group}s{number}" for number in (1, 2, 3))


def joined(*groups: str, shards: int = 10) -> ShardMaster:
    """A master with these groups."""
    master = ShardMaster((Configuration(0, (NOBODY,) * shards, ()),))
    for group in groups:
        assert master.execute("join", (group, servers(group))) is True
    return master


def spread(configuration: Configuration) -> int:
    """How many shards more the group with most has than the one with fewest."""
    counts = [configuration.owners.count(group) for group, _ in configuration.groups]
    assert sum(counts) == len(configuration.owners)
    return max(counts) - min(counts)


def test_01_and_04_the_first_group_gets_all_shards() -> None:
    master = joined("g1")
    assert master.execute("query", -1) == as_data(Configuration(1, ("g1",) * 10, (("g1", servers("g1")),)))


def test_02_before_anybody_has_joined_nobody_owns_anything() -> None:
    assert joined().execute("query", -1) == as_data(EMPTY)
    assert joined().execute("query", 1) is None


@pytest.mark.parametrize(
    ("f", "argument"),
    [
        ("join", ("g1", ("x",))),
        ("leave", "g3"),
        ("move", (0, "g3")),
        ("move", (10, "g1")),
        ("move", (-1, "g1")),
        ("query", 99),
        ("dance", None),
    ],
)
def test_03_what_cannot_be_done_is_refused_and_changes_nothing(f: str, argument: object) -> None:
    master = joined("g1", "g2")
    assert not master.execute(f, argument)  # type: ignore[arg-type]
    assert len(master.history) == 3


def test_03_a_move_to_the_owner_is_refused() -> None:
    master = joined("g1", "g2")
    assert master.execute("move", (0, master.history[-1].owners[0])) is False


def test_03_the_last_group_cannot_leave() -> None:
    assert joined("g1").execute("leave", "g1") is False


@pytest.mark.parametrize("shards", [1, 6, 10, 100])
def test_05_joins_and_leaves_balance_and_move_no_more_than_they_must(shards: int) -> None:
    rng = random.Random(shards)
    master = joined("g0", shards=shards)
    for _ in range(200):
        group, f = f"g{rng.randrange(12)}", rng.choice(["join", "leave"])
        old = master.history[-1]
        if not master.execute(f, (group, servers(group)) if f == "join" else group):
            continue
        new = master.history[-1]
        assert spread(new) <= 1
        moved = sum(one != other for one, other in zip(old.owners, new.owners, strict=True))
        assert moved == least_moves(old.owners, dict(new.groups))
        if spread(old) <= 1 and len(old.groups) > 1:
            affected = new.owners.count(group) if f == "join" else old.owners.count(group)
            assert moved == affected


def test_06_old_configurations_stay_as_they_were() -> None:
    master = joined("g1", "g2", "g3")
    seen = [master.execute("query", number) for number in range(4)]
    master.execute("leave", "g1")
    master.execute("move", (0, "g3"))
    assert [master.execute("query", number) for number in range(4)] == seen


def test_07_a_move_moves_one_shard_and_the_next_join_balances_again() -> None:
    master = joined("g1", "g2")
    for shard in range(10):
        master.execute("move", (shard, "g1"))
    assert master.history[-1].owners == ("g1",) * 10
    master.execute("join", ("g3", servers("g3")))
    assert sorted(Counter(master.history[-1].owners).values()) == [3, 3, 4]


def test_08_the_same_orders_give_the_same_configurations_everywhere() -> None:
    for seed in range(10):
        rng = random.Random(seed)
        names = [f"g{number}" for number in range(20)]
        rng.shuffle(names)
        orders = [("join", (name, servers(name))) for name in names] + [("leave", name) for name in names[:12]]
        one, other = joined(shards=100), joined(shards=100)
        for f, argument in orders:
            one.execute(f, argument)
        for f, argument in orders[:20]:
            other.execute(f, argument)
        copy = ShardMaster()
        copy.restore(other.snapshot())
        for f, argument in orders[20:]:
            copy.execute(f, argument)
        assert one.history == copy.history


def test_an_order_that_arrives_twice_is_carried_out_once() -> None:
    master = joined("g1")
    join = ("c0", 7, "join", ("g2", servers("g2")))
    assert master.apply(join) is True
    master.apply(("c1", 8, "leave", "g2"))
    assert master.apply(join) is True
    assert dict(master.history[-1].groups).keys() == {"g1"}
    assert after(master.history[-1], "leave", "g2") is None
