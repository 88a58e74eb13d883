"""The rules of the view service, one by one: part 1 of UW dslabs lab 2, and MIT 6.824 lab 2 of 2012 to 2015."""

from handlers import MS, Recorder

from splitbrain.systems.primary_backup.messages import GetView, Incarnation, Ping, View, ViewReply
from splitbrain.systems.primary_backup.view_service import ViewService

S1, S2, S3 = (Incarnation(name, 0) for name in ("s1", "s2", "s3"))


class Pinger:
    """A view service, and servers that ping it when the test says so. They read every answer."""

    def __init__(self) -> None:
        self.service = ViewService()
        self.ctx = Recorder("vs")
        self.read: dict[Incarnation, int] = {}

    @property
    def view(self) -> View:
        return self.service.view

    def ping(self, server: Incarnation, view: int, synced: bool = False) -> View:
        """The server goes by that view; the view that it is answered."""
        self.service.on_Ping(self.ctx, server.node, Ping(server, view, synced, self.read.get(server, 0)))
        [(receiver, reply)] = self.ctx.take()
        assert receiver == server.node
        assert isinstance(reply, ViewReply)
        self.read[server] = reply.time
        return reply.view

    def intervals(self, count: int, *alive: tuple[Incarnation, int, bool]) -> None:
        """Time passes, in which only these servers ping: (server, view, synced)."""
        for _ in range(count):
            self.ctx.now += 25 * MS
            for server, view, synced in alive:
                self.ping(server, view, synced)

    def settled(self) -> "Pinger":
        """View 2 (s1, s2), acknowledged and synced."""
        self.ping(S1, 0)
        self.ping(S1, 1)
        self.ping(S2, 0)
        self.intervals(1, (S1, 2, True), (S2, 2, True))
        assert self.view == View(2, S1, S2)
        return self


def test_there_is_no_view_before_the_first_ping() -> None:
    pinger = Pinger()
    pinger.service.on_GetView(pinger.ctx, "c0", GetView())
    assert pinger.ctx.take() == [("c0", ViewReply(View(0, None, None), 0))]


def test_the_first_server_becomes_primary() -> None:
    assert Pinger().ping(S1, 0) == View(1, S1, None)


def test_the_second_server_becomes_backup() -> None:
    pinger = Pinger()
    pinger.ping(S1, 0)
    pinger.ping(S1, 1)
    assert pinger.ping(S2, 0) == View(2, S1, S2)


def test_a_backup_may_ping_before_the_primary_has_acknowledged() -> None:
    pinger = Pinger()
    pinger.ping(S1, 0)
    assert pinger.ping(S2, 0) == View(1, S1, None)
    assert pinger.ping(S1, 1) == View(2, S1, S2)


def test_the_backup_takes_over_when_the_primary_is_silent() -> None:
    pinger = Pinger().settled()
    pinger.intervals(4, (S2, 2, True))
    assert pinger.view == View(2, S1, S2)
    pinger.intervals(2, (S2, 2, True))
    assert pinger.view == View(3, S2, None)


def test_an_old_primary_that_comes_back_becomes_backup() -> None:
    pinger = Pinger().settled()
    pinger.intervals(6, (S2, 2, True))
    pinger.intervals(2, (S2, 3, True), (S1, 2, True))
    assert pinger.view == View(4, S2, S1)


def test_an_idle_third_server_becomes_backup_in_one_view_change() -> None:
    pinger = Pinger().settled()
    pinger.intervals(6, (S2, 2, True), (S3, 0, False))
    assert pinger.view == View(3, S2, S3)


def test_a_view_that_the_primary_has_not_acknowledged_stays() -> None:
    pinger = Pinger().settled()
    pinger.intervals(6, (S2, 2, True), (S3, 0, False))
    pinger.intervals(20, (S3, 3, False), (S1, 0, False))
    assert pinger.view == View(3, S2, S3)


def test_a_dead_backup_is_dropped() -> None:
    pinger = Pinger().settled()
    pinger.intervals(6, (S1, 2, True))
    assert pinger.view == View(3, S1, None)


def test_a_dead_backup_is_replaced_by_an_idle_server() -> None:
    pinger = Pinger().settled()
    pinger.intervals(6, (S1, 2, True), (S3, 0, False))
    assert pinger.view == View(3, S1, S3)


def test_a_backup_without_the_state_is_not_promoted() -> None:
    pinger = Pinger().settled()
    pinger.intervals(6, (S1, 2, True), (S3, 0, False))
    pinger.intervals(1, (S1, 3, False), (S3, 3, False))
    pinger.intervals(20, (S3, 3, False), (S2, 2, True))
    assert pinger.view == View(3, S1, S3)


def test_a_dead_idle_server_is_not_made_backup() -> None:
    pinger = Pinger().settled()
    pinger.ping(S3, 0)
    pinger.intervals(6, (S1, 2, True))
    assert pinger.view == View(3, S1, None)


def test_nothing_changes_as_long_as_nothing_happens() -> None:
    pinger = Pinger().settled()
    pinger.intervals(100, (S1, 2, True), (S2, 2, True), (S3, 0, False))
    assert pinger.view == View(2, S1, S2)


def test_a_restarted_primary_counts_as_dead_at_once() -> None:
    pinger = Pinger().settled()
    assert pinger.ping(Incarnation("s1", 1), 0).primary == S2


def test_a_restarted_sole_primary_is_not_taken_for_its_former_self() -> None:
    pinger = Pinger()
    pinger.ping(S1, 0)
    pinger.ping(S1, 1)
    again = Incarnation("s1", 1)
    pinger.intervals(10, (again, 0, False), (S2, 0, False))
    assert pinger.view == View(1, S1, None) or (pinger.view.number == 2 and pinger.view.primary == S1)


def test_a_ping_of_an_earlier_life_is_ignored() -> None:
    pinger = Pinger().settled()
    again = Incarnation("s2", 1)
    pinger.ping(again, 0)
    view = pinger.view
    pinger.service.on_Ping(pinger.ctx, "s2", Ping(S2, view.number, True, pinger.ctx.now))
    assert pinger.ctx.take() == []
    assert pinger.service.servers["s2"] == again


def test_the_backups_report_acknowledges_for_a_primary_that_died_after_the_transfer() -> None:
    pinger = Pinger()
    pinger.ping(S1, 0)
    pinger.ping(S1, 1)
    pinger.ping(S2, 0)
    pinger.intervals(6, (S2, 2, True))
    assert pinger.view == View(3, S2, None)


def test_a_backup_that_dies_before_the_transfer_is_dropped_once_the_primary_acknowledges() -> None:
    pinger = Pinger()
    pinger.ping(S1, 0)
    pinger.ping(S1, 1)
    pinger.ping(S2, 0)
    pinger.intervals(6, (S1, 2, False))
    assert pinger.view == View(3, S1, None)


def test_if_everybody_is_silent_everybody_keeps_his_place() -> None:
    pinger = Pinger().settled()
    pinger.ctx.now += 10_000 * MS
    pinger.intervals(4, (S1, 2, True), (S2, 2, True))
    assert pinger.view == View(2, S1, S2)


def test_a_delayed_ping_proves_life_only_at_the_time_it_had_read() -> None:
    pinger = Pinger().settled()
    delayed = Ping(S1, 2, True, pinger.read[S1])
    for _ in range(6):
        pinger.service.on_Ping(pinger.ctx, "s1", delayed)
        pinger.ctx.take()
        pinger.intervals(1, (S2, 2, True))
    assert pinger.view.primary == S2
