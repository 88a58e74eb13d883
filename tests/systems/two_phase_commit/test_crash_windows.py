"""Two-phase commit in virtual time: its properties in the cases that matter, crashes in each window among them."""

import pytest
from cluster import Cluster

from splitbrain.nemesis.fault import Moment, Trigger
from splitbrain.systems.two_phase_commit import system

TRANSFER = (0, 1, 3)
ALL = (0, 1, 2, 3, 4, 5)


def cluster(seed: int = 1, clients: int = 2) -> Cluster:
    return Cluster(system, seed, clients=clients)


def outcome(made: Cluster, f: str, given: tuple[int, ...], thread: int = 0) -> str:
    operation = made.invoke(f, given, key=None, thread=thread)
    made.run(5_000, until=operation)
    return made.answers[operation].outcome


def balances(made: Cluster, thread: int = 0) -> object:
    """What a read answers, tried until nothing is locked."""
    for _ in range(20):
        operation = made.invoke("read", ALL, key=None, thread=thread)
        made.run(5_000, until=operation)
        if made.answers[operation].outcome == "ok":
            return made.answers[operation].output
        made.run(100)
    raise AssertionError("the accounts stay locked")


def test_a_transfer_happens_at_both_ends() -> None:
    made = cluster()
    assert outcome(made, "transfer", TRANSFER) == "ok"
    assert balances(made, thread=1) == (7, 13, 10, 10, 10, 10)


def test_one_vote_against_aborts_everywhere() -> None:
    made = cluster()
    assert outcome(made, "transfer", (0, 1, 11)) == "fail"  # the account would be overdrawn
    assert balances(made) == (10,) * 6


def test_a_participant_that_is_gone_is_a_vote_against() -> None:
    made = cluster()
    unit = made.inject("kill", "r2")
    assert outcome(made, "transfer", TRANSFER) == "fail"
    made.undo(unit)
    made.run(500)
    assert balances(made) == (10,) * 6


def test_of_two_transfers_on_one_account_at_once_none_waits_for_the_other() -> None:
    made = cluster()
    both = [
        made.invoke("transfer", given, key=None, thread=thread) for thread, given in enumerate([(0, 1, 1), (1, 0, 2)])
    ]
    made.run(1_000)
    assert all(operation in made.answers for operation in both)
    done = [made.answers[operation].outcome == "ok" for operation in both]
    first, second = 10 - done[0] + 2 * done[1], 10 + done[0] - 2 * done[1]
    assert balances(made) == (first, second, 10, 10, 10, 10)


WINDOWS: list[tuple[Moment, str]] = [
    *(
        (moment, message)
        for moment in ("before_send", "after_send", "deliver")
        for message in ("Prepare", "Vote", "Commit", "Acknowledge")
    ),
    *((moment, message) for moment in ("sync_start", "sync_done") for message in ("Prepare", "Vote", "Commit")),
]


@pytest.mark.parametrize(("moment", "message"), WINDOWS)
@pytest.mark.parametrize("n", [1, 2])
def test_a_crash_in_any_window_leaves_all_or_nothing(moment: Moment, message: str, n: int) -> None:
    made = cluster()
    unit = made.inject("kill", "trigger", at=Trigger(moment=moment, type=message, n=n))
    operation = made.invoke("transfer", TRANSFER, key=None)
    made.run(300)
    made.undo(unit)
    made.run(5_000, until=operation)
    moved = balances(made, thread=1)
    assert moved in ((7, 13, 10, 10, 10, 10), (10,) * 6)
    if operation in made.answers:
        assert moved == ((7, 13, 10, 10, 10, 10) if made.answers[operation].outcome == "ok" else (10,) * 6)


def test_prepared_accounts_stay_locked_until_the_manager_is_back() -> None:
    made = cluster()
    unit = made.inject("kill", "tm", at=Trigger(moment="deliver", type="Vote"))
    made.invoke("transfer", TRANSFER, key=None)
    made.run(2_000)
    assert "prepared" in made.sim.roles().values()
    made.undo(unit)
    made.run(2_000)
    assert "prepared" not in made.sim.roles().values()
    assert sum(balances(made, thread=1)) == 60  # type: ignore[call-overload]


def test_a_repeated_request_is_carried_out_once() -> None:
    made = cluster()
    made.inject("messages.duplicate", "all", rate=1.0)
    for _ in range(3):
        assert outcome(made, "transfer", TRANSFER) == "ok"
        made.run(100)
    assert balances(made) == (1, 19, 10, 10, 10, 10)


def test_decisions_are_forgotten_once_all_have_heard_them() -> None:
    made = cluster()
    for _ in range(30):
        outcome(made, "transfer", (0, 1, 0))
        made.run(20)
    made.run(500)
    assert made.sim.nodes["tm"].deciding == {}  # type: ignore[attr-defined]
    assert all(len(made.sim.nodes[name].over) <= 2 for name in ("r1", "r2"))  # type: ignore[attr-defined]
