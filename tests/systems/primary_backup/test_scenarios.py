"""Part 2 of UW dslabs lab 2, and pbservice of MIT 6.824, in virtual time: what the whole system does under faults."""

import random

import pytest
from store_cluster import MS, SECOND, StoreCluster

from splitbrain.nemesis.fault import Trigger


def test_one_client_sees_its_own_operations() -> None:
    cluster = StoreCluster()
    assert cluster.ask("read") is None
    cluster.ask("write", 1)
    assert cluster.ask("cas", (1, 2)) is True
    assert cluster.ask("cas", (1, 3)) is False
    assert cluster.ask("read") == 2
    assert cluster.ask("get", key="y") == ""
    cluster.ask("put", "a", key="y")
    assert cluster.ask("append", "b", key="y") == "ab"
    assert cluster.ask("get", key="y", thread=1) == "ab"


@pytest.mark.parametrize("servers", [1, 2, 3, 5])
def test_any_number_of_servers_serves(servers: int) -> None:
    cluster = StoreCluster(servers=servers)
    cluster.ask("write", 1)
    assert cluster.ask("read", thread=1) == 1


def test_the_backup_takes_over_and_has_the_data() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1)
    primary, backup = cluster.server("primary"), cluster.server("backup")
    cluster.inject("kill", primary)
    assert cluster.ask("read") == 1
    assert cluster.server("primary") == backup


def test_the_data_outlives_one_server_after_another() -> None:
    cluster = StoreCluster()
    cluster.ask("put", "a")
    for piece in "bcdefg":
        unit = cluster.inject("kill", cluster.server("primary"))
        cluster.run(400)
        cluster.undo(unit)
        cluster.ask("append", piece)
        cluster.run(400)
    assert cluster.ask("get") == "abcdefg"


def test_a_restarted_server_becomes_backup() -> None:
    cluster = StoreCluster(servers=2)
    cluster.ask("write", 1)
    primary = cluster.server("primary")
    unit = cluster.inject("kill", primary)
    cluster.run(400)
    cluster.undo(unit)
    cluster.run(400)
    assert cluster.server("backup") == primary


def test_once_all_state_is_lost_nobody_serves() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1)
    units = [cluster.inject("kill", name) for name in ("s1", "s2", "s3")]
    cluster.run(500)
    for unit in units:
        cluster.undo(unit)
    cluster.invoke("read")
    cluster.run(10_000)
    assert len(cluster.answers) == 1


def test_a_server_without_the_state_does_not_take_over() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1)
    both = [cluster.inject("kill", name) for name in (cluster.server("primary"), cluster.server("backup"))]
    cluster.invoke("read")
    cluster.run(5_000)
    for unit in both:
        cluster.undo(unit)
    cluster.run(5_000)
    assert len(cluster.answers) == 1


def test_a_large_state_moves_to_a_new_backup_in_one_transfer() -> None:
    cluster = StoreCluster(servers=2)
    page = "p" * 10_000
    for number in range(300):
        cluster.ask("put", page + str(number), key=f"k{number}")
    units = {}
    for victim in ("backup", "primary"):  # the second takes the state that the first got back
        name = cluster.server(victim)
        units[name] = cluster.inject("kill", name)
        cluster.run(400)
        cluster.undo(units[name])
        cluster.run(400)
    cluster.inject("kill", cluster.server("primary"))
    for number in range(300):
        assert cluster.ask("get", key=f"k{number}") == page + str(number)


def test_a_write_that_only_a_dead_primary_had_is_carried_out_anew() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1)
    primary, backup = cluster.server("primary"), cluster.server("backup")
    unit = cluster.inject("partition", backup, shape="isolate")
    before = cluster.sim.now
    write = cluster.invoke("write", 2)
    cluster.run(20)
    assert cluster.deliveries("Request", dst=primary, after=before) == 1
    cluster.inject("kill", primary)
    cluster.undo(unit)
    cluster.run(2000, until=write)
    assert cluster.server("primary") == backup
    assert cluster.ask("read", thread=1) == 2


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_primary_that_dies_before_its_nth_reply_has_nothing_done_twice(nth: int) -> None:
    """MIT 6.824 of 2012, lockservice: the primary fails just before it replies, to request 1 to 7."""
    cluster = StoreCluster(clients=1)
    primary = cluster.server("primary")
    trigger = Trigger(moment="deliver", type="Accept", n=nth, node=primary)
    cluster.inject("kill", "trigger", at=trigger)
    for number in range(9):
        assert cluster.ask("append", f"{number} ") == "".join(f"{each} " for each in range(number + 1))
    assert primary not in cluster.sim.roles()


@pytest.mark.parametrize("victim", ["primary", "backup"])
def test_a_write_right_after_a_failure_is_answered_and_kept(victim: str) -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1)
    cluster.inject("kill", cluster.server(victim))
    cluster.ask("write", 2)
    cluster.run(500)
    cluster.inject("kill", cluster.server("primary"))
    assert cluster.ask("read") == 2


@pytest.mark.parametrize("seed", range(3))
def test_appends_take_effect_once_while_messages_are_lost_and_doubled(seed: int) -> None:
    cluster = StoreCluster(seed)
    cluster.inject("messages.loss", "all", rate=0.2)
    cluster.inject("messages.duplicate", "all", rate=0.3)
    for number in range(100):
        cluster.ask("append", f"{number} ")
    assert cluster.ask("get") == "".join(f"{number} " for number in range(100))


@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_concurrent_writes_leave_old_primary_and_old_backup_equal(rate: float) -> None:
    cluster = StoreCluster(clients=4)
    cluster.inject("messages.loss", "all", rate=rate)
    pending = {thread: cluster.invoke("write", thread, key="xy"[thread % 2], thread=thread) for thread in range(3)}
    for value in range(3, 100):
        cluster.run(5)
        for thread, operation in pending.items():
            if operation in cluster.answers:
                pending[thread] = cluster.invoke("write", value, key="xy"[value % 2], thread=thread)
    cluster.run(2000)
    before = [cluster.ask("read", key=key, thread=3) for key in "xy"]
    cluster.inject("kill", cluster.server("primary"))
    assert [cluster.ask("read", key=key, thread=3) for key in "xy"] == before


def test_a_partitioned_old_primary_answers_nobody() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1, thread=0)
    cluster.ask("read", thread=1)
    old = cluster.server("primary")
    unit = cluster.inject("partition", old, shape="isolate")
    read = cluster.invoke("read", thread=0)  # the client can reach everybody, and goes on to the new primary
    cluster.run(1000)
    assert cluster.answers[read].output == 1
    cluster.ask("write", 2, thread=1)
    assert cluster.sim.roles()[old] == "primary"
    assert cluster.deliveries("Forward", src=old, after=cluster.sim.now - 500 * MS) == 0
    assert cluster.ask("read", thread=0) == 2
    cluster.undo(unit)
    cluster.run(200)
    assert cluster.sim.roles()[old] == "idle"


def test_clients_on_the_side_of_a_partitioned_old_primary_wait() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1, thread=0)
    cluster.ask("read", thread=1)
    unit = cluster.inject("partition", cluster.server("primary"), shape="sides")
    reads = [cluster.invoke("read", thread=thread) for thread in (0, 1)]
    cluster.run(5_000)
    assert [read in cluster.answers for read in reads].count(True) == 1
    cluster.undo(unit)
    cluster.run(500)
    assert [cluster.answers[read].output for read in reads] == [1, 1]


def test_a_request_that_reaches_an_old_primary_late_is_not_answered_by_it() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1, thread=0)
    cluster.ask("read", thread=1)
    old = cluster.server("primary")
    slow = cluster.inject("messages.delay", "c0", rate=1.0, delay=4 * SECOND)
    read = cluster.invoke("read", thread=0)
    cluster.run(50)
    cluster.inject("partition", old, shape="isolate")
    cluster.run(1000)
    cluster.undo(slow)
    cluster.ask("write", 2, thread=1)
    written = cluster.sim.now
    cluster.run(5_000)
    assert read in cluster.answers
    assert cluster.deliveries("Request", dst=old, after=written) > 0
    assert cluster.deliveries("Reply", src=old, after=written) == 0


def test_the_view_service_is_not_needed_as_long_as_nothing_fails() -> None:
    cluster = StoreCluster()
    cluster.ask("write", 1)
    unit = cluster.inject("partition", "vs", shape="isolate-fully")
    cluster.run(2_000)
    assert cluster.ask("read") == 1
    cluster.undo(unit)
    roles = cluster.sim.roles()
    cluster.run(1_000)
    assert cluster.sim.roles() == roles


def test_the_view_service_gets_at_most_two_messages_from_each_node_per_interval() -> None:
    cluster = StoreCluster(clients=1)
    began = cluster.sim.now
    for number in range(250):
        cluster.ask("put", str(number))
        cluster.ask("get")
    intervals = (cluster.sim.now - began) / (25 * MS)
    received = sum(cluster.deliveries(type, dst="vs", after=began) for type in ("Ping", "GetView"))
    assert received <= intervals * 4 * 2
    assert cluster.deliveries("GetView", dst="vs", after=began) == 1  # the client remembers the view


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 0), (0.2, 1)])
def test_repeated_crashes_keep_nobody_waiting_for_long(rate: float, seed: int) -> None:
    cluster = StoreCluster(seed, clients=3, beyond_tolerance=False)
    cluster.inject("messages.loss", "all", rate=rate)
    chance = random.Random(seed)
    counters = dict.fromkeys(range(3), 0)
    pending: dict[int, tuple[int, int]] = {}
    longest = 0
    unit = None
    for step in range(2000):
        if step % 100 == 0:
            if unit is not None:
                cluster.undo(unit)
            unit = cluster.inject("kill", f"s{chance.randint(1, 3)}")
        for thread in range(3):
            operation, begun = pending.get(thread, (-1, 0))
            if operation < 0 or operation in cluster.answers:
                longest = max(longest, cluster.sim.now - begun if operation >= 0 else 0)
                pending[thread] = (
                    cluster.invoke("append", f"{counters[thread]} ", key=f"k{thread}", thread=thread),
                    cluster.sim.now,
                )
                counters[thread] += 1
        cluster.run(10)
    assert all(begun > cluster.sim.now - 5 * SECOND for _, begun in pending.values())
    assert longest < 5 * SECOND
    assert sum(effect.count for effect in cluster.sim.effects if effect.family == "kill") >= 5
    for thread, (operation, _) in pending.items():
        cluster.run(5_000, until=operation)
        expected = "".join(f"{number} " for number in range(counters[thread]))
        assert cluster.answers[operation].output == expected
