"""Part 3 of lab 4 of UW dslabs (01 to 07), in virtual time, and what else two-phase commit among groups must survive.

Not here: the searches 08 to 10 over all states; 11 and 12 (random schedules) are what the default swarm runs
(tests/quality).
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from sharded_cluster import GROUPS, SECOND, ShardedCluster

from splitbrain.histories.operation import Value
from splitbrain.systems.sharded.configuration import SHARDS, shard_of
from splitbrain.systems.system import System
from splitbrain.systems.transactions import on_raft, system
from splitbrain.systems.transactions.store import TransactionStore

BOTH = pytest.mark.parametrize("tested", [system, on_raft], ids=["paxos", "raft"])


class Transactions(ShardedCluster):
    """The sharded cluster, with transactions."""

    def __init__(self, clients: int = 2, system: System = system, **options: Any) -> None:
        super().__init__(1, clients, system, **options)

    @property
    def mine(self) -> list[str]:
        """Keys of g1."""
        return self.owned("g1")

    @property
    def yours(self) -> list[str]:
        """Keys of g2."""
        return self.owned("g2")

    def get(self, *keys: str, thread: int = 0) -> Value:
        return self.ask("multi_get", keys, None, thread)

    def put(self, **values: str) -> Value:
        return self.ask("multi_put", tuple(values.items()), None)

    def swap(self, first: str, second: str, thread: int = 0) -> Value:
        return self.ask("swap", (first, second), None, thread)

    def machine(self, group: str) -> TransactionStore:
        store = self.store(group)
        assert isinstance(store, TransactionStore)
        return store

    def isolate(self, group: str) -> int:
        """Cut a group off from all other servers. Clients reach everybody."""
        return self.inject("partition", ",".join(GROUPS[group]), shape="isolate")

    def quiet(self) -> bool:
        """Whether nothing is locked, voted on, prepared, or yet to be acknowledged."""
        machines = [self.machine(group) for group in GROUPS]
        return not any(each.locks or each.voting or each.prepared or each.decided for each in machines)

    def keep_transacting(self, ms: float, threads: int, disturb: Callable[[int], None]) -> float:
        """Have each client put to, and get from, two keys of its own in turn; the longest that one waited (ms).

        Whatever is read is what was put last.
        """
        numbers = count()
        keys = [(self.mine[thread], self.yours[thread]) for thread in range(threads)]
        last = [""] * threads
        pending: dict[int, tuple[int, int, bool]] = {}
        longest = 0
        for step in range(int(ms / 20)):
            disturb(step)
            for thread in range(threads):
                operation, begun, read = pending.get(thread, (-1, 0, True))
                if operation >= 0 and operation not in self.answers:
                    longest = max(longest, self.sim.now - begun)
                    continue
                if operation >= 0 and read:
                    assert self.answers[operation].output == (last[thread], last[thread])
                if read:
                    last[thread] = f"{next(numbers)}"
                    pairs = tuple((key, last[thread]) for key in keys[thread])
                    operation = self.invoke("multi_put", pairs, None, thread)
                else:
                    operation = self.invoke("multi_get", keys[thread], None, thread)
                pending[thread] = (operation, self.sim.now, not read)
            self.run(20)
        return longest / 1_000_000


@BOTH
def test_01_transactions_in_a_single_group(tested: System) -> None:
    cluster = Transactions(system=tested)
    a, b, c = cluster.mine[:3]
    assert cluster.get(a, b) == ("", "")
    assert cluster.put(**{a: "1", b: "2"}) is None
    assert cluster.get(b, a, c) == ("2", "1", "")
    assert cluster.swap(a, b) == ("2", "1")
    assert cluster.get(a, b, c, thread=1) == ("2", "1", "")
    assert cluster.machine("g1").begun == 0


def test_02_messages_can_be_sent() -> None:
    cluster = Transactions(codec=True)
    a, b, c = cluster.mine[0], *cluster.yours[:2]
    cluster.put(**{a: "1", b: "2"})
    assert cluster.get(a, b) == ("1", "2")
    assert cluster.get(b, c) == ("2", "")
    assert cluster.order("join", "g3") is True
    down = cluster.down([*GROUPS["g1"], *GROUPS["g2"]])
    cluster.run(1000)
    cluster.up(down)
    cluster.run(1500)
    assert cluster.settled()
    assert cluster.swap(a, b) == ("2", "1")


@BOTH
def test_02_transactions_among_two_groups(tested: System) -> None:
    cluster = Transactions(system=tested)
    a, b = cluster.mine[0], cluster.yours[0]
    assert cluster.put(**{a: "1", b: "2"}) is None
    assert cluster.get(a, b) == ("1", "2")
    assert cluster.swap(b, a) == ("1", "2")
    assert cluster.get(a, b, thread=1) == ("2", "1")
    assert cluster.get(a) == ("2",)
    cluster.run(300)
    assert cluster.quiet()


def test_03_groups_that_cannot_reach_each_other_commit_what_needs_one_of_them() -> None:
    cluster = Transactions(clients=3)
    a, b, c, d = *cluster.mine[:2], *cluster.yours[:2]
    cluster.put(**{a: "1", c: "1"})
    cluster.run(300)
    cuts = [cluster.isolate("g1"), cluster.isolate("g2")]
    stuck = [
        cluster.invoke("multi_put", ((a, "2"), (c, "2")), None, 1),
        cluster.invoke("multi_get", (a, c), None, 2),
    ]
    for number in range(10):
        assert cluster.put(**{b: f"{number}"}) is None
        assert cluster.put(**{c: f"{number}", d: f"{number}"}) is None
        assert cluster.get(b) == (f"{number}",)
        assert cluster.get(c, d) == (f"{number}", f"{number}")
        cluster.run(50)
    assert not any(operation in cluster.answers for operation in stuck)
    cluster.up(cuts)
    for operation in stuck:
        cluster.run(2000, until=operation)
        assert operation in cluster.answers
    assert cluster.get(a, c) == ("2", "2")


@BOTH
def test_04_a_multi_get_sees_all_of_a_multi_put_or_nothing(tested: System) -> None:
    cluster = Transactions(system=tested)
    a, b = cluster.mine[0], cluster.yours[0]
    for number in range(100):
        operation = cluster.invoke("multi_put", ((a, f"{number}"), (b, f"{number}")), None, 1)
        cluster.run(number % 20)
        found = cluster.get(a, b)
        assert isinstance(found, tuple)
        assert found[0] == found[1]
        assert found[0] in (f"{number}", f"{number - 1}" if number else "")
        cluster.run(2000, until=operation)
        assert operation in cluster.answers


@pytest.mark.parametrize(("rate", "moving"), [(0.0, False), (0.2, False), (0.2, True)], ids=["05", "06", "07"])
def test_05_to_07_nobody_waits_for_4_s(rate: float, moving: bool) -> None:
    cluster = Transactions(clients=6)
    cluster.order("join", "g3")
    cluster.inject("messages.loss", "all", rate=rate)
    orders: list[int] = []

    def disturb(step: int) -> None:
        if moving and step % 25 == 0 and all(order in cluster.answers for order in orders):
            turn = step // 25
            orders.append(cluster.invoke("move", (turn % SHARDS, f"g{1 + turn // SHARDS % 3}"), "configuration", 5))

    assert cluster.keep_transacting(8_000, 5, disturb) < 4000
    assert not moving or len(cluster.master.history) > 6


@pytest.mark.parametrize("group", ["g1", "g2"], ids=["coordinator", "participant"])
def test_leaders_that_die_at_any_moment_leave_nothing_half_done(group: str) -> None:
    cluster = Transactions()
    a, b = cluster.mine[0], cluster.yours[0]
    cluster.put(**{a: "a", b: "b"})
    for wait in range(1, 17):
        before = cluster.get(a, b)
        assert isinstance(before, tuple)
        operation = cluster.invoke("swap", (a, b), None, 1)
        cluster.run(wait)
        dead = cluster.down([cluster.leader(GROUPS[group])])
        cluster.run(5000, until=operation)
        assert cluster.answers[operation].output == before[::-1]
        assert cluster.get(a, b) == before[::-1]
        cluster.up(dead)
        cluster.run(300)
        assert cluster.quiet()


def test_transactions_go_on_after_everybody_was_down() -> None:
    cluster = Transactions()
    a, b = cluster.mine[0], cluster.yours[0]
    cluster.put(**{a: "a", b: "b"})
    for wait in (2, 4, 6, 8, 10, 12):
        before = cluster.get(a, b)
        assert isinstance(before, tuple)
        operation = cluster.invoke("swap", (a, b), None, 1)
        cluster.run(wait)
        everybody = cluster.down([*GROUPS["g1"], *GROUPS["g2"]])
        cluster.run(100)
        cluster.up(everybody)
        cluster.run(5000, until=operation)
        assert cluster.answers[operation].output == before[::-1]
        assert cluster.get(a, b) == before[::-1]


def locked(cluster: Transactions) -> tuple[str, int]:
    """A key of g2 that stays locked, since g2 cannot hear what was decided; the fault."""
    cluster.order("join", "g3")
    cluster.run(1000)
    a, b = min(cluster.mine), max(cluster.yours)
    cluster.invoke("multi_put", ((a, "1"), (b, "1")), None, 1)
    for _ in range(1000):
        cluster.run(0.1)
        if cluster.machine("g2").prepared:
            break
    return b, cluster.isolate("g1")


def test_a_shard_moves_when_its_locks_are_released() -> None:
    cluster = Transactions()
    b, cut = locked(cluster)
    assert cluster.order("move", (shard_of(b), "g3")) is True
    cluster.run(1000)
    assert b in cluster.machine("g2").locks
    assert shard_of(b) in cluster.machine("g2").shards
    assert cluster.machine("g2").configuration.number < cluster.master.history[-1].number
    cluster.undo(cut)
    cluster.run(1500)
    assert cluster.settled()
    assert shard_of(b) in cluster.machine("g3").shards
    assert cluster.get(b) == ("1",)


def test_a_shard_that_is_to_move_is_not_locked_any_more() -> None:
    cluster = Transactions()
    b, _ = locked(cluster)
    other = next(key for key in cluster.yours if key != b and shard_of(key) == shard_of(b))
    cluster.order("move", (shard_of(b), "g3"))
    cluster.run(500)
    machine = cluster.machine("g2")
    assert not machine.prepare(("g3", 1), (), (other,))
    assert machine.free((other,))


def test_a_group_that_a_shard_has_left_is_not_prepared_for_its_keys() -> None:
    cluster = Transactions()
    cluster.order("join", "g3")
    b = cluster.yours[0]
    cluster.order("move", (shard_of(b), "g3"))
    cluster.run(1000)
    assert not cluster.machine("g2").prepare(("g1", 1), (), (b,))
    assert cluster.put(**{cluster.mine[0]: "1", b: "1"}) is None
    assert cluster.get(cluster.mine[0], b) == ("1", "1")


def test_a_repeated_swap_is_made_once() -> None:
    cluster = Transactions()
    a, b = cluster.mine[0], cluster.yours[0]
    cluster.put(**{a: "0", b: "1"})
    cluster.inject("messages.duplicate", "all", rate=0.5)
    cluster.inject("messages.loss", "all", rate=0.2)
    for turn in range(30):
        assert cluster.swap(a, b) == (("1", "0") if turn % 2 == 0 else ("0", "1"))


def test_transactions_in_each_others_way_are_all_carried_out() -> None:
    cluster = Transactions(clients=5)
    keys = [*cluster.mine[:2], *cluster.yours[:2]]
    cluster.put(**{key: key for key in keys})
    begun = cluster.sim.now
    for _ in range(10):
        pairs = [(0, 2), (2, 1), (1, 3), (3, 0), (2, 0)]
        asked = [cluster.invoke("swap", (keys[i], keys[j]), None, thread) for thread, (i, j) in enumerate(pairs)]
        for operation in asked:
            cluster.run(3000, until=operation)
            assert operation in cluster.answers
    found = cluster.get(*keys)
    assert isinstance(found, tuple)
    assert sorted(map(str, found)) == sorted(keys)
    assert cluster.sim.now - begun < 10 * SECOND
